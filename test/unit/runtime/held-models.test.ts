import { beforeEach, describe, expect, test } from "vitest";
import { HeldModels } from "../../../src/runtime/held-models.ts";
import { itemFailed, type TaskItem, type TaskModel } from "../../../src/runtime/tasks/task.ts";
import { AppError } from "../../../src/shared/errors.ts";
import type { ItemResult, ModelSpec, RuntimeClass } from "../../../src/shared/runtime/protocol.ts";

const CAPACITY = 1000;
const spec = (id: string, memoryBytes = 100) => ({ id, memoryBytes, files: [] }) as unknown as ModelSpec;
const items = (count: number): TaskItem[] =>
  Array.from({ length: count }, (_, i) => ({ key: String(i), work: { kind: "embed", texts: ["x"] } }));
const outOfMemory = () =>
  new AppError({ code: "OUT_OF_MEMORY", message: "no", actor: "machine", retryable: true });

/** A device on which each model really takes `takes` to be held, and `works` more per item while it runs. */
let takes: Map<string, number>;
let works: Map<string, number>;
let memory: number;
let backends: Map<string, RuntimeClass["backend"]>;
let events: string[];
let onDevice: Set<string>;

beforeEach(() => {
  [takes, works, memory, backends, events, onDevice] = [
    new Map(),
    new Map(),
    CAPACITY,
    new Map(),
    [],
    new Set(),
  ];
});

const used = () => [...onDevice].reduce((sum, id) => sum + (takes.get(id) ?? 100), 0);

async function load({ id }: ModelSpec): Promise<TaskModel> {
  if (used() + (takes.get(id) ?? 100) > memory) throw outOfMemory();
  onDevice.add(id);
  events.push(`+${id}`);
  return {
    runtimeClass: { backend: backends.get(id) ?? "cuda" } as RuntimeClass,
    run: async (all) => {
      const fits = used() + (works.get(id) ?? 0) * all.length <= memory;
      events.push(`${id}×${all.length} ${fits ? "done" : "starved"}`);
      const answer = ({ key }: TaskItem): ItemResult =>
        fits ? ({ key, ok: true } as ItemResult) : itemFailed(key, outOfMemory());
      return { items: all.map(answer), inferMs: 5 };
    },
    release: async () => {
      onDevice.delete(id);
      events.push(`-${id}`);
    },
  };
}

const held = () => new HeldModels(CAPACITY, load);

describe("the models of a process", () => {
  test("are loaded once, and the least recently used one makes room by its need", async () => {
    const models = held();
    for (const id of ["a", "b", "a"]) await models.open(spec(id, 400));
    expect(events).toEqual(["+a", "+b"]);
    await models.open(spec("c", 400));
    expect(events).toEqual(["+a", "+b", "-b", "+c"]);
    expect(models.ids).toEqual(["a", "c"]);
  });

  test("go for one that turns out to need more than its estimate while it loads", async () => {
    takes.set("big", 950);
    const models = held();
    for (const id of ["a", "b", "big"]) await models.open(spec(id));
    expect(events).toEqual(["+a", "+b", "-a", "-b", "+big"]);
  });

  test("stay where one can't be loaded even alone, but for those that went for the try", async () => {
    takes.set("huge", 2000);
    const models = held();
    await models.open(spec("a"));
    await expect(models.open(spec("huge"))).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    expect(models.ids).toEqual([]);
  });

  test("a job that starves beside others is run once more alone, and its answer is the second one", async () => {
    works.set("a", 850);
    const models = held();
    for (const id of ["a", "b", "c"]) await models.open(spec(id));
    events = [];
    expect(await models.run("a", items(1))).toEqual({ items: [{ key: "0", ok: true }], inferMs: 10 });
    expect(events).toEqual(["a×1 starved", "-b", "-c", "a×1 done"]);
    expect(models.ids).toEqual(["a"]);
  });

  test("a job that starves alone as well has its error, and is not run a third time", async () => {
    works.set("a", 5000);
    const models = held();
    for (const id of ["a", "b"]) await models.open(spec(id));
    const { items: answers } = await models.run("a", items(1));
    expect(answers).toMatchObject([{ ok: false, error: { code: "OUT_OF_MEMORY" }, retryable: true }]);
    await models.run("a", items(1));
    expect(events.filter((event) => event.startsWith("a×1"))).toHaveLength(3);
  });

  test("several jobs that do not fit together cost nobody a place: they come again as fewer", async () => {
    works.set("a", 300);
    const models = held();
    for (const id of ["a", "b"]) await models.open(spec(id));
    const { items: answers } = await models.run("a", items(4));
    expect(answers.every(({ ok }) => !ok)).toBe(true);
    expect(models.ids).toEqual(["b", "a"]);
  });

  test("work that was sent before its model had to go brings it back", async () => {
    works.set("a", 850);
    const models = held();
    for (const id of ["a", "b"]) await models.open(spec(id));
    await models.run("a", items(1));
    events = [];
    expect((await models.run("b", items(2))).items).toHaveLength(2);
    expect(events).toEqual(["+b", "b×2 done"]);
    expect(models.ids).toEqual(["a", "b"]);
  });

  test("on another back end than was told it does not run: nobody may sign for the wrong one", async () => {
    works.set("a", 850);
    const models = held();
    for (const id of ["a", "b"]) await models.open(spec(id));
    await models.run("a", items(1));
    backends.set("b", "cpu");
    await expect(models.run("b", items(1))).rejects.toMatchObject({
      code: "MODEL_NOT_LOADED",
      retryable: true,
    });
    expect(models.ids).toEqual(["a"]);
    expect((await models.open(spec("b"))).runtimeClass.backend).toBe("cpu");
    expect((await models.run("b", items(1))).items).toMatchObject([{ ok: true }]);
  });

  test("one that nobody loaded does not run", async () => {
    await expect(held().run("a", items(1))).rejects.toMatchObject({ code: "MODEL_NOT_LOADED", actor: "bug" });
  });
});
