import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import catalogue from "../../../../resources/models/catalogue.json" with { type: "json" };
import { type Telemetry, UNKNOWN_TELEMETRY } from "../../../../src/engine/device/telemetry.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { ResolvedModel } from "../../../../src/engine/models/store.ts";
import type {
  DeviceRuntime,
  RunAnswer,
  RunRequest,
} from "../../../../src/engine/runtime-client/device-runtime.ts";
import {
  compareVectors,
  readReferences,
  type SelfTestReference,
} from "../../../../src/engine/self-test/reference.ts";
import { runSelfTest } from "../../../../src/engine/self-test/self-test.ts";
import { SelfTester, type SelfTesterDeps } from "../../../../src/engine/self-test/self-tester.ts";
import { encodeEmbedResult } from "../../../../src/shared/canonical.ts";
import { CatalogueSchema } from "../../../../src/shared/catalogue.ts";
import { modelManifestSha256 } from "../../../../src/shared/digest.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import type { Backend } from "../../../../src/shared/runtime/protocol.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const RESOURCES = fileURLToPath(new URL("../../../../resources", import.meta.url));
const STARTER = CatalogueSchema.parse(catalogue).models.find((model) => model.id === "all-MiniLM-L6-v2");
if (STARTER?.task !== "embed") throw new Error("the starter model is gone from the catalogue");
const MODEL = STARTER;
const MANIFEST = modelManifestSha256(MODEL.files);

const resolved = {
  model: MODEL,
  spec: { id: MODEL.id } as ResolvedModel["spec"],
  manifestSha256: MANIFEST,
} as ResolvedModel;

const reference: SelfTestReference = {
  model: MODEL.id,
  manifestSha256: MANIFEST,
  texts: ["a", "b"],
  vectors: [Float32Array.of(1, 0, 0), Float32Array.of(0, 0.6, 0.8)],
};

interface Behaviour {
  backend?: Backend;
  reason?: string;
  /** Added to the first value of the answer. */
  error?: number;
  throws?: AppError;
  kind?: "gpu" | "cpu";
  driver?: string | null;
}

/** A runtime that answers with the reference, but for what the test changes. */
function runtimeThat(behaviour: Behaviour = {}) {
  const { backend = "cuda", reason = null, error = 0, throws, kind = "gpu", driver = "590.48" } = behaviour;
  const asked: RunRequest[] = [];
  const run = async (request: RunRequest): Promise<RunAnswer> => {
    asked.push(request);
    if (throws) throw throws;
    const [item] = request.items;
    const texts = item?.work.kind === "embed" ? item.work.texts : [];
    const data = new Float32Array(texts.length * 3);
    for (const [i, text] of texts.entries()) data.set(reference.vectors[text === "a" ? 0 : 1] ?? [], i * 3);
    data[0] = (data[0] ?? 0) + error;
    const shape = [texts.length, 3];
    const bytes = encodeEmbedResult({ shape, data });
    const runtimeClass = { backend, reason } as RunAnswer["runtimeClass"];
    const answer = { key: item?.key ?? "", ok: true, bytes, shape, tokens: 1 };
    return { items: [answer] as unknown as RunAnswer["items"], inferMs: 8, totalMs: 10, runtimeClass };
  };
  const device = {
    id: kind === "gpu" ? "GPU-1" : "cpu",
    kind,
    index: 0,
    name: "NVIDIA GeForce RTX 4090",
    memoryTotalMb: 24_564,
    driverVersion: driver,
    computeCap: "8.9",
    sensorId: "GPU-1",
  };
  return { runtime: { device, run } as unknown as DeviceRuntime, asked };
}

const reading = (change: Partial<Telemetry> = {}): Telemetry => ({
  ...UNKNOWN_TELEMETRY,
  temperatureC: 61,
  memoryUsedMb: 900,
  ...change,
});

const testWith = (behaviour: Behaviour, telemetry: Telemetry = reading()) =>
  runSelfTest(
    {
      runtime: runtimeThat(behaviour).runtime,
      model: resolved,
      reference,
      telemetry: async () => telemetry,
      now: () => 7,
    },
    new AbortController().signal,
  );
const failed = (report: Awaited<ReturnType<typeof testWith>>) =>
  report.steps.filter((step) => step.ok === false).map((step) => step.name);

describe("a device's self-test", () => {
  test("tells back end, answer, pace, memory and heat of a good GPU", async () => {
    const report = await testWith({});
    expect(report).toMatchObject({
      device: { id: "GPU-1", driver: "590.48" },
      at: 7,
      ok: true,
      summary: "Right answer on CUDA, 3200 texts/s at 61 °C",
      backend: "cuda",
      answer: { cosine: expect.closeTo(1), maxAbs: 0 },
      textsPerSecond: 3200,
      memoryUsedMb: 900,
      temperatureC: 61,
      model: { id: MODEL.id, manifestSha256: MANIFEST },
    });
    expect(report.steps.map((step) => step.name)).toEqual([
      "device",
      "backend",
      "answer",
      "throughput",
      "memory",
      "temperature",
    ]);
  });

  test("an answer within the model's tolerance passes, one beyond it fails", async () => {
    const { maxAbs } = MODEL.tolerance;
    expect(failed(await testWith({ error: maxAbs * 0.9 }))).toEqual([]);
    const wrong = await testWith({ error: maxAbs * 1.1 });
    expect(failed(wrong)).toEqual(["answer"]);
    expect(wrong.summary).toMatch(/^a wrong answer: cosine/);
  });

  test("NaN is no right answer", async () => {
    expect(failed(await testWith({ error: Number.NaN }))).toEqual(["answer"]);
  });

  test("a GPU whose work runs on the CPU fails, a CPU does not", async () => {
    const report = await testWith({ backend: "cpu", reason: "libcudnn.so.9 is missing." });
    expect(failed(report)).toEqual(["backend"]);
    expect(report.summary).toBe("runs on the CPU: libcudnn.so.9 is missing");
    expect(failed(await testWith({ backend: "cpu", kind: "cpu", driver: null }))).toEqual([]);
  });

  test("too hot fails; not told is unknown, which is no failure", async () => {
    expect(failed(await testWith({}, reading({ temperatureC: 94 })))).toEqual(["temperature"]);
    const blind = await testWith({}, UNKNOWN_TELEMETRY);
    expect(blind.ok).toBe(true);
    expect(blind.steps.filter((step) => step.ok === null).map((step) => step.name)).toEqual([
      "memory",
      "temperature",
    ]);
  });

  test("a runtime that crashes fails the test with its reason", async () => {
    const crash = new AppError({
      code: "RUNTIME_CRASHED",
      message: "The runtime ended (SIGSEGV)",
      actor: "machine",
    });
    const report = await testWith({ throws: crash });
    expect(report).toMatchObject({
      ok: false,
      summary: "The runtime ended (SIGSEGV)",
      backend: null,
      answer: null,
    });
  });

  test("tells what it has found while it runs, and works for seconds, so that the heat means something", async () => {
    const { runtime, asked } = runtimeThat();
    const told: { steps: string[]; pace: number | null }[] = [];
    await runSelfTest(
      {
        runtime,
        model: resolved,
        reference,
        telemetry: async () => reading(),
        now: () => 7,
        onProgress: ({ steps, textsPerSecond }) =>
          told.push({ steps: steps.map(({ name }) => name), pace: textsPerSecond }),
      },
      new AbortController().signal,
    );
    expect(told.at(0)).toEqual({ steps: ["device"], pace: null });
    expect(told.slice(1, 3).map(({ steps }) => steps.at(-1))).toEqual(["backend", "answer"]);
    const paced = told.filter(({ steps, pace }) => pace !== null && steps.length === 3);
    // 10 ms each: 2 s of work.
    expect(paced).toHaveLength(200);
    expect(paced.every(({ pace }) => pace === 3200)).toBe(true);
    expect(asked).toHaveLength(201);
    expect(told.at(-1)?.steps).toHaveLength(6);
  });

  test("stopping it rejects", async () => {
    const stopping = new AbortController();
    stopping.abort(new Error("shutting down"));
    const parts = { model: resolved, reference, telemetry: async () => reading(), now: () => 7 };
    const crash = new AppError({ code: "RUNTIME_STOPPED", message: "stopped", actor: "user" });
    await expect(
      runSelfTest({ ...parts, runtime: runtimeThat({ throws: crash }).runtime }, stopping.signal),
    ).rejects.toThrow("shutting down");
  });
});

describe("the known answers", () => {
  test("belong to the starter model's very files, and have length one", async () => {
    const [first] = await readReferences(RESOURCES);
    expect(first?.model).toBe(MODEL.id);
    expect(first?.manifestSha256).toBe(MANIFEST);
    for (const vector of first?.vectors ?? []) {
      expect(vector).toHaveLength(MODEL.embed.dimensions);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
    // Different texts have different answers, so a constant one would be noticed.
    const [a, b] = first?.vectors ?? [];
    expect(compareVectors(a ?? new Float32Array(), b ? [b] : []).cosine).toBeLessThan(0.9);
  });

  test("a short answer is a wrong one", () => {
    expect(compareVectors(Float32Array.of(1), [Float32Array.of(1, 0)]).maxAbs).toBeNaN();
  });
});

async function tester(runtimes: DeviceRuntime[], change: Partial<SelfTesterDeps> = {}) {
  const ledger = await Ledger.open(tempFolder());
  let results = 0;
  const deps: SelfTesterDeps = {
    runtimes: () => runtimes,
    references: [reference],
    models: { has: () => true, resolve: () => resolved },
    ledger,
    gpuPack: () => null,
    telemetry: async () => reading(),
    isReserved: () => false,
    pauseOf: () => null,
    mayTest: () => true,
    onResult: () => results++,
    now: () => 1000,
    ...change,
  };
  return { tester: new SelfTester(deps), ledger, results: () => results };
}

describe("when tests are run", () => {
  const signal = new AbortController().signal;

  test("a GPU is tested once per driver and model, a CPU only when asked", async () => {
    const gpu = runtimeThat();
    const cpu = runtimeThat({ kind: "cpu", backend: "cpu", driver: null });
    const { tester: first, ledger, results } = await tester([gpu.runtime, cpu.runtime]);
    expect((await first.runDue(signal)).map((report) => report.device.id)).toEqual(["GPU-1"]);
    expect(await first.runDue(signal)).toEqual([]);
    expect(results()).toBe(1);
    expect(ledger.devices.lastSelfTest("GPU-1")).toMatchObject({
      at: 1000,
      ok: true,
      summary: "Right answer on CUDA, 3200 texts/s at 61 °C",
    });
    expect(ledger.devices.lastSelfTest("cpu")).toBeNull();

    const updated = await tester([runtimeThat({ driver: "595.10" }).runtime], { ledger });
    expect(await updated.tester.runDue(signal)).toHaveLength(1);
    expect((await first.run(undefined, signal)).map((report) => report.device.id)).toEqual(["GPU-1", "cpu"]);
    ledger.close();
  });

  test("a GPU is tested once more with another GPU pack; one tested before packs were noted is not", async () => {
    const { tester: before, ledger } = await tester([runtimeThat().runtime]);
    expect(await before.runDue(signal)).toHaveLength(1);

    let pack = "one";
    const change = { ledger, gpuPack: () => pack };
    const { tester: it } = await tester(
      [runtimeThat().runtime, runtimeThat({ kind: "cpu" }).runtime],
      change,
    );
    expect(await it.runDue(signal)).toEqual([]);
    expect((await it.run(undefined, signal)).map(({ gpuPack }) => gpuPack)).toEqual(["one", undefined]);
    expect(await it.runDue(signal)).toEqual([]);
    pack = "two";
    expect(await it.runDue(signal)).toMatchObject([{ device: { id: "GPU-1" }, gpuPack: "two" }]);
    expect(await it.runDue(signal)).toEqual([]);
    ledger.close();
  });

  test("a rented device is left alone", async () => {
    const { tester: it, ledger } = await tester([runtimeThat().runtime], { isReserved: () => true });
    expect(await it.runDue(signal)).toEqual([]);
    await expect(it.run(undefined, signal)).rejects.toMatchObject({ code: "DEVICE_RESERVED" });
    ledger.close();
  });

  test("what the last one is worth now is told in words: for this driver and this model only", async () => {
    const { runtime } = runtimeThat();
    const { tester: it, ledger } = await tester([runtime]);
    const { device } = runtime;
    const driver = `with driver ${device.driverVersion}`;
    expect(it.standing(device)).toEqual({
      state: "due",
      text: `The self-test ${driver} is due`,
      said: { key: "testDueWith", values: { driver: device.driverVersion } },
      help: null,
    });
    const running = it.runDue(signal);
    await expect.poll(() => it.standing(device).state).not.toBe("due");
    await running;
    expect(it.standing(device)).toMatchObject({
      state: "passed",
      text: expect.stringMatching(/Right answer/),
    });
    expect(it.standing({ ...device, driverVersion: "595.10" })).toMatchObject({
      state: "due",
      text: "The self-test with driver 595.10 is due",
    });

    const paused = await tester([runtime], { ledger, mayTest: () => false });
    const other = { ...device, driverVersion: "595.10" };
    expect(paused.tester.standing(other).help).toMatch(/when Bellows runs again/);
    const playing = await tester([runtime], { ledger, pauseOf: () => ({ text: "a game uses it" }) });
    expect(playing.tester.standing(other).help).toMatch(/Now: a game uses it\.$/);
    const without = { ledger, models: { has: () => false, resolve: () => resolved } };
    // A passed test with this driver counts on, whatever became of the model; without one nothing can be told.
    expect((await tester([runtime], without)).tester.standing(device).state).toBe("passed");
    expect((await tester([runtime], without)).tester.standing(other)).toMatchObject({
      state: "impossible",
      help: expect.stringMatching(/Models screen/),
    });

    const hot = await tester([runtime], { ledger, telemetry: async () => reading({ temperatureC: 94 }) });
    await hot.tester.run(undefined, signal);
    expect(hot.tester.standing(device)).toMatchObject({
      state: "failed",
      help: expect.stringMatching(/run the self-test again/),
    });
    ledger.close();
  });

  test("what it has found so far is told of the device under test, and of no other", async () => {
    const { runtime } = runtimeThat();
    const seen = new Set<number>();
    const { tester: it, ledger } = await tester([runtime], {
      onProgress: () => {
        seen.add(it.progressOf("GPU-1")?.steps.length ?? -1);
        expect(it.progressOf("cpu")).toBeNull();
      },
    });
    await it.run("GPU-1", signal);
    expect([...seen]).toEqual([0, 1, 2, 3, 4, 6]);
    expect(it.progressOf("GPU-1")).toBeNull();
    ledger.close();
  });

  test("an unknown device and a missing model are told as such", async () => {
    const { tester: it, ledger } = await tester([runtimeThat().runtime]);
    await expect(it.run("GPU-9", signal)).rejects.toMatchObject({ code: "UNKNOWN_DEVICE" });
    const none = await tester([runtimeThat().runtime], {
      models: { has: () => false, resolve: () => resolved },
    });
    await expect(none.tester.run(undefined, signal)).rejects.toMatchObject({ code: "SELF_TEST_NO_MODEL" });
    const other = await tester([runtimeThat().runtime], {
      models: { has: () => true, resolve: () => ({ ...resolved, manifestSha256: "00" }) },
    });
    expect(await other.tester.runDue(signal)).toEqual([]);
    for (const each of [ledger, none.ledger, other.ledger]) each.close();
  });
});

describe("of its own accord", () => {
  /** Runs until the test is over; `tested` are the devices in the order of their reports. */
  async function running(runtimes: DeviceRuntime[], change: Partial<SelfTesterDeps> = {}) {
    const tested: string[] = [];
    const { tester: it, ledger } = await tester(runtimes, {
      onResult: ({ device, ok }) => tested.push(`${device.id} ${ok ? "passed" : "failed"}`),
      ...change,
    });
    const stopping = new AbortController();
    const loop = it.runWhenDue(stopping.signal);
    onTestFinished(async () => {
      stopping.abort(new DOMException("The test is over", "AbortError"));
      await loop;
      ledger.close();
    });
    return { it, tested, ledger };
  }
  /** A GPU whose first answers wait for `gate`; `begun` resolves when it is asked. */
  function slowGpu(gate: Promise<void>, id = "GPU-1") {
    const { runtime, asked } = runtimeThat();
    const begun = Promise.withResolvers<void>();
    const run = async (request: RunRequest) => {
      begun.resolve();
      await gate;
      return runtime.run(request);
    };
    return { runtime: { ...runtime, device: { ...runtime.device, id }, run } as DeviceRuntime, asked, begun };
  }
  const secondGpu = () => slowGpu(Promise.resolve(), "GPU-2").runtime;

  test("it tests what is there, and what comes later when it is told to look", async () => {
    const runtimes = [runtimeThat().runtime];
    const { it, tested } = await running(runtimes);
    await expect.poll(() => tested).toEqual(["GPU-1 passed"]);
    runtimes.push(secondGpu());
    it.lookAgain();
    await expect.poll(() => tested).toEqual(["GPU-1 passed", "GPU-2 passed"]);
  });

  test("it tests a GPU that came while another was under test", async () => {
    const gate = Promise.withResolvers<void>();
    const first = slowGpu(gate.promise);
    const runtimes: DeviceRuntime[] = [first.runtime];
    // As the fleet does it: what is there is another list afterwards.
    let there: readonly DeviceRuntime[] = [...runtimes];
    const { it, tested } = await running(runtimes, { runtimes: () => there });
    await first.begun.promise;
    there = [...runtimes, secondGpu()];
    it.lookAgain();
    gate.resolve();
    await expect.poll(() => tested).toEqual(["GPU-1 passed", "GPU-2 passed"]);
  });

  test("it begins when the model that it needs arrives", async () => {
    let here = false;
    const { it, tested } = await running([runtimeThat().runtime], {
      models: { has: () => here, resolve: () => resolved },
    });
    it.lookAgain();
    await expect.poll(() => it.standing(runtimeThat().runtime.device).state).toBe("impossible");
    here = true;
    it.lookAgain();
    await expect.poll(() => tested).toEqual(["GPU-1 passed"]);
  });

  test("it waits while the person wants the machine left alone", async () => {
    let may = false;
    const { it, tested } = await running([runtimeThat().runtime], { mayTest: () => may });
    it.lookAgain();
    expect(tested).toEqual([]);
    may = true;
    it.lookAgain();
    await expect.poll(() => tested).toEqual(["GPU-1 passed"]);
  });

  test("every GPU is tested once more when what it runs on may have changed, a CPU is not", async () => {
    const cpu = runtimeThat({ kind: "cpu", backend: "cpu", driver: null }).runtime;
    const { it, tested } = await running([runtimeThat().runtime, secondGpu(), cpu]);
    await expect.poll(() => tested).toHaveLength(2);
    it.testAnew();
    const once = ["GPU-1 passed", "GPU-2 passed"];
    await expect.poll(() => tested).toEqual([...once, ...once]);
    it.lookAgain();
    await it.runDue(new AbortController().signal);
    expect(tested).toHaveLength(4);
  });

  test("a change in the middle of a test makes it due again, without another bell", async () => {
    const gate = Promise.withResolvers<void>();
    const gpu = slowGpu(gate.promise);
    const { it, tested } = await running([gpu.runtime]);
    await gpu.begun.promise;
    it.testAnew();
    gate.resolve();
    await expect.poll(() => tested).toEqual(["GPU-1 passed", "GPU-1 passed"]);
  });

  test("a GPU without memory to begin in has not failed: it is tested as soon as there is some", async () => {
    const behaviour: Behaviour = {};
    behaviour.throws = new AppError({
      code: "RUNTIME_BACKING_OFF",
      message: "The runtime is started again in 1 s. The device has not enough memory to start",
      actor: "machine",
      retryable: true,
      retryAfterMs: 20,
    });
    const good = runtimeThat().runtime;
    const run = async (request: RunRequest) => {
      if (behaviour.throws) throw behaviour.throws;
      return good.run(request);
    };
    let begun = 0;
    const { tested } = await running([{ ...good, run } as DeviceRuntime], { onStart: () => begun++ });
    await expect.poll(() => begun).toBeGreaterThan(2);
    expect(tested).toEqual([]);
    delete behaviour.throws;
    await expect.poll(() => tested).toEqual(["GPU-1 passed"]);
  });

  test("a test anew that was cut off is still wanted when the device may work again", async () => {
    const behaviour: Behaviour = {};
    const good = runtimeThat().runtime;
    const stopped = new AppError({ code: "RUNTIME_STOPPED", message: "stopped", actor: "user" });
    const run = async (request: RunRequest) => {
      if (behaviour.throws) throw behaviour.throws;
      return good.run(request);
    };
    let cuts = 0;
    const { it, tested } = await running([{ ...good, run } as DeviceRuntime], {
      onStart: () => cuts++,
    });
    await expect.poll(() => tested).toHaveLength(1);
    behaviour.throws = stopped;
    it.testAnew();
    await expect.poll(() => cuts).toBe(2);
    await it.runDue(new AbortController().signal); // The queue is through.
    delete behaviour.throws;
    it.lookAgain();
    await expect.poll(() => tested).toEqual(["GPU-1 passed", "GPU-1 passed"]);
  });
});
