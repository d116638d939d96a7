import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PackEvent } from "../../../../src/engine/gpu-pack/archive.ts";
import {
  type InstallOptions,
  installedBytes,
  installPack,
  isInstalled,
  packFolderOf,
  removePacks,
  verifyPack,
} from "../../../../src/engine/gpu-pack/install.ts";
import { DEFAULT_TUNING } from "../../../../src/engine/models/download/file-download.ts";
import type { RunNpm } from "../../../../src/engine/models/download/npm.ts";
import { sha256 } from "../../../../src/shared/digest.ts";
import { servePack, smallPack, tarball } from "../../../fixtures/gpu/pack.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const TUNING = { ...DEFAULT_TUNING, chunkBytes: 64 * 1024, backoff: { base: 1, cap: 5 }, fruitlessTries: 2 };
const NPM_SOURCE = { kind: "npm", package: "some-pack", version: "1.2.3" } as const;

function install(options: Partial<InstallOptions> & Pick<InstallOptions, "pack">) {
  const folder = options.folder ?? join(tempFolder(), "gpu-pack");
  const events: PackEvent[] = [];
  const done = installPack({
    folder,
    onEvent: (event) => events.push(event),
    signal: new AbortController().signal,
    tuning: TUNING,
    npm: async () => {
      throw new Error("npm was not expected");
    },
    ...options,
  });
  return { folder, events, done };
}

const progress = (events: readonly PackEvent[]) =>
  events.flatMap((event) => (event.kind === "downloading" && event.done !== null ? [event.done] : []));

describe("installing a GPU pack", () => {
  test("brings the pinned files and nothing else, tells how far it is, and leaves nothing behind", async () => {
    const { pack, archive } = smallPack();
    const server = await servePack(archive);
    const { folder, events, done } = install({ pack, from: server.url });
    const state = await done;
    expect(state).toMatchObject({ complete: true, folder: packFolderOf(folder, pack) });
    expect(readdirSync(folder)).toEqual([pack.id]);
    expect(readdirSync(state.folder).sort()).toEqual(pack.files.map(({ path }) => path).sort());
    expect(isInstalled(folder, pack)).toBe(true);
    expect(installedBytes(pack)).toBe(301_000);
    expect(progress(events).at(-1)).toBe(pack.archive.bytes);
    expect(progress(events)).toEqual([...progress(events)].sort((a, b) => a - b));
  });

  test("does not trip over what lies in the archive behind the files it wants", async () => {
    const { pack, archive } = smallPack(3_000_000);
    const wanted = {
      ...pack,
      files: pack.files.slice(1).map((file) => ({ ...file, member: "package/first" })),
    };
    const file = join(tempFolder(), "pack.tgz");
    const behind = tarball({ "package/first": archive.subarray(0, 1000), "package/rest": archive });
    writeFileSync(file, behind);
    const [first] = wanted.files;
    if (!first) throw new Error("no file");
    const pinned = {
      ...wanted,
      archive: { bytes: behind.length, sha256: sha256(behind) },
      files: [{ ...first, sha256: sha256(archive.subarray(0, 1000)) }],
    };
    expect((await install({ pack: pinned, from: file }).done).complete).toBe(true);
  });

  test("once more does nothing", async () => {
    const { pack, archive } = smallPack();
    const server = await servePack(archive);
    const { folder, done } = install({ pack, from: server.url });
    await done;
    expect(await install({ pack, folder, from: server.url }).done).toMatchObject({ complete: true });
    expect(server.ranges).toHaveLength(1);
  });

  test("stopped half-way goes on from there", async () => {
    const { pack, archive } = smallPack();
    const half = Math.floor(archive.length / 2);
    const server = await servePack(archive, (_request, response, count) => {
      if (count > 1) return false;
      response.writeHead(200, { "content-length": archive.length, etag: '"one"' });
      response.write(archive.subarray(0, half)); // And then nothing: the person presses Ctrl-C.
      return true;
    });
    const stop = new AbortController();
    const first = install({
      pack,
      from: server.url,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === "downloading" && (event.done ?? 0) >= half - 1)
          stop.abort(new Error("stopped by hand"));
      },
    });
    await expect(first.done).rejects.toThrow("stopped by hand");
    expect(isInstalled(first.folder, pack)).toBe(false);

    const second = install({ pack, folder: first.folder, from: server.url });
    expect((await second.done).complete).toBe(true);
    const resumedAt = Number(/^bytes=(\d+)-/.exec(server.ranges[1] ?? "")?.[1]);
    expect(resumedAt).toBeGreaterThanOrEqual(half - TUNING.chunkBytes);
    expect(progress(second.events)[0]).toBe(resumedAt);
  });

  test("of other bytes than the pinned ones is refused, and nothing is installed", async () => {
    const { pack, archive } = smallPack();
    const altered = Buffer.from(archive);
    altered[1000] = (altered[1000] ?? 0) ^ 1;
    const { folder, done, events } = install({ pack, from: (await servePack(altered)).url });
    await expect(done).rejects.toMatchObject({
      code: "GPU_PACK_SOURCE_WRONG",
      message: expect.stringContaining(pack.archive.sha256),
    });
    expect(events.some((event) => event.kind === "source-failed")).toBe(true);
    expect(isInstalled(folder, pack)).toBe(false);
  });

  test("from a file of this machine, whatever its name, when it is the right one", async () => {
    const { pack, archive } = smallPack();
    const file = join(tempFolder(), "from-a-friend.bin");
    writeFileSync(file, archive);
    expect((await install({ pack, from: file }).done).complete).toBe(true);
    appendFileSync(file, "x");
    await expect(install({ pack, from: file }).done).rejects.toMatchObject({ code: "GPU_PACK_SOURCE_WRONG" });
    await expect(install({ pack, from: "/nonexistent" }).done).rejects.toMatchObject({
      code: "FILE_NOT_READ",
    });
    expect(readFileSync(file)).toHaveLength(archive.length + 1);
  });

  test("tries its sources in order; the one that fails is told", async () => {
    const { pack, archive } = smallPack();
    const gone = await servePack(archive, (_request, response) => {
      response.writeHead(404).end();
      return true;
    });
    const good = await servePack(archive);
    const sources = [gone.url, good.url].map((url) => ({ kind: "url" as const, url }));
    const { done, events } = install({ pack: { ...pack, sources } });
    expect((await done).complete).toBe(true);
    expect(events.filter((event) => event.kind === "source-failed")).toMatchObject([
      { error: { code: "GPU_PACK_SOURCE_GONE" } },
    ]);
  });

  test("without any source says how to bring it by hand", async () => {
    await expect(install({ pack: smallPack().pack }).done).rejects.toMatchObject({
      code: "GPU_PACK_UNAVAILABLE",
      help: expect.stringContaining("--from FILE"),
    });
  });
});

describe("a pack that is a published package", () => {
  test("is fetched from where npm says it lies", async () => {
    const { pack, archive } = smallPack();
    const server = await servePack(archive);
    const asked: string[] = [];
    const npm: RunNpm = async (args) => {
      asked.push(args.join(" "));
      const integrity = `sha512-${Buffer.alloc(64).toString("base64")}`;
      return { code: 0, stdout: JSON.stringify({ tarball: server.url, integrity }), stderr: "" };
    };
    expect((await install({ pack: { ...pack, sources: [NPM_SOURCE] }, npm }).done).complete).toBe(true);
    expect(asked).toEqual(["view some-pack@1.2.3 dist --json"]);
  });

  test("is fetched by npm itself where its address answers npm only", async () => {
    const { pack, archive } = smallPack();
    const npm: RunNpm = async (args) => {
      if (args[0] === "view") return { code: 1, stdout: "", stderr: "npm error code E401" };
      const folder = args[args.indexOf("--pack-destination") + 1] ?? "";
      writeFileSync(join(folder, "some-pack-1.2.3.tgz"), archive);
      return { code: 0, stdout: "some-pack-1.2.3.tgz", stderr: "" };
    };
    const { done, folder, events } = install({ pack: { ...pack, sources: [NPM_SOURCE] }, npm });
    expect((await done).complete).toBe(true);
    expect(readdirSync(folder)).toEqual([pack.id]);
    expect(events).toContainEqual({ kind: "downloading", done: null, total: pack.archive.bytes });
  });

  test("can't be had without npm, and the error says what else there is", async () => {
    const npm: RunNpm = async () => ({ code: null, stdout: "", stderr: "spawn npm ENOENT" });
    const { done } = install({ pack: { ...smallPack().pack, sources: [NPM_SOURCE] }, npm });
    await expect(done).rejects.toMatchObject({
      code: "GPU_PACK_NPM_MISSING",
      actor: "user",
      help: expect.stringContaining("--from FILE"),
    });
  });
});

describe("an installed pack", () => {
  async function installed() {
    const { pack, archive } = smallPack();
    const { folder, done } = install({ pack, from: (await servePack(archive)).url });
    await done;
    return { pack, archive, folder, file: (name: string) => join(packFolderOf(folder, pack), name) };
  }

  test("is verified byte by byte: one flipped bit, one missing file are told, and another install puts them right", async () => {
    const { pack, archive, folder, file } = await installed();
    const [cuda, shared] = pack.files.map(({ path }) => path) as [string, string];
    expect((await verifyPack(folder, pack)).complete).toBe(true);

    const bytes = readFileSync(file(cuda));
    bytes[1234] = (bytes[1234] ?? 0) ^ 1;
    writeFileSync(file(cuda), bytes);
    expect(await verifyPack(folder, pack)).toMatchObject({
      complete: false,
      files: [
        { path: cuda, state: "wrong" },
        { path: shared, state: "ok" },
      ],
    });
    expect(isInstalled(folder, pack)).toBe(true); // A look at the sizes can't see it.

    writeFileSync(file(shared), "");
    expect(isInstalled(folder, pack)).toBe(false);
    const again = install({ pack, folder, from: (await servePack(archive)).url });
    expect((await again.done).complete).toBe(true);
  });

  test("can be removed, with what an interrupted install left", async () => {
    const { folder } = await installed();
    writeFileSync(join(folder, "left.part"), "12345");
    expect(await removePacks(folder)).toBe(301_005);
    expect(existsSync(folder)).toBe(false);
    expect(await removePacks(folder)).toBe(0);
  });
});
