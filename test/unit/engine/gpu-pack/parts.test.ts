import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CudaSearch, findCudaLibraries } from "../../../../src/engine/gpu-pack/cuda-libraries.ts";
import { installedLibraryFolders, libraryHome } from "../../../../src/engine/gpu-pack/libraries.ts";
import { type GpuPack, readGpuPack } from "../../../../src/engine/gpu-pack/manifest.ts";
import {
  discardKept,
  installParts,
  lockPack,
  lookAtParts,
  type PartsOptions,
  PROVIDER,
  partsIn,
  removeParts,
  verifyParts,
} from "../../../../src/engine/gpu-pack/parts.ts";
import { DEFAULT_TUNING } from "../../../../src/engine/models/download/file-download.ts";
import { servePack, smallLibrary, smallPack, XZ } from "../../../fixtures/gpu/pack.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const TUNING = { ...DEFAULT_TUNING, chunkBytes: 32 * 1024, backoff: { base: 1, cap: 5 }, fruitlessTries: 2 };
const NOTHING: CudaSearch = { found: new Map(), missing: [], folders: [] };
const never = () => new AbortController().signal;

const install = (options: Partial<PartsOptions> & Pick<PartsOptions, "pack" | "folder" | "parts">) =>
  installParts({ onEvent: () => undefined, signal: never(), tuning: TUNING, ...options });

/** A pack whose parts come from servers on this machine. */
async function servedPack() {
  const { pack, archive } = smallPack();
  const cublas = smallLibrary("cublas");
  const cudnn = smallLibrary("cudnn");
  const servers = await Promise.all([archive, cublas.archive, cudnn.archive].map((body) => servePack(body)));
  const [provider, ...libraries] = servers.map(({ url }) => ({ kind: "url" as const, url }));
  if (provider === undefined) throw new Error("no server");
  const served: GpuPack = {
    ...pack,
    sources: [provider],
    libraries: [cublas.library, cudnn.library].map((library, i) => ({
      ...library,
      sources: libraries.slice(i, i + 1),
    })),
  };
  return { pack: served, folder: join(tempFolder(), "gpu-pack"), archive, cublas, cudnn, servers };
}

describe.skipIf(XZ === null)("the parts of a GPU pack (needs xz)", () => {
  test("come one after the other, and CUDA finds NVIDIA's libraries where they lie", async () => {
    const { pack, folder, cublas } = await servedPack();
    const told: string[] = [];
    await install({
      pack,
      folder,
      parts: [PROVIDER, "cublas", "cudnn"],
      onEvent: (part, { kind }) => told.push(`${part} ${kind}`),
    });
    expect(told.filter((line) => line.endsWith("unpacking"))).toEqual([
      "provider unpacking",
      "cublas unpacking",
      "cudnn unpacking",
    ]);
    const home = libraryHome(folder, cublas.library);
    expect(readdirSync(home).sort(), "no stub, no header, no link for a linker").toEqual([
      "contents.json",
      "libcublas.so.13",
      "libcublas.so.13.1.2",
    ]);
    expect(readlinkSync(join(home, "libcublas.so.13"))).toBe("libcublas.so.13.1.2");
    expect(readFileSync(join(home, "libcublas.so.13")).equals(cublas.content)).toBe(true);
    expect(readdirSync(folder).sort(), "nothing half is left").toEqual(["libraries", pack.id]);

    const search = await findCudaLibraries({
      named: [],
      env: {},
      system: new Map(),
      toolkits: [],
      pack: installedLibraryFolders(folder),
    });
    expect(search.found.get("libcublas.so.13")).toBe(join(home, "libcublas.so.13"));
    expect(search.folders).toContain(home);
    expect(lookAtParts({ pack, folder }, search).map(({ id, state }) => [id, state])).toEqual([
      ["provider", "pack"],
      ["cublas", "pack"],
      ["cudnn", "pack"],
    ]);
  });

  test("that the machine has are shown as such; sizes and licences are told before anything is fetched", async () => {
    const { pack, folder, cublas } = await servedPack();
    const search = {
      ...NOTHING,
      found: new Map([["libcublas.so.13", "/usr/local/cuda/lib64/libcublas.so.13"]]),
    };
    expect(lookAtParts({ pack, folder }, search)).toMatchObject([
      { id: "provider", state: "missing", bytes: pack.archive.bytes, licence: "MIT", needed: "at start" },
      { id: "cublas", state: "system", file: "/usr/local/cuda/lib64/libcublas.so.13" },
      {
        id: "cudnn",
        state: "missing",
        bytes: pack.libraries[1]?.archive.bytes,
        licenceUrl: cublas.library.licenceUrl,
        needed: "later",
      },
    ]);
    expect(existsSync(folder)).toBe(false);
  });

  test("go on where they were stopped, and can be thrown away instead", async () => {
    const { pack, folder, cublas } = await servedPack();
    const { archive } = cublas;
    const half = Math.floor(archive.length / 2);
    const stop = new AbortController();
    const stuck = await servePack(archive, (_request, response) => {
      response.writeHead(200, { "content-length": archive.length, etag: '"one"' });
      response.write(archive.subarray(0, half));
      return true;
    });
    const [library] = pack.libraries;
    if (library === undefined) throw new Error("no library");
    const stopping = {
      ...pack,
      libraries: [{ ...library, sources: [{ kind: "url" as const, url: stuck.url }] }],
    };
    const first = install({
      pack: stopping,
      folder,
      parts: ["cublas"],
      signal: stop.signal,
      onEvent: (_part, event) => {
        if (event.kind === "downloading" && (event.done ?? 0) >= half - 1) stop.abort(new Error("by hand"));
      },
    });
    await expect(first).rejects.toThrow("by hand");
    const kept = lookAtParts({ pack, folder }, NOTHING)[1]?.bytesKept ?? 0;
    expect(kept).toBeGreaterThan(0);

    const good = await servePack(archive);
    const going = {
      ...pack,
      libraries: [{ ...library, sources: [{ kind: "url" as const, url: good.url }] }],
    };
    await install({ pack: going, folder, parts: ["cublas"] });
    expect(good.ranges[0]).toMatch(/^bytes=[1-9]/);

    await expect(
      install({ pack: stopping, folder: `${folder}2`, parts: ["cublas"], signal: AbortSignal.timeout(500) }),
    ).rejects.toThrow();
    await discardKept({ pack, folder: `${folder}2` });
    expect(lookAtParts({ pack, folder: `${folder}2` }, NOTHING)[1]?.bytesKept).toBe(0);
  });

  test("of other bytes than the pinned ones are refused before they are unpacked", async () => {
    const { pack, folder, cublas } = await servedPack();
    const altered = Buffer.from(cublas.archive);
    altered[3000] = (altered[3000] ?? 0) ^ 1;
    const file = join(tempFolder(), "altered.tar.xz");
    writeFileSync(file, altered);
    await expect(install({ pack, folder, parts: ["cublas"], from: file })).rejects.toMatchObject({
      code: "GPU_PACK_SOURCE_WRONG",
      message: expect.stringMatching(/is not cuBLAS as it is pinned/),
    });
    expect(lookAtParts({ pack, folder }, NOTHING)[1]?.state).toBe("missing");
  });

  test("from archives of this machine: one file is the part it is, a folder has several", async () => {
    const { pack, folder, archive, cudnn } = await servedPack();
    const brought = tempFolder();
    writeFileSync(join(brought, "from a friend.bin"), cudnn.archive);
    expect(partsIn(join(brought, "from a friend.bin"), pack)).toEqual(["cudnn"]);
    expect(partsIn("http://127.0.0.1/pack.tgz", pack)).toEqual([PROVIDER]);
    writeFileSync(join(brought, "pack.tgz"), archive);
    const parts = partsIn(brought, pack);
    expect(parts).toEqual([PROVIDER, "cudnn"]);
    await install({ pack: { ...pack, sources: [] }, folder, parts, from: brought });
    expect(lookAtParts({ pack, folder }, NOTHING).map(({ state }) => state)).toEqual([
      "pack",
      "missing",
      "pack",
    ]);
  });

  test("are verified byte by byte, put right by another install, and removed whole", async () => {
    const { pack, folder, cublas, servers } = await servedPack();
    await install({ pack, folder, parts: [PROVIDER, "cublas"] });
    const verified = await verifyParts({ pack, folder });
    expect(verified.flatMap(({ files }) => files.map(({ state }) => state))).toEqual(["ok", "ok", "ok"]);
    const file = join(libraryHome(folder, cublas.library), "libcublas.so.13.1.2");
    const bytes = readFileSync(file);
    bytes[77] = (bytes[77] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect((await verifyParts({ pack, folder }))[1]).toEqual({
      id: "cublas",
      files: [{ path: "libcublas.so.13.1.2", state: "wrong" }],
    });
    await install({ pack, folder, parts: ["cublas"] });
    expect((await verifyParts({ pack, folder }))[1]?.files[0]?.state).toBe("ok");
    const asked = servers[1]?.ranges.length;
    await install({ pack, folder, parts: ["cublas"] });
    expect(servers[1]?.ranges.length, "what is whole is not fetched again").toBe(asked);
    expect(await removeParts(folder)).toBeGreaterThan(500_000);
    expect(existsSync(folder)).toBe(false);
    expect(await verifyParts({ pack, folder })).toEqual([]);
  });

  test("without xz it is said what to install, and what was fetched is kept", async () => {
    const { pack, folder } = await servedPack();
    const path = process.env.PATH;
    process.env.PATH = tempFolder();
    try {
      await expect(install({ pack, folder, parts: ["cublas"] })).rejects.toMatchObject({
        code: "GPU_PACK_XZ_MISSING",
        help: expect.stringContaining("xz-utils"),
      });
    } finally {
      process.env.PATH = path;
    }
    expect(lookAtParts({ pack, folder }, NOTHING)[1]?.bytesKept).toBe(pack.libraries[0]?.archive.bytes);
  });
});

test("a part that does not exist is refused by name", async () => {
  const folder = join(tempFolder(), "gpu-pack");
  await expect(install({ pack: smallPack().pack, folder, parts: ["cutensor"] })).rejects.toMatchObject({
    code: "GPU_PACK_NO_SUCH_PART",
  });
});

test("one process at a time works on the folder; a note whose process is gone counts for nothing", async () => {
  const folder = join(tempFolder(), "gpu-pack");
  const lock = await lockPack(folder);
  await expect(lockPack(folder)).rejects.toMatchObject({
    code: "GPU_PACK_BUSY",
    message: expect.stringContaining(`pid ${process.pid}`),
  });
  await lock.release();
  mkdirSync(join(folder, ".."), { recursive: true });
  writeFileSync(
    `${folder}.lock`,
    JSON.stringify({ pid: process.pid, bootId: "another boot", startTicks: null }),
  );
  await (await lockPack(folder)).release();
  expect(existsSync(`${folder}.lock`)).toBe(false);
});

test("NVIDIA's libraries of the app's own list are NVIDIA's archives, and are what CUDA looks for", async () => {
  const resources = join(import.meta.dirname, "../../../../resources");
  const { libraries } = await readGpuPack(resources, { platform: "linux", arch: "x64" });
  expect(libraries.map(({ id }) => id)).toEqual(["cudart", "cublas", "curand", "cudnn"]);
  for (const { sources, licenceUrl, archive } of libraries) {
    expect(sources).toEqual([
      { kind: "url", url: expect.stringMatching(/^https:\/\/developer\.download\.nvidia\.com\//) },
    ]);
    expect(sources[0]).toMatchObject({ url: expect.stringContaining(archive.file) });
    expect(licenceUrl).toMatch(/^https:\/\/developer\.download\.nvidia\.com\/.*LICENSE\.txt$/);
  }
  expect(libraries.flatMap(({ sonames }) => sonames)).toEqual([
    "libcudart.so.13",
    "libcublas.so.13",
    "libcublasLt.so.13",
    "libcurand.so.10",
    "libcudnn.so.9",
  ]);
});
