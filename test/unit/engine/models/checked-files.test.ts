import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CheckedFiles } from "../../../../src/engine/models/checked-files.ts";
import { ModelStore } from "../../../../src/engine/models/store.ts";
import { checkModelFiles } from "../../../../src/runtime/tasks/graph.ts";
import { sha256 } from "../../../../src/shared/digest.ts";
import { MIB } from "../../../../src/shared/durations.ts";
import { fileState } from "../../../../src/shared/model-files.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const SIZE = 8 * MIB;

/** A model of one big file, as the catalogue and the disk have it, and a way to start with it again. */
function bigModel() {
  const root = tempFolder();
  const weights = randomBytes(SIZE);
  const folder = join(root, "models");
  const file = join(folder, "big", "weights.onnx");
  mkdirSync(join(folder, "big"), { recursive: true });
  writeFileSync(file, weights);
  const catalogueFile = join(root, "catalogue.json");
  const model = {
    id: "big",
    version: "1",
    task: "embed",
    aliases: [],
    licence: "MIT",
    sources: [{ kind: "npm", package: "p", version: "1.0.0", folder: "f" }],
    files: [{ path: "weights.onnx", from: "weights.onnx", bytes: SIZE, sha256: sha256(weights) }],
    embed: {
      graph: "weights.onnx",
      tokenizer: "weights.onnx",
      dimensions: 4,
      maxTokens: 16,
      pooling: "mean",
      normalise: true,
    },
    precision: "fp32",
    vramMb: 100,
    batchTable: [{ freeMb: 0, jobs: 8 }],
    tolerance: { cosine: 0.999, maxAbs: 0.005 },
  };
  writeFileSync(catalogueFile, JSON.stringify({ version: 1, models: [model] }));
  const memory = join(root, "checked.json");
  /** What an engine does at its start. Resolves with the store and the bytes that this process read meanwhile. */
  const start = async (remembered = new CheckedFiles(memory)) => {
    const store = await ModelStore.open({ catalogueFile, modelFolders: [folder], remembered });
    const before = bytesRead();
    const { ready, problems } = await store.verifyAll();
    return { store, ready, problems, read: bytesRead() - before };
  };
  return { file, weights, memory, start };
}

/** By read calls of this process, whatever the page cache had (Linux). */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

/** Other bytes, the same size, and the times as they were. */
function spoil(file: string, weights: Buffer): void {
  const { atime, mtime } = statSync(file);
  const other = Buffer.from(weights);
  other[SIZE / 2] = (other[SIZE / 2] ?? 0) ^ 1;
  writeFileSync(file, other);
  utimesSync(file, atime, mtime);
}

describe.skipIf(process.platform !== "linux")("models at a start", () => {
  test("are read once, and not at the next start", async () => {
    const { start } = bigModel();
    const first = await start();
    expect(first.problems).toEqual([]);
    expect(first.read).toBeGreaterThanOrEqual(SIZE);
    const second = await start();
    expect(second.ready.map(({ model }) => model.id)).toEqual(["big"]);
    expect(second.read).toBeLessThan(MIB / 4);
  });

  test("nor does the runtime read them before it loads them; one that was touched it does", async () => {
    const { start, file, weights } = bigModel();
    const { store } = await start();
    const { spec } = store.resolveHere("big");
    const before = bytesRead();
    await checkModelFiles(spec);
    expect(bytesRead() - before).toBeLessThan(MIB / 4);
    spoil(file, weights);
    await expect(checkModelFiles(spec)).rejects.toMatchObject({ code: "MODEL_CORRUPT" });
  });

  test("with other contents are noticed although size and time of change were put back", async () => {
    const { start, file, weights } = bigModel();
    await start();
    spoil(file, weights);
    const { ready, problems, read } = await start();
    expect(ready).toEqual([]);
    expect(problems).toMatchObject([{ code: "MODEL_CORRUPT" }]);
    expect(read).toBeGreaterThanOrEqual(SIZE);
  });

  test("with other contents that the file system knows nothing of are found by `verify`, and not trusted after", async () => {
    const { start, file, weights, memory } = bigModel();
    await start();
    // A disk that lost a bit keeps every time of the inode: here the memory is made to know this state as good.
    spoil(file, weights);
    new CheckedFiles(memory).add(file, fileState(file) ?? "", sha256(weights));
    const { store, problems, read } = await start();
    expect(problems, "a start believes what it remembers").toEqual([]);
    expect(read).toBeLessThan(MIB / 4);
    const [model] = store.catalogue.models;
    if (model === undefined) throw new Error("no model");
    expect(await store.recheck(model)).toMatchObject({ state: "corrupt", error: { code: "MODEL_CORRUPT" } });
    expect((await start()).problems).toMatchObject([{ code: "MODEL_CORRUPT" }]);
    writeFileSync(file, weights);
    expect(await store.recheck(model)).toMatchObject({ state: "present" });
    expect((await start()).read).toBeLessThan(MIB / 4);
  });
});

describe("what is remembered of files", () => {
  test("outlives the process, merges with what another one wrote, and forgets what is gone", () => {
    const folder = tempFolder();
    const [one, two, gone] = ["one", "two", "gone"].map((name) => {
      const path = join(folder, name);
      writeFileSync(path, name);
      return path;
    }) as [string, string, string];
    const memory = join(folder, "checked.json");
    const mine = new CheckedFiles(memory);
    const other = new CheckedFiles(memory);
    mine.add(one, "state", "aa");
    mine.add(gone, "state", "cc");
    rmSync(gone);
    other.add(two, "state", "bb");
    const later = new CheckedFiles(memory);
    expect(later.has(one, "state", "aa")).toBe(true);
    expect(later.has(two, "state", "bb")).toBe(true);
    expect(later.has(one, "another state", "aa")).toBe(false);
    expect(later.has(one, "state", "another hash")).toBe(false);
    expect(later.has(gone, "state", "cc")).toBe(false);
    later.remove(one);
    expect(new CheckedFiles(memory).has(one, "state", "aa")).toBe(false);
  });

  test("a file of it that can't be read or written costs nothing but the memory", () => {
    const folder = tempFolder();
    const memory = join(folder, "checked.json");
    writeFileSync(memory, "{ cut off");
    const known = new CheckedFiles(memory);
    expect(known.has("x", "state", "aa")).toBe(false);
    chmodSync(folder, 0o500);
    known.add(memory, "state", "aa");
    expect(known.has(memory, "state", "aa")).toBe(true);
    chmodSync(folder, 0o700);
  });
});
