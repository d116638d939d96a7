import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import type { DeviceInfo } from "../../../../src/engine/device/device-info.ts";
import type { Seat } from "../../../../src/engine/device/seat.ts";
import { diagnoseCuda } from "../../../../src/engine/gpu-pack/cuda-diagnosis.ts";
import type { GpuSetup } from "../../../../src/engine/gpu-pack/gpu-setup.ts";
import type { RunAnswer, RuntimeStatus } from "../../../../src/engine/runtime-client/device-runtime.ts";
import {
  RuntimeClient,
  type RuntimeClientOptions,
} from "../../../../src/engine/runtime-client/runtime-client.ts";
import { ForkProcessHost } from "../../../../src/host/fork-host.ts";
import type { AppError } from "../../../../src/shared/errors.ts";
import type { SpecOf } from "../../../../src/shared/runtime/protocol.ts";
import { eventually, isAlive } from "../../../fixtures/host/processes.ts";
import { embedding } from "../../../fixtures/runtime/minilm.ts";

const MISBEHAVING = fileURLToPath(new URL("../../../fixtures/runtime/misbehaving.ts", import.meta.url));
const MODEL: SpecOf<"embed"> = {
  id: "m",
  version: "1",
  folder: "/nowhere",
  files: [],
  task: "embed",
  embed: { graph: "g", tokenizer: "t", dimensions: 1, maxTokens: 8, pooling: "mean", normalise: true },
};

const device = (id: string, change: Partial<DeviceInfo> = {}): DeviceInfo => ({
  id,
  kind: id.startsWith("GPU") ? "gpu" : "cpu",
  index: 0,
  name: "NVIDIA GeForce RTX 4090",
  memoryTotalMb: null,
  driverVersion: null,
  computeCap: null,
  sensorId: null,
  ...change,
});

const clients: RuntimeClient[] = [];
const pids = new Set<number>();

function open(id = "cpu", options: Partial<RuntimeClientOptions> = {}) {
  const client = new RuntimeClient({
    device: device(id),
    host: new ForkProcessHost(),
    entry: MISBEHAVING,
    backend: "auto",
    threads: 1,
    keepAliveMs: 60_000,
    ...options,
  });
  clients.push(client);
  const states: RuntimeStatus[] = [];
  client.onStatus((status) => {
    states.push(status);
    if (status.pid !== null) pids.add(status.pid);
  });
  const run = (order: string, deadlineMs = 5000, signal = new AbortController().signal): Promise<RunAnswer> =>
    client.run({ model: MODEL, items: [embedding("a", [order])], deadlineMs, signal });
  return { client, states, run, names: () => states.map((status) => status.state) };
}

const tell = (answer: RunAnswer) => {
  const item = answer.items[0];
  if (!item?.ok) throw new Error(JSON.stringify(item));
  return JSON.parse(new TextDecoder().decode(item.bytes)) as {
    gpu: string;
    tf32: string;
    pid: number;
    batch: number;
    memoryBytes: number | null;
    library?: string;
    needs?: number;
    loads?: number;
  };
};

/** The device's first process begins like this, those after it as it should. */
const startingWith = (way: string) => {
  const ways = [way];
  return async (): Promise<GpuSetup> => ({
    env: { TEST_START: ways.shift() ?? "" },
    mps: null,
    missingLater: null,
    explain: ({ reason }) => ({ reason, help: "" }),
  });
};

afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop(AbortSignal.abort());
  for (const pid of pids) expect(isAlive(pid)).toBe(false);
  pids.clear();
});

describe("a runtime's life", () => {
  test("begins with the first work and not before", async () => {
    const { client, run, names } = open();
    expect(client.status).toEqual({
      state: "asleep",
      reason: null,
      pid: null,
      runtimeClass: null,
      textsPerSecond: null,
    });
    const answer = await run("hello");
    expect(answer).toMatchObject({
      inferMs: 10,
      totalMs: 20,
      runtimeClass: { backend: "cpu", hardware: "test CPU" },
    });
    expect(names()).toEqual(["starting", "ready", "working", "ready"]);
    expect(client.status).toMatchObject({ state: "ready", pid: tell(answer).pid, textsPerSecond: 50 });
  });

  test("goes on over batches in one process, one at a time and in order", async () => {
    const { run } = open();
    const finished: string[] = [];
    const note = (name: string) => (answer: RunAnswer) => {
      finished.push(name);
      return tell(answer).pid;
    };
    const [first, second] = await Promise.all([
      run("slow").then(note("first")),
      run("fast").then(note("second")),
    ]);
    expect(finished).toEqual(["first", "second"]);
    expect(first).toBe(second);
  });

  test("ends after the keep-alive time, and what it proved stays known", async () => {
    const { client, run } = open("cpu", { keepAliveMs: 30 });
    const { pid } = tell(await run("hello"));
    await eventually(() => client.status.state === "asleep");
    expect(isAlive(pid)).toBe(false);
    expect(client.status).toMatchObject({
      reason: null,
      pid: null,
      runtimeClass: { backend: "cpu" },
      textsPerSecond: 50,
    });
  });

  test("work that comes while it ends starts another one, after the first is gone", async () => {
    const { run } = open("deaf", { keepAliveMs: 1 });
    const { pid } = tell(await run("hello"));
    // It does not heed the shutdown, so it lives until it is killed; whoever comes meanwhile waits for that.
    await eventually(async () => tell(await run("hello")).pid !== pid);
    expect(isAlive(pid)).toBe(false);
  });

  test("sees exactly its own GPU, without TF32; a CPU runtime sees none", async () => {
    expect(tell(await open("GPU-good").run("hello"))).toMatchObject({ gpu: "GPU-good", tf32: "0" });
    expect(tell(await open("cpu").run("hello"))).toMatchObject({ gpu: "-1" });
  });
});

describe("what the runtime class says", () => {
  test("is a slower back end's for a while only, although work never ends: between two batches the faster one is tried again", async () => {
    const { run, names } = open("GPU-good", { gpuSetup: startingWith("step down"), tryAgainAfterMs: 300 });
    const first = await run("slow");
    expect(first.runtimeClass).toMatchObject({ backend: "cpu", skipped: [{ backend: "cuda" }] });
    const classes: string[] = [];
    // Always one that runs and one that waits behind it.
    let next = run("slow");
    for (let i = 0; i < 6; i++) {
      const running = next;
      next = run("slow");
      classes.push((await running).runtimeClass.backend);
    }
    await next;
    expect(classes[0]).toBe("cpu");
    expect(classes.at(-1)).toBe("cuda");
    expect(names().filter((name) => name === "starting")).toHaveLength(2);
    expect(names()).not.toContain("failed");
  });

  test("stays where the settings ask for the CPU, or nothing faster was skipped", async () => {
    const { run } = open("GPU-good", { tryAgainAfterMs: 0 });
    const { pid } = tell(await run("hello"));
    expect(tell(await run("hello")).pid).toBe(pid);
    const forced = open("GPU-good", {
      gpuSetup: startingWith("step down"),
      tryAgainAfterMs: 0,
      backend: "cpu",
    });
    const before = tell(await forced.run("hello")).pid;
    expect(tell(await forced.run("hello")).pid).toBe(before);
  });

  test("names the GPU, not its number", async () => {
    const { runtimeClass } = await open("GPU-good").run("hello");
    expect(runtimeClass).toMatchObject({
      backend: "cuda",
      hardware: "NVIDIA GeForce RTX 4090",
      reason: null,
    });
  });

  const gpuSetup = async (): Promise<GpuSetup> => ({
    env: { BELLOWS_ONNXRUNTIME_DIR: "/packs/one" },
    mps: null,
    missingLater: "libcudnn.so.9 is missing",
    explain: (failure) =>
      diagnoseCuda({
        ...failure,
        providerInstalled: true,
        search: { found: new Map(), missing: [], folders: [] },
      }),
  });

  test("a step down from CUDA names the library that the loader missed, and what brings it", async () => {
    const { runtimeClass } = await open("GPU-without-cuda", { gpuSetup }).run("hello");
    expect(runtimeClass).toMatchObject({
      backend: "cpu",
      skipped: [{ backend: "cuda", reason: "libcublasLt.so.13 is missing" }],
      reason: expect.stringMatching(
        /^CUDA can't be used: libcublasLt.so.13 is missing\. Run `bellows gpu-pack install`, or name the folder of CUDA 13's libraries/,
      ),
    });
  });

  test("CUDA that is a must and does not start is an error with the same words", async () => {
    const { run } = open("GPU-without-cuda", { gpuSetup, backend: "cuda" });
    await expect(run("hello")).rejects.toMatchObject({
      code: "CUDA_UNAVAILABLE",
      message: "CUDA can't be used: libcublasLt.so.13 is missing",
      actor: "user",
      help: expect.stringContaining("Run `bellows gpu-pack install`"),
    });
  });

  test("a GPU's process is told where its libraries are and how much memory models may fill", async () => {
    const answer = await open("GPU-good", { gpuSetup, freeMemoryMb: () => 10_000 }).run("hello");
    expect(tell(answer)).toMatchObject({ library: "/packs/one", memoryBytes: 9000 * 1024 * 1024 });
    const cpu = tell(await open("cpu", { gpuSetup, freeMemoryMb: () => null }).run("hello"));
    expect(cpu).toMatchObject({ memoryBytes: null });
    expect(cpu.library).toBeUndefined();
  });

  test("and what a model takes of it, where that is known", async () => {
    const needMb = (model: string) => (model === "measured" ? 1234.5 : 400);
    const { client } = open("GPU-good", { gpuSetup, needMb });
    const run = (id: string) =>
      client.run({
        model: { ...MODEL, id },
        items: [embedding("a", ["hello"])],
        deadlineMs: 5000,
        signal: new AbortController().signal,
      });
    expect(tell(await run("measured")).needs).toBe(1235 * 1024 * 1024);
    expect(tell(await run("other")).needs).toBe(400 * 1024 * 1024);
  });
});

describe("a back end that chooses its GPU itself", () => {
  const GPU = "GPU-that-webgpu-chose";

  test("is taken at its word when the driver lists its process there, asked once per process", async () => {
    const asked: number[] = [];
    const seatOf = async (pid: number): Promise<Seat> => {
      asked.push(pid);
      return { kind: "here" };
    };
    const { client, run } = open(GPU, { seatOf });
    const answer = await run("hello");
    expect(answer.runtimeClass).toMatchObject({
      backend: "webgpu",
      reason: null,
      hardware: "NVIDIA GeForce RTX 4090",
    });
    await client.run({
      model: { ...MODEL, id: "another" },
      items: [embedding("a", ["hello"])],
      deadlineMs: 5000,
      signal: new AbortController().signal,
    });
    expect(asked).toEqual([tell(answer).pid]);
  });

  test("that the driver does not tell is named, and no GPU's name is signed for", async () => {
    const { client, run } = open(GPU, { seatOf: async () => ({ kind: "untold" }) });
    expect((await run("hello")).runtimeClass).toMatchObject({
      backend: "webgpu",
      reason: "WebGPU chooses its GPU itself, and the driver does not tell whether it chose this one",
      hardware: "the GPU that WebGPU chose",
    });
    expect(client.status.runtimeClass).toMatchObject({ hardware: "the GPU that WebGPU chose" });
  });

  test("on another GPU is left out: a process without it does the work that waited", async () => {
    const { run, names } = open(GPU, {
      seatOf: async () => ({ kind: "elsewhere", gpu: "NVIDIA A2 (GPU 1)" }),
    });
    const answers = await Promise.all([run("hello"), run("hello")]);
    for (const { runtimeClass } of answers)
      expect(runtimeClass).toMatchObject({
        backend: "cpu",
        hardware: "test CPU",
        reason: "WebGPU can't be used: it computes on NVIDIA A2 (GPU 1) instead",
      });
    expect(names().filter((name) => name === "starting")).toHaveLength(2);
    expect(names()).not.toContain("failed");
  });

  test("CUDA is told its GPU, and a processor is none: nobody is asked", async () => {
    const seatOf = () => Promise.reject(new Error("asked"));
    expect((await open("GPU-good", { seatOf }).run("hello")).runtimeClass.backend).toBe("cuda");
    expect((await open("cpu", { seatOf }).run("hello")).runtimeClass.backend).toBe("cpu");
  });
});

test("what else does a part of the work is named beside the GPU", async () => {
  expect((await open("GPU-shared").run("hello")).runtimeClass).toMatchObject({
    backend: "vulkan",
    hardware: "NVIDIA GeForce RTX 4090 and a processor",
  });
});

test("a model that had to go while another ran is loaded again before its next batch", async () => {
  const { run } = open();
  expect(tell(await run("hello")).loads).toBe(1);
  expect(tell(await run("let go")).loads).toBe(1);
  expect(tell(await run("hello")).loads).toBe(2);
  expect(tell(await run("hello")).loads).toBe(2);
});

describe("a runtime that goes wrong", () => {
  test("a crash rejects the batch with the cause, and the next batch works", async () => {
    const { client, run, names } = open();
    const { pid } = tell(await run("hello"));
    await expect(run("crash")).rejects.toMatchObject({
      code: "RUNTIME_CRASHED",
      message:
        "The runtime cpu process ended unexpectedly (SIGKILL): CUDA failure 719: unspecified launch failure",
      actor: "machine",
      retryable: true,
    });
    expect(client.status).toMatchObject({
      state: "failed",
      pid: null,
      reason: expect.stringContaining("719"),
    });
    expect(tell(await run("hello")).pid).not.toBe(pid);
    expect(client.status).toMatchObject({ state: "ready", reason: null });
    expect(names().slice(-4)).toEqual(["starting", "ready", "working", "ready"]);
  });

  test("work that waited behind the batch that killed a process runs in the next one", async () => {
    const { client, run } = open();
    await run("hello");
    const crash = run("crash");
    const behind = [run("hello"), run("hello")];
    await expect(crash).rejects.toMatchObject({ code: "RUNTIME_CRASHED" });
    const [first, second] = await Promise.all(behind);
    expect(first && tell(first).pid).toBe(second && tell(second).pid);
    expect(client.status.state).toBe("ready");
  });

  test("a batch's time begins when the one before it is done", async () => {
    const { run } = open();
    await run("hello");
    const answers = await Promise.all([run("slow", 300), run("slow", 300), run("slow", 300)]);
    expect(new Set(answers.map((answer) => tell(answer).pid)).size).toBe(1);
  });

  test("one that hangs is killed at the deadline, and the next batch works", async () => {
    const { run } = open();
    await run("hello");
    const startedAt = performance.now();
    await expect(run("hang", 200)).rejects.toMatchObject({ code: "RUNTIME_HUNG", retryable: true });
    expect(performance.now() - startedAt).toBeLessThan(2000);
    await run("hello");
  });

  test("one that speaks another language is ended", async () => {
    const { run } = open();
    await expect(run("garbage")).rejects.toMatchObject({ code: "RUNTIME_UNREADABLE", actor: "bug" });
    await run("hello");
  });

  test("a batch too big for the memory is tried again in two halves", async () => {
    const { client } = open("GPU-good");
    const items = ["starve", "x", "starve", "y"].map((text, i) => embedding(String(i), [text]));
    const answer = await client.run({
      model: MODEL,
      items,
      deadlineMs: 5000,
      signal: new AbortController().signal,
    });
    expect(answer.items.map((item) => [item.key, item.ok])).toEqual([
      ["0", true],
      ["1", true],
      ["2", true],
      ["3", true],
    ]);
    expect(tell(answer).batch).toBe(2);
    expect(answer.inferMs).toBe(30);
  });

  test("once: halves that are still too big fail, and may be tried elsewhere", async () => {
    const { client } = open("GPU-good");
    const items = Array.from({ length: 6 }, (_, i) => embedding(String(i), ["starve"]));
    const answer = await client.run({
      model: MODEL,
      items,
      deadlineMs: 5000,
      signal: new AbortController().signal,
    });
    expect(answer.items).toHaveLength(6);
    for (const item of answer.items)
      expect(item).toMatchObject({ ok: false, error: { code: "OUT_OF_MEMORY" } });
  });

  test("a model for which there is no memory may be tried again later", async () => {
    const { client } = open("GPU-good");
    const request = {
      items: [embedding("a", ["x"])],
      deadlineMs: 5000,
      signal: new AbortController().signal,
    };
    await expect(client.run({ ...request, model: { ...MODEL, id: "too big" } })).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
      retryable: true,
    });
  });

  test("a model that made room for another is loaded again before it runs", async () => {
    const { client } = open("GPU-good");
    const run = (id: string) =>
      client.run({
        model: { ...MODEL, id },
        items: [embedding("a", ["strict"])],
        deadlineMs: 5000,
        signal: new AbortController().signal,
      });
    for (const id of ["one", "two", "one", "two"]) expect((await run(id)).items[0]?.ok).toBe(true);
  });

  test("one that leaves out an item has failed that item", async () => {
    const { client } = open();
    const { items } = await client.run({
      model: MODEL,
      items: [embedding("a", ["forget"]), embedding("b", ["x"])],
      deadlineMs: 5000,
      signal: new AbortController().signal,
    });
    expect(items).toMatchObject([
      { key: "a", ok: false, error: { code: "RUNTIME_UNREADABLE" } },
      { key: "b", ok: true },
    ]);
  });

  test("one whose GPU fails every item is replaced, because such a process does not recover", async () => {
    const { run, client } = open("GPU-good");
    const { pid } = tell(await run("hello"));
    const { items } = await run("fail");
    expect(items).toMatchObject([{ ok: false, error: { code: "INFERENCE_FAILED" } }]);
    expect(tell(await run("hello")).pid).not.toBe(pid);
    expect(client.status.state).toBe("ready");
  });

  test("one after the other whose GPU fails every item is met with growing pauses, as if they had died", async () => {
    const { client, run } = open("GPU-good");
    for (const _ of [1, 2]) {
      expect((await run("fail")).items).toMatchObject([{ ok: false, retryable: true }]);
      await eventually(() => client.status.state === "failed");
    }
    await expect(run("hello", 50)).rejects.toMatchObject({ code: "RUNTIME_BACKING_OFF" });
    // One that works ends the row.
    await run("hello", 5000);
    await run("fail");
    await eventually(() => client.status.state === "failed");
    await run("hello", 50);
  });

  test("one on the CPU that fails an item goes on", async () => {
    const { run } = open();
    const { pid } = tell(await run("hello"));
    await run("fail");
    expect(tell(await run("hello")).pid).toBe(pid);
  });

  test("crashes in a row are met with growing pauses; a call that can't wait is told when to come back", async () => {
    const { client, run, names } = open("dies-at-start");
    for (const _ of [1, 2]) {
      await expect(run("hello")).rejects.toMatchObject({
        code: "RUNTIME_CRASHED",
        message: expect.stringContaining("std::bad_alloc"),
      });
    }
    await expect(run("hello", 50)).rejects.toMatchObject({
      code: "RUNTIME_BACKING_OFF",
      retryable: true,
      retryAfterMs: expect.any(Number),
      message: expect.stringContaining("std::bad_alloc"),
    });
    expect(client.status.state).toBe("failed");
    expect(names()).toEqual(["starting", "failed", "starting", "failed"]);
  });

  test("no memory at the start is nobody's failure: it is tried again on the same back end", async () => {
    const { client, run, names } = open("GPU-good", { gpuSetup: startingWith("no memory") });
    const failure = await run("hello").catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      code: "RUNTIME_BACKING_OFF",
      retryable: true,
      message: expect.stringContaining("out of memory"),
    });
    const { retryAfterMs = 0 } = failure as AppError;
    expect(retryAfterMs).toBeGreaterThan(3000);
    expect(retryAfterMs).toBeLessThanOrEqual(6000);
    expect(client.status).toMatchObject({ state: "failed", reason: expect.stringContaining("memory") });
    await client.stop();
    expect((await run("hello")).runtimeClass.backend).toBe("cuda");
    expect(names()).toEqual(["starting", "failed", "asleep", "starting", "ready", "working", "ready"]);
  });

  test("after a stop by hand, the pauses begin anew", async () => {
    const { client, run } = open("dies-at-start");
    for (const _ of [1, 2]) await expect(run("hello")).rejects.toMatchObject({ code: "RUNTIME_CRASHED" });
    await client.stop();
    expect(client.status).toMatchObject({ state: "asleep", reason: null });
    await expect(run("hello", 50)).rejects.toMatchObject({ code: "RUNTIME_CRASHED" });
  });

  test("an entry that does not exist is a crash with the cause", async () => {
    const { run } = open("cpu", { entry: "/nonexistent/runtime.js" });
    await expect(run("hello")).rejects.toMatchObject({
      code: "RUNTIME_CRASHED",
      message: expect.stringContaining("Cannot find module"),
    });
  });
});

describe("a process whose files are no longer the newest", () => {
  test("ends at once when it has nothing to do, and another begins with the next work", async () => {
    const { client, run, names } = open("GPU-good");
    const { pid } = tell(await run("hello"));
    client.startAnew();
    await eventually(() => client.status.pid === null);
    expect(client.status.state).toBe("asleep");
    expect(tell(await run("hello")).pid).not.toBe(pid);
    expect(names()).not.toContain("failed");
  });

  test("finishes what runs and what it loads; what waits behind runs in the next one, and nothing is lost", async () => {
    const { client, run } = open("GPU-good");
    const { pid } = tell(await run("hello"));
    const [running, behind] = [run("slow"), run("slow")];
    await eventually(() => client.status.state === "working");
    client.startAnew();
    const last = run("hello");
    expect(tell(await running).pid).toBe(pid);
    await behind; // It may have been in the process already.
    const { pid: next } = tell(await last);
    expect(next).not.toBe(pid);
    expect(tell(await run("hello")).pid, "once").toBe(next);
  });

  test("without a process there is nothing to end", async () => {
    const { client, run } = open("GPU-good");
    client.startAnew();
    const { pid } = tell(await run("hello"));
    expect(tell(await run("hello")).pid).toBe(pid);
  });
});

describe("stopping", () => {
  test("in order: the process ends, waiting work is rejected, later work starts anew", async () => {
    const { client, run } = open();
    const { pid } = tell(await run("hello"));
    await client.stop();
    expect(isAlive(pid)).toBe(false);
    expect(client.status).toMatchObject({ state: "asleep", pid: null });
    expect(tell(await run("hello")).pid).not.toBe(pid);
  });

  test("a batch that runs, and those behind it, are rejected at once", async () => {
    const { client, run } = open();
    await run("hello");
    const running = run("hang", 60_000);
    const waiting = run("hello");
    await eventually(() => client.status.state === "working");
    client.killNow();
    for (const batch of [running, waiting]) {
      await expect(batch).rejects.toMatchObject({ code: "RUNTIME_STOPPED", retryable: true });
    }
    await eventually(() => client.status.state === "asleep");
  });

  test("stop does not wait for a batch either", async () => {
    const { client, run } = open();
    await run("hello");
    const running = run("hang", 60_000);
    await eventually(() => client.status.state === "working");
    const startedAt = performance.now();
    await Promise.all([client.stop(), expect(running).rejects.toMatchObject({ code: "RUNTIME_STOPPED" })]);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test("one that does not heed is killed, at once when the signal says so", async () => {
    const { client, run } = open("deaf");
    await run("hello");
    const startedAt = performance.now();
    await client.stop(AbortSignal.abort());
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(client.status.state).toBe("asleep");
  });

  test("an aborted call rejects at once; its batch is computed to the end and the process lives on", async () => {
    const { run } = open();
    const { pid } = tell(await run("hello"));
    const calling = new AbortController();
    const slow = run("slow", 5000, calling.signal);
    calling.abort(new Error("the lease was taken back"));
    await expect(slow).rejects.toThrow("the lease was taken back");
    expect(tell(await run("hello")).pid).toBe(pid);
  });

  test("a call that is aborted while it waits never runs", async () => {
    const { client, run, states } = open();
    await run("hello");
    const calling = new AbortController();
    const slow = run("slow");
    const crash = run("crash", 5000, calling.signal);
    calling.abort();
    await expect(crash).rejects.toThrow();
    await slow;
    await run("hello");
    expect(states.some((status) => status.state === "failed")).toBe(false);
    expect(client.status.state).toBe("ready");
  });
});
