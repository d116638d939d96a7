/** The model manager against a real server, a real disk and real processes that are killed. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ModelManager } from "../../src/engine/models/manager.ts";
import { KIB, MIB } from "../../src/shared/durations.ts";
import { catalogueEntry, type Files, modelHome, someBytes } from "../support/model-home.ts";
import { type ModelServer, serveModels } from "../support/model-server.ts";
import { tempFolder } from "../support/temp-folder.ts";

const FILES: Files = { "graph.onnx": someBytes(200 * KIB), "nested/tokenizer.json": someBytes(5000) };
const https = (server: ModelServer) => ({ kind: "https", base: server.url });

/** One model "m" (or with `ids` several) that a server has, and a folder for it. */
async function aModel(files: Files = FILES, id = "m") {
  const server = await serveModels(files);
  return { server, ...modelHome([catalogueEntry(id, files, [https(server)])]) };
}

function expectInPlace(home: string, id: string, files: Files): void {
  for (const [path, bytes] of Object.entries(files)) {
    expect(readFileSync(join(home, id, path)).equals(bytes), path).toBe(true);
  }
}

async function finished(manager: ModelManager, id: string): Promise<void> {
  const error = await manager.ended(id);
  if (error) throw error;
}

const partials = (home: string) =>
  existsSync(join(home, ".downloads"))
    ? readdirSync(join(home, ".downloads"), { recursive: true, encoding: "utf8" })
    : [];

describe("a model that is missing", () => {
  it("is fetched, checked and put into place; its size is told before", async () => {
    const { server, home, open } = await aModel();
    const { manager, store } = await open();
    expect(manager.views()).toMatchObject([
      { id: "m", state: "missing", bytes: 0, bytesTotal: 205 * KIB - 120, error: { code: "MODEL_MISSING" } },
    ]);
    expect(store.offeredNames()).toEqual([]);
    const changes: string[] = [];
    manager.onChange((change) => changes.push(change));
    const started = await manager.download("m-alias");
    expect(started).toMatchObject({ bytesToFetch: 200 * KIB + 5000, model: { state: "downloading" } });
    expect(started.freeBytes).toBeGreaterThan(started.bytesToFetch);
    await finished(manager, "m");
    expectInPlace(home, "m", FILES);
    expect(manager.view("m")).toMatchObject({ state: "present", bytes: 200 * KIB + 5000, error: null });
    expect(store.offeredNames()).toEqual(["m", "m-alias"]);
    expect(changes.at(-1)).toBe("models");
    expect(partials(home)).toEqual([]);
    expect(server.log).toHaveLength(2);
  });

  it("with a slash in its id lives in a folder within its folder", async () => {
    const { home, open } = await aModel(FILES, "clip-ViT-B/32");
    const { manager } = await open();
    await manager.download("clip-ViT-B/32");
    await finished(manager, "clip-ViT-B/32");
    expectInPlace(home, "clip-ViT-B/32", FILES);
    await manager.remove("clip-ViT-B/32");
    expect(readdirSync(home).filter((name) => !name.startsWith("."))).toEqual([]);
  });

  it("is offered by its second source when the first one has it no longer", async () => {
    const gone = await serveModels({});
    const good = await serveModels(FILES);
    const { home, open } = modelHome([catalogueEntry("m", FILES, [https(gone), https(good)])]);
    const { manager } = await open();
    await manager.download("m");
    await finished(manager, "m");
    expectInPlace(home, "m", FILES);
    expect(gone.log.every(({ status }) => status === 404)).toBe(true);
  });

  it("whose sources all lie is not put into place, and the error names them", async () => {
    const { server, home, open } = await aModel();
    server.always = { kind: "flip", at: 10 };
    const { manager } = await open();
    await manager.download("m");
    const error = await manager.ended("m");
    expect(error).toMatchObject({ code: "MODEL_SOURCE_WRONG" });
    expect(error?.message).toContain(new URL(server.url).host);
    expect(manager.view("m")).toMatchObject({ state: "failed", error: { code: "MODEL_SOURCE_WRONG" } });
    expect(existsSync(join(home, "m"))).toBe(false);
    server.always = null;
    await manager.resume("m");
    await finished(manager, "m");
    expectInPlace(home, "m", FILES);
  });

  it("shows its speed and how long it will take yet", async () => {
    const files = { "graph.onnx": someBytes(2 * MIB) };
    const { server, open } = await aModel(files);
    server.pace = { bytes: 16 * KIB, ms: 10 };
    const { manager } = await open();
    await manager.download("m");
    await expect.poll(() => manager.view("m").bytesPerSecond ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);
    const { bytes, bytesTotal, etaMs } = manager.view("m");
    expect(bytes).toBeLessThan(bytesTotal);
    expect(etaMs).toBeGreaterThan(0);
    await manager.cancel("m");
  });

  it("is tried again by itself after the network failed", async () => {
    const { server, home, open } = await aModel();
    server.always = { kind: "status", status: 503 };
    const { manager } = await open({ retryFailedMs: 50 });
    await manager.download("m");
    await manager.ended("m");
    server.always = null;
    await expect.poll(() => manager.view("m").state, { timeout: 10_000 }).toBe("present");
    expectInPlace(home, "m", FILES);
  });
});

describe("two downloads", () => {
  it("run side by side under one rate", async () => {
    const a = { "a.bin": someBytes(256 * KIB) };
    const b = { "b.bin": someBytes(256 * KIB) };
    const server = await serveModels({ ...a, ...b });
    const { home, open } = modelHome([
      catalogueEntry("a", a, [https(server)]),
      catalogueEntry("b", b, [https(server)]),
    ]);
    const { manager } = await open({ bytesPerSecond: MIB });
    const startedAt = Date.now();
    await Promise.all([manager.download("a"), manager.download("b")]);
    expect(manager.views().map(({ state }) => state)).toEqual(["downloading", "downloading"]);
    await Promise.all([finished(manager, "a"), finished(manager, "b")]);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(350);
    expectInPlace(home, "a", a);
    expectInPlace(home, "b", b);
  });

  it("of one model are one, and of another process are refused", async () => {
    const { server, open } = await aModel();
    server.pace = { bytes: 16 * KIB, ms: 20 };
    const { manager } = await open();
    const { manager: other } = await open();
    await Promise.all([manager.download("m"), manager.download("m")]);
    await expect(other.download("m")).rejects.toMatchObject({ code: "MODEL_BUSY" });
    await expect(other.remove("m")).rejects.toMatchObject({ code: "MODEL_BUSY" });
    await finished(manager, "m");
    expect(server.log).toHaveLength(2);
    await other.download("m");
    await finished(other, "m");
  });
});

describe("pausing", () => {
  const files = { "graph.onnx": someBytes(MIB) };

  it("keeps what is here, also over a restart, and going on fetches only the rest", async () => {
    const { server, home, open } = await aModel(files);
    server.pace = { bytes: 32 * KIB, ms: 5 };
    const { manager } = await open();
    await manager.download("m");
    // On the disk, which may lag behind what was received; what is not there is fetched again.
    const onDisk = async () => (await manager.disk()).partialBytes;
    await expect.poll(onDisk, { timeout: 10_000 }).toBeGreaterThan(300 * KIB);
    const paused = await manager.pause("m");
    expect(paused).toMatchObject({ state: "paused", bytesPerSecond: null });
    await manager.close();

    const { manager: next } = await open();
    await next.resumeInterrupted();
    expect(next.view("m")).toMatchObject({ state: "paused" });
    expect(next.view("m").bytes).toBeGreaterThanOrEqual(256 * KIB);
    server.pace = null;
    await next.resume("m");
    await finished(next, "m");
    expectInPlace(home, "m", files);
    const start = server.log[1]?.range?.start ?? 0;
    expect(start % (64 * KIB)).toBe(0);
    expect(start).toBeGreaterThanOrEqual(256 * KIB);
    expect(start).toBeLessThanOrEqual(paused.bytes);
    expect(server.log[1]?.sent).toBe(MIB - start);
  });

  it("is not what closing does: that goes on by itself at the next start", async () => {
    const { server, home, open } = await aModel(files);
    server.pace = { bytes: 32 * KIB, ms: 5 };
    const { manager } = await open();
    await manager.download("m");
    await expect.poll(() => manager.view("m").bytes, { timeout: 10_000 }).toBeGreaterThan(200 * KIB);
    await manager.close();
    server.pace = null;
    const { manager: next } = await open();
    await next.resumeInterrupted();
    await finished(next, "m");
    expectInPlace(home, "m", files);
    expect(server.log[1]?.range?.start).toBeGreaterThanOrEqual(128 * KIB);
  });
});

describe("cancelling", () => {
  it("leaves nothing of the download, and everything that was good before", async () => {
    const { server, home, open } = await aModel();
    mkdirSync(join(home, "m", "nested"), { recursive: true });
    writeFileSync(join(home, "m", "nested", "tokenizer.json"), FILES["nested/tokenizer.json"] ?? "");
    server.pace = { bytes: 16 * KIB, ms: 20 };
    const { manager } = await open();
    const { bytesToFetch } = await manager.download("m");
    expect(bytesToFetch).toBe(200 * KIB);
    await expect.poll(() => manager.view("m").bytes, { timeout: 10_000 }).toBeGreaterThan(50 * KIB);
    expect(await manager.cancel("m")).toMatchObject({ state: "missing" });
    expect(partials(home)).toEqual([]);
    expect(readdirSync(join(home, "m"), { recursive: true, encoding: "utf8" }).sort()).toEqual([
      "nested",
      join("nested", "tokenizer.json"),
    ]);
    await expect(manager.cancel("m")).rejects.toMatchObject({ code: "MODEL_NOT_DOWNLOADING" });
  });
});

describe("a process that is killed while it downloads", () => {
  it("costs at most the chunk under way", async () => {
    const chunk = 256 * KIB;
    const files = { "graph.onnx": someBytes(4 * MIB) };
    const { server, resources, home, open } = await aModel(files);
    // The server holds the line in the middle of the sixth chunk, so that it is known what was given.
    server.faults.push({ kind: "stall", after: Math.floor(5.4 * chunk) });
    const script = fileURLToPath(new URL("../fixtures/models/downloading.ts", import.meta.url));
    const child = spawn(process.execPath, [script, resources, home, "m", String(chunk)], {
      stdio: "inherit",
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const finishedChunks = () =>
      partials(home)
        .filter((name) => name.endsWith(".journal"))
        .flatMap((name) => readFileSync(join(home, ".downloads", name), "utf8").match(/"chunk"/g) ?? [])
        .length;
    await expect.poll(finishedChunks, { timeout: 30_000 }).toBe(5);
    child.kill("SIGKILL");
    await exited;
    const given = server.log[0]?.sent ?? 0;
    expect(given).toBe(Math.floor(5.4 * chunk));
    expect(existsSync(join(home, "m"))).toBe(false);

    const { manager } = await open({ tuning: { chunkBytes: chunk } });
    await manager.resumeInterrupted();
    await finished(manager, "m");
    expectInPlace(home, "m", files);
    expect(server.log).toHaveLength(2);
    const goneOnAt = server.log[1]?.range?.start ?? 0;
    const fetchedTwice = given - goneOnAt;
    expect(fetchedTwice).toBeGreaterThanOrEqual(0);
    expect(fetchedTwice).toBeLessThanOrEqual(chunk);
    expect(server.log[1]?.sent).toBe(4 * MIB - goneOnAt);
  });
});

describe("space", () => {
  const five = Object.fromEntries(
    ["a", "b", "c"].map((id) => [id, { [`${id}.bin`]: someBytes(100 * KIB) }]),
  ) as Record<"a" | "b" | "c", Files>;
  async function threeModels() {
    const server = await serveModels(Object.assign({}, ...Object.values(five)));
    return modelHome(Object.entries(five).map(([id, files]) => catalogueEntry(id, files, [https(server)])));
  }
  const fetchAll = async (manager: ModelManager, ids: readonly string[]) => {
    for (const id of ids) {
      await manager.download(id);
      await finished(manager, id);
    }
  };
  const here = (manager: ModelManager) =>
    manager
      .views()
      .filter(({ state }) => state === "present")
      .map(({ id }) => id);

  it("under the cap is made by removing what was unused for the longest time", async () => {
    const { open } = await threeModels();
    const { manager } = await open({ maxBytes: 250 * KIB });
    await fetchAll(manager, ["a", "b"]);
    manager.noteUsed("a");
    await fetchAll(manager, ["c"]);
    expect(here(manager)).toEqual(["a", "c"]);
  });

  it("is not made at the cost of what is pinned or in use", async () => {
    const { open } = await threeModels();
    const { manager } = await open({ maxBytes: 250 * KIB, inUse: (id) => id === "b" });
    await fetchAll(manager, ["a", "b"]);
    manager.setPinned("a", true);
    await expect(manager.download("c")).rejects.toMatchObject({ code: "MODEL_CAP_REACHED" });
    expect(here(manager)).toEqual(["a", "b"]);
    expect(manager.view("c")).toMatchObject({ state: "failed", error: { code: "MODEL_CAP_REACHED" } });
    await expect(manager.remove("b")).rejects.toMatchObject({ code: "MODEL_IN_USE" });
  });

  it("is made on demand", async () => {
    const { open } = await threeModels();
    const { manager } = await open();
    await fetchAll(manager, ["a", "b", "c"]);
    await expect(manager.prune()).rejects.toMatchObject({ code: "MODEL_NO_CAP" });
    manager.noteUsed("b");
    expect(await manager.prune(150 * KIB)).toEqual({
      removed: [
        { id: "a", bytes: 100 * KIB },
        { id: "c", bytes: 100 * KIB },
      ],
      bytesLeft: 100 * KIB,
    });
    expect(here(manager)).toEqual(["b"]);
  });

  it("that the disk does not have is said before anything is fetched", async ({ skip }) => {
    const mount = tinyDisk("1m");
    if (mount === null) return skip("a tiny disk can't be mounted here");
    const server = await serveModels(FILES);
    const { open } = modelHome([catalogueEntry("m", FILES, [https(server)])], join(mount, "home"));
    const { manager } = await open();
    await expect(manager.download("m")).rejects.toMatchObject({ code: "MODEL_DISK_FULL", actor: "user" });
    expect(server.log).toEqual([]);
  });

  it("that runs out on the way ends the download in words, and what is here serves the next try", async ({
    skip,
  }) => {
    const mount = tinyDisk("280m");
    if (mount === null) return skip("a tiny disk can't be mounted here");
    const files = { "big.bin": someBytes(8 * MIB) };
    const server = await serveModels(files);
    server.pace = { bytes: 256 * KIB, ms: 5 };
    const { home, open } = modelHome([catalogueEntry("m", files, [https(server)])], join(mount, "home"));
    const { manager } = await open();
    await manager.download("m");
    await expect.poll(() => manager.view("m").bytes, { timeout: 10_000 }).toBeGreaterThan(2 * MIB);
    // Somebody else takes the rest of the disk meanwhile.
    const greedy = join(mount, "greedy");
    spawnSync("dd", ["if=/dev/zero", `of=${greedy}`, "bs=1M"]);
    expect(await manager.ended("m")).toMatchObject({ code: "MODEL_DISK_FULL" });
    spawnSync("rm", [greedy]);
    server.pace = null;
    await manager.resume("m");
    await finished(manager, "m");
    expectInPlace(home, "m", files);
    expect(server.log[1]?.range?.start).toBeGreaterThanOrEqual(MIB);
  });
});

describe("a model that is damaged", () => {
  it("is found by a full check, and mended by fetching only the bad file", async () => {
    const { server, home, open } = await aModel();
    const { manager, store } = await open();
    await manager.download("m");
    await finished(manager, "m");
    const graph = join(home, "m", "graph.onnx");
    const bytes = readFileSync(graph);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(graph, bytes);
    expect(await manager.verify("m")).toMatchObject({ state: "corrupt", error: { code: "MODEL_CORRUPT" } });
    expect(store.offeredNames()).toEqual([]);
    server.log.length = 0;
    const { bytesToFetch } = await manager.download("m");
    expect(bytesToFetch).toBe(200 * KIB);
    await finished(manager, "m");
    expectInPlace(home, "m", FILES);
    expect(server.log.map(({ path }) => path)).toEqual(["graph.onnx"]);
    expect(store.offeredNames()).toEqual(["m", "m-alias"]);
  });

  it("in a folder that is only read is fetched into our own, and that one counts then", async () => {
    const { home, open } = await aModel();
    const other = tempFolder();
    for (const [path, bytes] of Object.entries(FILES)) {
      mkdirSync(dirname(join(other, "m", path)), { recursive: true });
      writeFileSync(join(other, "m", path), path === "graph.onnx" ? Buffer.alloc(bytes.length) : bytes);
    }
    const { manager, store } = await open({ others: [other] });
    await manager.download("m");
    await finished(manager, "m");
    expect(store.resolveHere("m").spec.folder).toBe(join(home, "m"));
  });

  it("and lies in a folder of somebody else's is not removed", async () => {
    const { open } = await aModel();
    const other = tempFolder();
    for (const [path, bytes] of Object.entries(FILES)) {
      mkdirSync(dirname(join(other, "m", path)), { recursive: true });
      writeFileSync(join(other, "m", path), bytes);
    }
    const { manager } = await open({ others: [other] });
    await expect(manager.remove("m")).rejects.toMatchObject({ code: "MODEL_NOT_OURS" });
    expect(existsSync(join(other, "m", "graph.onnx"))).toBe(true);
  });

  it("and was put there or taken away by hand a moment ago is seen as it is when it is fetched or removed", async () => {
    const { open } = await aModel();
    const other = tempFolder();
    const { manager, store } = await open({ others: [other], believedMs: 3_600_000 });
    expect(store.offeredNames()).toEqual([]);
    for (const [path, bytes] of Object.entries(FILES)) {
      mkdirSync(dirname(join(other, "m", path)), { recursive: true });
      writeFileSync(join(other, "m", path), bytes);
    }
    await expect(manager.remove("m"), "as missing it would seem removed").rejects.toMatchObject({
      code: "MODEL_NOT_OURS",
    });
    rmSync(join(other, "m"), { recursive: true });
    expect(store.offeredNames()).toContain("m");
    await manager.download("m");
    await finished(manager, "m");
    expect(store.resolveHere("m").spec.folder).not.toContain(other);
  });

  it("removal takes only the model's own files", async () => {
    const { home, open } = await aModel();
    const { manager, store } = await open();
    await manager.download("m");
    await finished(manager, "m");
    writeFileSync(join(home, "m", "my-notes.txt"), "mine");
    expect(await manager.remove("m")).toMatchObject({ state: "missing" });
    expect(readdirSync(join(home, "m"))).toEqual(["my-notes.txt"]);
    expect(store.offeredNames()).toEqual([]);
  });
});

describe("the allow-list", () => {
  it("of the environment decides what is fetched, offered and run; by id or alias", async () => {
    const server = await serveModels(FILES);
    const home = modelHome([
      catalogueEntry("a", FILES, [https(server)]),
      catalogueEntry("b", FILES, [https(server)]),
    ]);
    const { manager, store, notices } = await home.open({ allowList: ["a-alias", "what"] });
    expect(notices).toMatchObject([
      { code: "MODEL_ALLOWLIST_UNKNOWN", message: expect.stringContaining("what") },
    ]);
    expect(manager.views()).toMatchObject([{ allowed: true }, { allowed: false }]);
    await expect(manager.download("b")).rejects.toMatchObject({ code: "MODEL_NOT_ALLOWED" });
    await manager.download("a");
    await finished(manager, "a");
    expect(store.offeredNames()).toEqual(["a", "a-alias"]);
    await expect(manager.setAllowed("b", true)).rejects.toMatchObject({ code: "MODEL_NOT_ALLOWED" });
  });

  it("of the person holds a model back at once, and is remembered", async () => {
    const { open } = await aModel();
    const { manager, store } = await open();
    await manager.download("m");
    await finished(manager, "m");
    await manager.setAllowed("m", false);
    expect(store.offeredNames()).toEqual([]);
    expect(() => store.resolve("m")).toThrow(expect.objectContaining({ code: "MODEL_NOT_ALLOWED" }));
    const { manager: next, store: nextStore } = await open();
    expect(next.view("m")).toMatchObject({ state: "present", allowed: false });
    await next.setAllowed("m", true);
    expect(nextStore.offeredNames()).toEqual(["m", "m-alias"]);
  });
});

/** A file system of that size; null where it can't be had. */
function tinyDisk(size: string): string | null {
  const folder = tempFolder();
  if (process.getuid?.() !== 0) return null;
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  if (mounted.status !== 0) return null;
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return folder;
}
