import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  bytesToFetch,
  type InstallOptions,
  installLlama,
  type LlamaEvent,
  llamaHome,
  lockLlama,
  lookAtLlama,
  removeLlama,
  verifyLlama,
} from "../../../../src/engine/llama/install.ts";
import { readLlamaManifest } from "../../../../src/engine/llama/manifest.ts";
import { DEFAULT_TUNING } from "../../../../src/engine/models/download/file-download.ts";
import { findLlama } from "../../../../src/shared/runtime/llama-folder.ts";
import { type SmallLlama, serveLlama } from "../../../fixtures/runtime/llama-packages.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const IMPATIENT = {
  ...DEFAULT_TUNING,
  chunkBytes: 64 * 1024,
  backoff: { base: 1, cap: 2 },
  fruitlessTries: 2,
};
const noNpm = async () => ({ code: null, stdout: "", stderr: "npm: not found" });

async function rig(small?: SmallLlama, folder = join(tempFolder(), "llama")) {
  const { manifest, server, archives } = small ?? (await serveLlama());
  const events: LlamaEvent[] = [];
  const options = (change: Partial<InstallOptions> = {}): InstallOptions => ({
    manifest,
    folder,
    builds: ["vulkan", "cpu"],
    registry: server.url,
    signal: new AbortController().signal,
    npm: noNpm,
    tuning: IMPATIENT,
    onEvent: (event) => events.push(event),
    ...change,
  });
  return { manifest, server, archives, folder, home: llamaHome(folder), events, options };
}

describe("installing llama.cpp", () => {
  test("brings the packages where Node finds them, without llama.cpp's sources, and tells how far it is", async () => {
    const { manifest, folder, home, events, options } = await rig();
    const total = bytesToFetch({ manifest, folder }, ["vulkan", "cpu"]);
    expect(findLlama(home, {})).toMatchObject({
      code: "LLAMA_MISSING",
      help: "Run `bellows llama install`.",
    });
    await installLlama(options());
    expect(findLlama(home, {})).toBe(home);
    expect(existsSync(join(home, "node_modules/node-llama-cpp/dist/index.js"))).toBe(true);
    expect(existsSync(join(home, "node_modules/node-llama-cpp/llama/gitRelease.bundle"))).toBe(false);
    const nested = join(home, "node_modules/node-llama-cpp/node_modules/chalk/package.json");
    expect(JSON.parse(readFileSync(nested, "utf8"))).toMatchObject({ name: "@other/chalk" });
    expect(readdirSync(folder), "nothing of the download is left").toEqual(["installed"]);
    expect(await lookAtLlama({ manifest, folder })).toMatchObject({
      version: "1.0.0",
      builds: ["vulkan", "cpu"],
      bytesKept: 0,
    });
    expect(events.at(-1)).toEqual({ kind: "unpacking" });
    expect(events.at(-2)).toEqual({ kind: "downloading", done: total, total });
    expect(await verifyLlama({ folder })).toMatchObject({ wrong: [] });
  });

  test("another build is added to those that are here, and only that is fetched", async () => {
    const { server, manifest, folder, options } = await rig();
    await installLlama(options({ builds: ["cpu"] }));
    server.log.length = 0;
    await installLlama(options({ builds: ["cuda"] }));
    expect(server.log.map(({ path }) => path)).toEqual(["@node-llama-cpp/here-cuda/-/here-cuda-1.0.0.tgz"]);
    expect((await lookAtLlama({ manifest, folder })).builds).toEqual(["cuda", "cpu"]);
    server.log.length = 0;
    await installLlama(options({ builds: ["cpu"] }));
    expect(server.log, "everything is here").toEqual([]);
  });

  test("a damaged or missing file is found, and put right by an install that fetches its package only", async () => {
    const { home, server, folder, options } = await rig();
    await installLlama(options());
    const library = "node_modules/@node-llama-cpp/here-vulkan/bins/here-vulkan/lib.so";
    const bytes = readFileSync(join(home, library));
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    writeFileSync(join(home, library), bytes);
    rmSync(join(home, "node_modules/chalk/package.json"));
    expect((await verifyLlama({ folder }))?.wrong).toEqual([
      { path: "node_modules/chalk/package.json", state: "missing" },
      { path: library, state: "wrong" },
    ]);
    server.log.length = 0;
    await installLlama(options());
    expect(new Set(server.log.map(({ path }) => path))).toEqual(
      new Set(["chalk/-/chalk-1.0.0.tgz", "@node-llama-cpp/here-vulkan/-/here-vulkan-1.0.0.tgz"]),
    );
    expect((await verifyLlama({ folder }))?.wrong).toEqual([]);
  });

  test("a stop leaves nothing half installed, and the next try goes on from there", async () => {
    const { server, manifest, folder, home, options } = await rig();
    const stop = new AbortController();
    server.pace = { bytes: 32 * 1024, ms: 20 };
    const onEvent = (event: LlamaEvent) => {
      if (event.kind === "downloading" && event.done > 250_000) stop.abort();
    };
    await expect(installLlama(options({ signal: stop.signal, onEvent }))).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(existsSync(home)).toBe(false);
    const kept = (await lookAtLlama({ manifest, folder })).bytesKept;
    expect(kept).toBeGreaterThan(100_000);
    server.pace = null;
    server.log.length = 0;
    await installLlama(options());
    const fetched = server.log.reduce((sum, { sent }) => sum + sent, 0);
    expect(fetched).toBeLessThan(
      bytesToFetch({ manifest, folder: tempFolder() }, ["vulkan", "cpu"]) - 60_000,
    );
    expect((await verifyLlama({ folder }))?.wrong).toEqual([]);
  });

  test("other bytes than the pinned ones are never unpacked; what was there before stays", async () => {
    const before = await rig();
    await installLlama(before.options());
    const { server, archives, home, options } = await rig(await serveLlama("2.0.0"), before.folder);
    const name = archives.get("chalk") ?? "";
    server.files.set(name, Buffer.alloc(server.files.get(name)?.length ?? 0));
    await expect(installLlama(options())).rejects.toMatchObject({ code: "LLAMA_FAILED" });
    const { version } = JSON.parse(
      readFileSync(join(home, "node_modules/node-llama-cpp/package.json"), "utf8"),
    );
    expect(version).toBe("1.0.0");
  });

  test("a registry that answers npm only is asked through npm, and its package checked as well", async () => {
    const { server, archives, folder, options } = await rig();
    const served = new Map(server.files);
    server.files.delete(archives.get("chalk") ?? "");
    const npm =
      (swapped: boolean): InstallOptions["npm"] =>
      async (args) => {
        expect(args.slice(0, 2)).toEqual(["pack", "chalk@1.0.0"]);
        const target = args[args.indexOf("--pack-destination") + 1] ?? "";
        const archive =
          served.get(archives.get(swapped ? "node-llama-cpp" : "chalk") ?? "") ?? Buffer.alloc(0);
        writeFileSync(join(target, "chalk-1.0.0.tgz"), archive);
        return { code: 0, stdout: "", stderr: "" };
      };
    await expect(installLlama(options({ npm: npm(true) }))).rejects.toMatchObject({
      code: "LLAMA_SOURCE_WRONG",
    });
    await installLlama(options({ npm: npm(false) }));
    expect((await verifyLlama({ folder }))?.wrong).toEqual([]);
  });

  test("a newer list replaces an older installation whole", async () => {
    const before = await rig();
    await installLlama(before.options());
    const after = await rig(await serveLlama("2.0.0"), before.folder);
    await installLlama(after.options());
    expect(await lookAtLlama(after)).toMatchObject({ version: "2.0.0", builds: ["vulkan", "cpu"] });
    expect((await verifyLlama(after))?.wrong).toEqual([]);
  });

  test("is removed with all that was kept; one process at a time works on it", async () => {
    const { manifest, folder, options } = await rig();
    await installLlama(options());
    const lock = await lockLlama(folder);
    await expect(lockLlama(folder)).rejects.toMatchObject({ code: "LLAMA_BUSY" });
    await lock.release();
    expect(await removeLlama(folder)).toBeGreaterThan(400_000);
    expect(await lookAtLlama({ manifest, folder })).toMatchObject({ version: null, builds: [] });
    expect(await verifyLlama({ folder })).toBeNull();
    expect(await removeLlama(folder)).toBe(0);
  });
});

describe("the app's list", () => {
  const RESOURCES = new URL("../../../../resources", import.meta.url).pathname;

  test.each([
    ["linux", "x64", ["cuda", "vulkan", "cpu"]],
    ["win32", "x64", ["cuda", "vulkan", "cpu"]],
    ["linux", "arm64", ["cpu"]],
    ["darwin", "arm64", ["cpu"]],
  ])("%s on %s has the builds %j, of one version", async (platform, arch, ids) => {
    const { llama, builds, packages } = await readLlamaManifest(RESOURCES, { platform, arch });
    expect(builds.map(({ id }) => id)).toEqual(ids);
    expect(new Set(builds.map((build) => build.package.version))).toEqual(new Set([llama]));
    expect(new Set(packages.map(({ path }) => path)).size).toBe(packages.length);
  });

  test("what lies within another package comes after it", async () => {
    const { packages } = await readLlamaManifest(RESOURCES, { platform: "linux", arch: "x64" });
    const paths = packages.map(({ path }) => path);
    for (const [at, path] of paths.entries()) {
      const parent = path.slice(0, path.lastIndexOf("/node_modules/"));
      if (path.includes("/node_modules/")) expect(paths.indexOf(parent), path).toBeLessThan(at);
    }
  });

  test("a system without a build is told so", async () => {
    await expect(readLlamaManifest(RESOURCES, { platform: "sunos", arch: "x64" })).rejects.toMatchObject({
      code: "LLAMA_NOT_FOR_SYSTEM",
    });
  });
});
