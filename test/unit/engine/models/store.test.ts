import { createHash } from "node:crypto";
import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ModelStore } from "../../../../src/engine/models/store.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const FILES = { "graph.onnx": "the graph", "nested/tokenizer.json": "the words" };

function model(id: string, change: Record<string, unknown> = {}) {
  return {
    id,
    version: "1",
    task: "embed",
    aliases: [`${id}-alias`],
    licence: "MIT",
    sources: [{ kind: "npm", package: "p", version: "1.0.0", folder: "f" }],
    files: Object.entries(FILES).map(([path, text]) => ({
      path,
      from: path,
      bytes: text.length,
      sha256: sha256(text),
    })),
    embed: {
      graph: "graph.onnx",
      tokenizer: "nested/tokenizer.json",
      dimensions: 4,
      maxTokens: 16,
      pooling: "mean",
      normalise: true,
    },
    precision: "fp32",
    vramMb: 100,
    batchTable: [{ freeMb: 0, jobs: 8 }],
    tolerance: { cosine: 0.999, maxAbs: 0.005 },
    ...change,
  };
}

function writeModel(folder: string, id: string, files: Record<string, string> = FILES): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, id, path)), { recursive: true });
    writeFileSync(join(folder, id, path), text);
  }
}

interface StoreRules {
  readonly allows?: (id: string) => boolean;
  readonly believedMs?: number;
}

async function openStore(models: unknown[], folderCount = 1, rules: StoreRules = {}) {
  const { allows = () => true, believedMs } = rules;
  const root = tempFolder();
  const catalogueFile = join(root, "catalogue.json");
  writeFileSync(catalogueFile, JSON.stringify({ version: 1, models }));
  const modelFolders = Array.from({ length: folderCount }, (_, i) => join(root, `models-${i}`));
  return {
    store: await ModelStore.open({ catalogueFile, modelFolders, allows: ({ id }) => allows(id), believedMs }),
    folder: modelFolders[0] ?? "",
    modelFolders,
  };
}

describe("finding a model", () => {
  test("by its id or a declared alias, with what the runtime needs and the manifest's hash", async () => {
    const { store, folder } = await openStore([model("minilm")]);
    writeModel(folder, "minilm");
    const { spec, manifestSha256 } = store.resolve("minilm-alias");
    expect(spec).toMatchObject({
      id: "minilm",
      version: "1",
      folder: join(folder, "minilm"),
      embed: { dimensions: 4 },
    });
    const manifest = `${sha256("the graph")}  graph.onnx\n${sha256("the words")}  nested/tokenizer.json\n`;
    expect(manifestSha256).toBe(sha256(manifest));
    expect(store.resolve("minilm")).toEqual(store.resolve("minilm-alias"));
  });

  test("a name that nobody declared is unknown: nothing is put in its place", async () => {
    const { store, folder } = await openStore([model("minilm")]);
    writeModel(folder, "minilm");
    expect(() => store.resolve("minilm-l6")).toThrow(
      expect.objectContaining({ code: "MODEL_UNKNOWN", actor: "market" }),
    );
  });

  test("the first folder that has it whole is taken", async () => {
    const { store, modelFolders } = await openStore([model("minilm")], 2);
    const [first = "", second = ""] = modelFolders;
    writeModel(first, "minilm", { "graph.onnx": "the graph" });
    writeModel(second, "minilm");
    expect(store.resolveHere("minilm").spec.folder).toBe(join(second, "minilm"));
  });
});

describe("a model that is not whole", () => {
  test("says which file is missing and what to do", async () => {
    const { store, folder } = await openStore([model("minilm")]);
    writeModel(folder, "minilm", { "graph.onnx": "the graph" });
    expect(() => store.resolve("minilm")).toThrow(
      expect.objectContaining({
        code: "MODEL_MISSING",
        message: expect.stringContaining("nested/tokenizer.json"),
        help: expect.stringContaining("npm run setup"),
      }),
    );
  });

  test("with a file of the wrong size is damaged, without reading it", async () => {
    const { store, folder } = await openStore([model("minilm")]);
    writeModel(folder, "minilm", { ...FILES, "graph.onnx": "half" });
    expect(() => store.resolve("minilm")).toThrow(
      expect.objectContaining({
        code: "MODEL_CORRUPT",
        message: expect.stringContaining("4 bytes, expected 9 bytes"),
      }),
    );
  });

  test("with the right size and the wrong contents is found by the full check, and refused from then on", async () => {
    const { store, folder } = await openStore([model("minilm")]);
    writeModel(folder, "minilm", { ...FILES, "graph.onnx": "THE GRAPH" });
    expect(store.resolve("minilm").spec.id).toBe("minilm");
    const corrupt = expect.objectContaining({
      code: "MODEL_CORRUPT",
      message: expect.stringMatching(
        `graph.onnx has sha256 ${sha256("THE GRAPH")}, expected ${sha256("the graph")}`,
      ),
    });
    await expect(store.verify("minilm")).rejects.toEqual(corrupt);
    expect(() => store.resolve("minilm")).toThrow(corrupt);
    expect(store.offeredNames()).toEqual([]);
  });

  test("is taken again once it is repaired", async () => {
    const { store, folder } = await openStore([model("minilm")]);
    writeModel(folder, "minilm", { ...FILES, "graph.onnx": "THE GRAPH" });
    await expect(store.verify("minilm")).rejects.toMatchObject({ code: "MODEL_CORRUPT" });
    writeModel(folder, "minilm");
    utimesSync(join(folder, "minilm", "graph.onnx"), new Date(), new Date(Date.now() + 1000));
    expect((await store.verify("minilm")).spec.id).toBe("minilm");
    expect(store.offeredNames()).toEqual(["minilm", "minilm-alias"]);
  });
});

describe("the full check", () => {
  test("reads a file once per state of it", async () => {
    const { store, folder } = await openStore([model("minilm")]);
    writeModel(folder, "minilm");
    const stamp = new Date(1_700_000_000_000);
    const graph = join(folder, "minilm", "graph.onnx");
    utimesSync(graph, stamp, stamp);
    await store.verify("minilm");
    expect((await store.verify("minilm")).spec.files.every(({ checked }) => checked !== undefined)).toBe(
      true,
    );
    // Same size, same time stamp, other contents: the inode's own time of change tells.
    writeFileSync(graph, "THE GRAPH");
    utimesSync(graph, stamp, stamp);
    await expect(store.verify("minilm")).rejects.toMatchObject({ code: "MODEL_CORRUPT" });
  });

  test("of all models gives those that can be loaded and the problems of the others", async () => {
    const { store, folder } = await openStore([model("good"), model("absent")]);
    writeModel(folder, "good");
    const { ready, problems } = await store.verifyAll();
    expect(ready.map(({ spec }) => spec.id)).toEqual(["good"]);
    expect(problems).toMatchObject([{ code: "MODEL_MISSING" }]);
    expect(store.offeredNames()).toEqual(["good", "good-alias"]);
    rmSync(join(folder, "good"), { recursive: true });
    expect(store.offeredNames()).toEqual([]);
  });

  test("tells how much of each model was read, and reads none twice", async () => {
    const { store, folder } = await openStore([model("one"), model("two")]);
    for (const id of ["one", "two"]) writeModel(folder, id);
    const read: string[] = [];
    const note = ({ id }: { id: string }, bytes: number) => read.push(`${id} ${bytes}`);
    await store.verifyAll(undefined, note);
    const [graph, all] = ["the graph".length, "the graphthe words".length];
    expect(read).toEqual([`one ${graph}`, `one ${all}`, `two ${graph}`, `two ${all}`]);
    await store.verifyAll(undefined, note);
    expect(read).toHaveLength(4);
  });

  test("says why nothing can be run, and nothing as long as something can", async () => {
    const allowed = new Set(["held-back"]);
    const { store, folder } = await openStore([model("absent"), model("held-back")], 1, {
      allows: (id) => !allowed.has(id),
    });
    expect(store.problem()).toMatchObject({ code: "MODEL_NOT_ALLOWED" });
    allowed.clear();
    expect(store.problem()).toMatchObject({ code: "MODEL_MISSING" });
    writeModel(folder, "held-back");
    expect(store.problem()).toBeNull();
  });

  test("can be aborted, and an aborted check is not remembered", async () => {
    const { store, folder } = await openStore([model("minilm")]);
    writeModel(folder, "minilm");
    await expect(store.verify("minilm", AbortSignal.abort(new Error("later")))).rejects.toThrow();
    expect((await store.verify("minilm")).spec.id).toBe("minilm");
  });
});

describe("a store that believes what it saw for ten seconds", () => {
  const BELIEVED = { believedMs: 10_000 };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("notices a model put there by hand, or taken away, after that time", async () => {
    const { store, folder } = await openStore([model("minilm")], 1, BELIEVED);
    expect(store.offeredNames()).toEqual([]);
    writeModel(folder, "minilm");
    vi.advanceTimersByTime(9_999);
    expect(store.offeredNames()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(store.offeredNames()).toEqual(["minilm", "minilm-alias"]);
    rmSync(join(folder, "minilm"), { recursive: true });
    vi.advanceTimersByTime(10_000);
    expect(() => store.resolve("minilm")).toThrow(expect.objectContaining({ code: "MODEL_MISSING" }));
  });

  test("looks at once when it is told of a change, and when it has read files itself", async () => {
    const { store, folder } = await openStore([model("minilm")], 1, BELIEVED);
    expect(store.offeredNames()).toEqual([]);
    writeModel(folder, "minilm", { ...FILES, "graph.onnx": "THE GRAPH" });
    store.lookAgain();
    expect(store.offeredNames()).toEqual(["minilm", "minilm-alias"]);
    await expect(store.verify("minilm")).rejects.toMatchObject({ code: "MODEL_CORRUPT" });
    expect(store.offeredNames()).toEqual([]);
    writeModel(folder, "minilm");
    expect((await store.verify("minilm")).spec.files.every(({ checked }) => checked !== undefined)).toBe(
      true,
    );
    expect(store.offeredNames()).toEqual(["minilm", "minilm-alias"]);
  });
});

describe("a catalogue", () => {
  test.each([
    ["that is no JSON", "{"],
    ["of another version", JSON.stringify({ version: 2, models: [] })],
    [
      "with a hash that is none",
      JSON.stringify({
        version: 1,
        models: [model("m", { files: [{ path: "a", from: "a", bytes: 1, sha256: "abc" }] })],
      }),
    ],
  ])("%s is refused", async (_, text) => {
    const catalogueFile = join(tempFolder(), "catalogue.json");
    writeFileSync(catalogueFile, text);
    await expect(ModelStore.open({ catalogueFile, modelFolders: [] })).rejects.toMatchObject({
      code: "CATALOGUE_UNREADABLE",
    });
  });

  test("that is not there is refused", async () => {
    const opening = ModelStore.open({ catalogueFile: "/nonexistent/catalogue.json", modelFolders: [] });
    await expect(opening).rejects.toMatchObject({ code: "CATALOGUE_UNREADABLE" });
  });

  test("in which two models claim one name is refused", async () => {
    const opening = openStore([model("a"), model("b", { aliases: ["a"] })]);
    await expect(opening).rejects.toMatchObject({
      code: "CATALOGUE_UNREADABLE",
      message: expect.stringContaining('"a" twice'),
    });
  });

  test("can't name a file outside the model's folder", async () => {
    const outside = { path: "../secret", from: "x", bytes: 1, sha256: sha256("x") };
    const { store } = await openStore([model("minilm", { files: [outside] })]);
    expect(() => store.resolve("minilm")).toThrow(expect.objectContaining({ code: "MODEL_UNSAFE" }));
  });
});
