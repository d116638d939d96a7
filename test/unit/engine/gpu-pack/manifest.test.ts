import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGpuPack } from "../../../../src/engine/gpu-pack/manifest.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const RESOURCES = join(import.meta.dirname, "../../../../resources");

test("the app's own list has the pack of Linux, for the very ONNX Runtime that the app brings", async () => {
  const pack = await readGpuPack(RESOURCES, { platform: "linux", arch: "x64" });
  const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string };
  expect(pack.onnxruntime).toBe(version);
  expect(pack.files.map(({ path }) => path)).toContain("libonnxruntime_providers_cuda.so");
  expect(pack.sources).toHaveLength(1);
});

test("Windows needs none and is told so; another system too", async () => {
  const asked = (platform: string) => readGpuPack(RESOURCES, { platform, arch: "x64" });
  await expect(asked("win32")).rejects.toMatchObject({
    code: "GPU_PACK_NOT_NEEDED",
    help: expect.stringContaining("DirectML"),
  });
  await expect(asked("darwin")).rejects.toMatchObject({ code: "GPU_PACK_NOT_NEEDED", actor: "user" });
});

test.each([
  ["that is missing", null],
  ["that is no JSON", "{"],
  ["whose file names lead elsewhere", { packs: [{ path: "../../etc/passwd" }] }],
])("a list %s is the machine's fault", async (_what, content) => {
  const folder = tempFolder();
  if (content !== null) {
    const text = typeof content === "string" ? content : JSON.stringify({ version: 1, ...content });
    writeFileSync(join(folder, "gpu-pack.json"), text);
  }
  await expect(readGpuPack(folder, { platform: "linux", arch: "x64" })).rejects.toMatchObject({
    code: "GPU_PACK_UNREADABLE",
    actor: "machine",
  });
});
