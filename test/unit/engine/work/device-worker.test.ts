import { describe, expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { ModelStore } from "../../../../src/engine/models/store.ts";
import { ModelNotLoaded } from "../../../../src/engine/runtime-client/answers.ts";
import type {
  DeviceRuntime,
  RunAnswer,
  RunRequest,
} from "../../../../src/engine/runtime-client/device-runtime.ts";
import { judgeLease } from "../../../../src/engine/work/admission.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { DeviceWorker } from "../../../../src/engine/work/device-worker.ts";
import { ModelMemory } from "../../../../src/engine/work/model-memory.ts";
import { encodeEmbedResult } from "../../../../src/shared/canonical.ts";
import { sha3_256, sha3_512 } from "../../../../src/shared/digest.ts";
import { AppError, type AppErrorInit, type ErrorCode } from "../../../../src/shared/errors.ts";
import type { ItemResult } from "../../../../src/shared/runtime/protocol.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const MODEL = {
  id: "text-embed-001",
  version: "1",
  task: "embed",
  embed: { maxTokens: 256 },
  files: [],
  precision: "fp32",
  vramMb: 1000,
};
const TABLE = [
  { freeMb: 0, jobs: 2 },
  { freeMb: 4000, jobs: 8 },
];
const resolved = (id: string) => ({
  model: { ...MODEL, id, batchTable: TABLE },
  spec: { id },
  manifestSha256: "0".repeat(64),
});

interface Asked {
  readonly model: string;
  readonly keys: string[];
  readonly texts: (readonly string[])[];
  readonly deadlineMs: number;
  /** With no memory for those named. */
  readonly answer: (failing?: readonly string[]) => void;
  /** Every item failed in this way. */
  readonly failAll: (code: string, retryable?: boolean) => void;
  readonly reject: (error: AppError) => void;
}

/** A GPU whose runtime answers when the test says so. */
function scriptedRuntime(id: string) {
  const asked: Asked[] = [];
  let held = false;
  const runtime = {
    device: { id, kind: "gpu", name: id },
    get status() {
      return { state: asked.length > 0 ? "working" : "ready", pid: 4711, runtimeClass: null, reason: null };
    },
    onStatus: () => () => undefined,
    holds: () => held,
    canRun: () => true,
    run: ({ model, items, deadlineMs }: RunRequest) =>
      new Promise<RunAnswer>((resolve, reject) => {
        const keys = items.map(({ key }) => key);
        const answerWith = (results: ItemResult[]) =>
          resolve({
            items: results,
            inferMs: 1,
            totalMs: 2,
            runtimeClass: {
              backend: "cuda",
              reason: null,
              skipped: [],
              onnxruntime: "1.29.0",
              node: "24",
              threads: 1,
              hardware: id,
            },
          });
        asked.push({
          model: model?.id ?? "",
          keys,
          texts: items.map(({ work }) => (work.kind === "embed" ? work.texts : [])),
          deadlineMs,
          answer: (failing = []) => {
            held = true;
            answerWith(keys.map((key) => (failing.includes(key) ? outOfMemory(key) : done(key))));
          },
          failAll: (code, retryable = true) => answerWith(keys.map((key) => failed(key, code, retryable))),
          reject,
        });
      }),
  } as unknown as DeviceRuntime;
  return { runtime, asked };
}

function done(key: string): ItemResult {
  const bytes = encodeEmbedResult({ shape: [1, 3], data: Float32Array.of(0.25, -1, 2) });
  const digests = { sha3_512: sha3_512(bytes), sha3_256: sha3_256(bytes) };
  return { key, ok: true, bytes, ...digests, shape: [1, 3], tokens: 3 };
}

const failed = (key: string, code: string, retryable: boolean): ItemResult => ({
  key,
  ok: false,
  error: { code, message: `It failed with ${code}`, actor: "machine" },
  retryable,
});
const outOfMemory = (key: string) => failed(key, "OUT_OF_MEMORY", true);

const machineError = (code: ErrorCode, more: Partial<AppErrorInit> = {}) =>
  new AppError({ code, message: "It went wrong", actor: "machine", retryable: true, ...more });

interface Setting {
  freeMb?: number | null;
  ownMb?: number | null;
  /** Its self-test found the model's answers wrong. */
  distrusts?: boolean;
  jobMaxRuntimeMs?: number;
  batchSize?: number | null;
  latencyBudgetMs?: number;
}

/** A board and one worker for each device named. */
async function machine(devices: Record<string, Setting>) {
  const ledger = await Ledger.open(tempFolder());
  const clock = { now: 10_000 };
  const now = () => clock.now;
  const memory = new ModelMemory({ needs: ledger.modelNeeds, now });
  const workers: DeviceWorker[] = [];
  /** What the engine does of it is compose/work.ts. */
  const healthChanges: string[] = [];
  const board = new WorkBoard({
    ledger,
    now,
    admit: (lease) =>
      judgeLease(lease, {
        taskOf: (name) => {
          const troubles = workers.map((worker) => worker.modelTrouble(name));
          const [trouble] = troubles;
          if (trouble && !troubles.includes(null)) throw trouble;
          return "embed";
        },
        memoryShortage: (name) => {
          const reasons = workers.map((worker) => worker.memoryShortage(resolved(name).model as never));
          return reasons.includes(null) ? null : (reasons[0] ?? null);
        },
        allowUnpaid: false,
        now,
      }),
  });
  const runtimes = Object.keys(devices).map((id) => scriptedRuntime(id));
  /** Models whose files are no longer right. */
  const gone = new Set<string>();
  const stopping = new AbortController();
  const loops = runtimes.map(({ runtime }) => {
    const { id } = runtime.device;
    const worker = new DeviceWorker({
      runtime,
      board,
      ledger,
      memory,
      models: {
        resolve: resolved,
        find: (name: string) => resolved(name).model,
        offeredNames: () => [MODEL.id],
        verify: async (name: string) => {
          if (gone.has(name)) throw machineError("MODEL_CORRUPT", { retryable: false });
        },
      } as unknown as ModelStore,
      signer: { publicKey: new Uint8Array(1952), sign: () => new Uint8Array(3309) },
      providerIdAt: () => "me",
      batchSize: devices[id]?.batchSize === undefined ? 2 : devices[id].batchSize,
      latencyBudgetMs: devices[id]?.latencyBudgetMs ?? 5,
      onHealth: () => healthChanges.push(id),
      freeMemoryMb: () => devices[id]?.freeMb ?? null,
      ownMemory: {
        get mb() {
          return devices[id]?.ownMb ?? null;
        },
        get toldMb() {
          return devices[id]?.ownMb ?? null;
        },
      },
      others: () => Object.keys(devices).filter((other) => other !== id),
      isReserved: () => false,
      isPaused: () => false,
      isDistrusted: () => devices[id]?.distrusts === true,
      jobMaxRuntimeMs: devices[id]?.jobMaxRuntimeMs,
      noGpuReason: null,
      now,
    });
    workers.push(worker);
    return worker.run(stopping.signal);
  });
  onTestFinished(async () => {
    stopping.abort();
    for (const { asked } of runtimes) for (const { answer } of asked) answer();
    await Promise.all(loops);
    ledger.close();
  });
  const asked = (index: number) => runtimes[index]?.asked ?? [];
  const stateOf = (leaseId: string) => ledger.leases.find(leaseId)?.job.state;
  const errorOf = (leaseId: string) => ledger.leases.find(leaseId)?.job.error?.code;
  return { board, ledger, memory, asked, stateOf, errorOf, gone, devices, workers, clock, healthChanges };
}

const view = (worker: DeviceWorker | undefined) =>
  worker?.view({ temperatureC: null, powerW: null, utilisationPct: null, memoryUsedMb: null } as never);

/** Whatever was about to happen has happened. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The batch at that place, as soon as it is there. */
async function batchAt(asked: () => Asked[], place: number): Promise<Asked> {
  await expect.poll(() => asked().length).toBeGreaterThan(place);
  const batch = asked()[place];
  if (batch === undefined) throw new Error(`There is no batch ${place}`);
  return batch;
}

const leases = (...ids: string[]) => ids.map((leaseId) => aLease({ leaseId, expiresAt: null }));

test("a full second batch is in the process while the first one runs; one that may still grow waits", async () => {
  const { board, asked, stateOf } = await machine({ "GPU-1": {} });
  board.grant(leases("a1", "a2", "a3", "a4", "a5"));
  await expect.poll(() => asked(0).length).toBe(2);
  expect(asked(0).map(({ keys }) => keys.length)).toEqual([2, 2]);
  expect(stateOf("a5")).toBe("admitted");

  asked(0)[0]?.answer();
  await expect.poll(() => stateOf("a2")).toBe("computed");
  expect(asked(0), "one job is no full batch").toHaveLength(2);
  board.grant(leases("a6"));
  await expect.poll(() => asked(0).length).toBe(3);
  expect(asked(0)[2]?.keys).toHaveLength(2);
});

test("a job alone runs alone, at once", async () => {
  const { board, asked } = await machine({ "GPU-1": {} });
  board.grant(leases("b1"));
  await expect.poll(() => asked(0).length).toBe(1);
  board.grant(leases("b2"));
  asked(0)[0]?.answer();
  await expect.poll(() => asked(0).length).toBe(2);
});

test("what ran out of memory goes to the other device, by itself", async () => {
  const { board, asked, stateOf } = await machine({ "GPU-1": {}, "GPU-2": {} });
  board.grant(leases("c1", "c2"));
  await expect.poll(() => asked(0).length + asked(1).length).toBeGreaterThan(0);
  const first = asked(0).length > 0 ? 0 : 1;
  const [batch] = asked(first);
  expect(batch?.keys).toHaveLength(2);
  batch?.answer(batch.keys);
  const other = () => asked(1 - first);
  for (const place of [0, 1]) {
    const alone = await batchAt(other, place);
    expect(alone.keys).toHaveLength(1);
    alone.answer();
  }
  await expect.poll(() => [stateOf("c1"), stateOf("c2")]).toEqual(["computed", "computed"]);
  expect(asked(first)).toHaveLength(1);
});

test("on the only device it is tried again alone, and fails when that is no help", async () => {
  const { board, asked, stateOf } = await machine({ "GPU-1": {} });
  board.grant(leases("d1"));
  for (let run = 0; run < 3; run += 1) {
    await expect.poll(() => asked(0).length).toBe(run + 1);
    const batch = asked(0)[run];
    batch?.answer(batch.keys);
  }
  await expect.poll(() => stateOf("d1")).toBe("failed");
});

test("a model that fits on no device is declined with the figures, and taken again when it fits", async () => {
  const { board, ledger, asked, stateOf, devices } = await machine({ "GPU-1": { freeMb: 900 } });
  board.grant(leases("e1"));
  expect(ledger.leases.find("e1")?.job).toMatchObject({
    state: "returned",
    error: {
      code: "MEMORY_SHORT",
      message: "text-embed-001 needs 1000 MiB of GPU memory and 128 MiB to spare, and 900 MiB are free",
    },
  });
  devices["GPU-1"] = { freeMb: 1200 };
  board.grant(leases("e2"));
  await expect.poll(() => asked(0).length).toBe(1);
  asked(0)[0]?.answer();
  await expect.poll(() => stateOf("e2")).toBe("computed");
  // In memory now, it needs no more of it.
  devices["GPU-1"] = { freeMb: 10 };
  board.grant(leases("e3"));
  await expect.poll(() => asked(0).length).toBe(2);
});

test("only the device with the memory takes the job; what our own process holds it may give up", async () => {
  const { board, asked } = await machine({
    "GPU-1": { freeMb: 500, ownMb: 100 },
    "GPU-2": { freeMb: 500, ownMb: 700 },
  });
  board.grant(leases("f1"));
  await expect.poll(() => asked(1).length).toBe(1);
  expect(asked(0)).toHaveLength(0);
});

test("a job whose memory went away while it waited is given back", async () => {
  const { board, stateOf, devices, asked } = await machine({ "GPU-1": { freeMb: 2000 } });
  board.grant(leases("g1"));
  await expect.poll(() => asked(0).length).toBe(1);
  board.grant(leases("g2"));
  devices["GPU-1"] = { freeMb: 100 };
  board.judgeAgain();
  expect(stateOf("g2")).toBe("returned");
});

test("a device whose self-test failed with a model leaves its jobs to the others", async () => {
  const { board, asked, stateOf, devices } = await machine({ bad: { distrusts: true }, good: {} });
  board.grant(leases("t1"));
  await expect.poll(() => asked(1).length).toBe(1);
  expect(asked(0)).toEqual([]);
  asked(1)[0]?.answer();
  await expect.poll(() => stateOf("t1")).toBe("computed");
  // The same card after it passed: it takes part again.
  devices.bad = {};
  board.grant(leases("t2", "t3", "t4"));
  await expect.poll(() => asked(0).length).toBeGreaterThan(0);
});

test("a job may take what its market allows, 90 s where it does not say, and never more than we do", async () => {
  const allowed = async (maxRuntimeMs: number | null, jobMaxRuntimeMs?: number) => {
    const { board, asked } = await machine({ one: jobMaxRuntimeMs === undefined ? {} : { jobMaxRuntimeMs } });
    board.grant([aLease({ maxRuntimeMs })]);
    await expect.poll(() => asked(0).length).toBe(1);
    return asked(0)[0]?.deadlineMs;
  };
  const [unsaid, longer, capped, tighter] = await Promise.all([
    allowed(null),
    allowed(600_000),
    allowed(600_000, 60_000),
    allowed(30_000, 60_000),
  ]);
  // The grace for a hanging process is on top of all of them.
  const grace = (unsaid ?? 0) - 90_000;
  expect(grace).toBeGreaterThan(0);
  expect([longer, capped, tighter]).toEqual([600_000 + grace, 60_000 + grace, 30_000 + grace]);
});

test("large jobs run one by one until it is known how quick the device is, and then together", async () => {
  const { board, asked } = await machine({ one: {} });
  const texts = Array<string>(2048).fill("x".repeat(48));
  const work = { kind: "embed", texts } as const;
  board.grant(["u1", "u2", "u3", "u4"].map((leaseId) => aLease({ leaseId, expiresAt: null, work })));
  await expect.poll(() => asked(0).map(({ keys }) => keys.length)).toEqual([1, 1]);
  asked(0)[0]?.answer(); // In 2 ms.
  await expect.poll(() => asked(0).map(({ keys }) => keys.length)).toEqual([1, 1, 2]);
});

const GPU = ["GPU-1"] as const;

/** Batches come one after the other and each fails as `fail` has it, until the device rests. Returns how many there were. */
async function failUntilRest(
  { asked, workers }: Awaited<ReturnType<typeof machine>>,
  fail: (batch: Asked) => void,
): Promise<number> {
  for (let place = 0; ; place++) {
    await expect.poll(() => asked(0).length > place || workers[0]?.rest !== null).toBe(true);
    const batch = asked(0)[place];
    if (batch === undefined) return place;
    fail(batch);
  }
}

describe("a device that fails every job", () => {
  test.each([
    ["each item fails on the GPU", (batch: Asked) => batch.failAll("INFERENCE_FAILED")],
    ["each answer is no number", (batch: Asked) => batch.failAll("RESULT_NOT_FINITE")],
    ["its process dies", (batch: Asked) => batch.reject(machineError("RUNTIME_CRASHED"))],
    ["its process hangs", (batch: Asked) => batch.reject(machineError("RUNTIME_HUNG"))],
  ])("rests after three failures (%s), and none of its jobs is lost", async (_, fail) => {
    const scene = await machine({ [GPU[0]]: {} });
    const { board, asked, stateOf, workers, healthChanges } = scene;
    board.grant(leases("a1", "a2", "a3", "a4"));
    // What was under way when the third came to nothing is one more.
    const batches = await failUntilRest(scene, fail);
    expect([3, 4]).toContain(batches);
    expect(healthChanges).toEqual(["GPU-1"]);
    expect(view(workers[0])).toMatchObject({
      state: "breaker",
      stateReason: expect.stringContaining("Resting for 3 min after 3 failures in a row: It "),
    });
    expect(["a1", "a2", "a3", "a4"].map(stateOf)).toEqual(["admitted", "admitted", "admitted", "admitted"]);
    expect(asked(0), "it takes nothing more").toHaveLength(batches);
  });

  test("is tried with one job after its rest, works on when that comes out, and rests longer when not", async () => {
    const scene = await machine({ [GPU[0]]: {} });
    const { board, asked, stateOf, workers, clock, healthChanges } = scene;
    board.grant(leases("b1", "b2", "b3", "b4", "b5", "b6"));
    const batches = await failUntilRest(scene, (batch) => batch.failAll("INFERENCE_FAILED"));

    board.giveBack("No device works", { running: false }); // As the engine does it then.

    clock.now += 3 * 60_000 - 1;
    board.grant(leases("b7", "b8", "b9"));
    await turn();
    expect(asked(0)).toHaveLength(batches);
    clock.now += 1;
    board.workReady.ring();
    const trial = await batchAt(() => asked(0), batches);
    expect(trial.keys).toHaveLength(1);
    expect(healthChanges).toHaveLength(2);
    expect(asked(0), "nothing behind it").toHaveLength(batches + 1);
    trial.failAll("INFERENCE_FAILED");
    await expect.poll(() => workers[0]?.rest?.text).toContain("Resting for 6 min");

    clock.now += 6 * 60_000;
    board.workReady.ring();
    (await batchAt(() => asked(0), batches + 1)).answer();
    // It has proved itself: full batches again.
    const jobs = ["b7", "b8", "b9"];
    const allComputed = () => {
      for (const { answer } of asked(0)) answer();
      return jobs.every((job) => stateOf(job) === "computed");
    };
    await expect.poll(allComputed).toBe(true);
    expect(view(workers[0])?.state).not.toBe("breaker");
  });

  test("does not rest for one job that fails again and again", async () => {
    const { board, asked, stateOf, workers } = await machine({ [GPU[0]]: {} });
    board.grant(leases("bad"));
    for (const place of [0, 1, 2]) (await batchAt(() => asked(0), place)).failAll("INFERENCE_FAILED");
    await expect.poll(() => stateOf("bad")).toBe("failed");
    expect(workers[0]?.rest).toBeNull();
  });

  test("leaves its jobs to another one", async () => {
    const { board, asked, stateOf } = await machine({ "GPU-1": {}, "GPU-2": {} });
    board.grant(leases("c1", "c2"));
    await expect.poll(() => asked(0).length + asked(1).length).toBeGreaterThan(0);
    const first = asked(0).length > 0 ? 0 : 1;
    asked(first)[0]?.failAll("INFERENCE_FAILED");
    for (const place of [0, 1]) (await batchAt(() => asked(1 - first), place)).answer();
    await expect.poll(() => [stateOf("c1"), stateOf("c2")]).toEqual(["computed", "computed"]);
  });

  test("that can't be started at all rests at once, and hands its jobs to their market", async () => {
    const { board, asked, stateOf, errorOf, workers } = await machine({ [GPU[0]]: {} });
    board.grant(leases("d1", "d2"));
    const error = machineError("CUDA_UNAVAILABLE", {
      message: "CUDA can't be used: libcublasLt.so.13 is missing",
    });
    (await batchAt(() => asked(0), 0)).reject(AppError.fromValue(error.toValue(), { retryable: false }));
    await expect.poll(() => stateOf("d1")).toBe("returned");
    expect([stateOf("d2"), errorOf("d1")]).toEqual(["returned", "CUDA_UNAVAILABLE"]);
    expect(workers[0]?.rest?.text).toContain("libcublasLt");
  });

  test("whose process is not to be started yet waits as long as that takes, and no job counts it as a failure", async () => {
    const { board, asked, stateOf, workers, clock } = await machine({ [GPU[0]]: {} });
    board.grant(leases("e1"));
    for (const place of [0, 1, 2, 3, 4]) {
      const batch = await batchAt(() => asked(0), place);
      batch.reject(machineError("RUNTIME_BACKING_OFF", { message: "Later", retryAfterMs: 20_000 }));
      await expect.poll(() => workers[0]?.rest?.until).toBe(clock.now + 20_000);
      expect(stateOf("e1")).toBe("admitted");
      clock.now += 20_000;
      board.workReady.ring();
    }
    (await batchAt(() => asked(0), 5)).answer();
    await expect.poll(() => stateOf("e1")).toBe("computed");
  });
});

describe("a model that does not run on a device", () => {
  const notLoadable = () =>
    new ModelNotLoaded({ code: "MODEL_NOT_LOADABLE", message: "It is cut short", actor: "machine" });
  const jobOf = (model: string, leaseId: string) => aLease({ leaseId, model, expiresAt: null });

  test("rests alone: the device goes on with the others", async () => {
    const { board, asked, stateOf, errorOf, workers, healthChanges } = await machine({ [GPU[0]]: {} });
    board.grant([jobOf("broken", "x1"), jobOf("broken", "x2"), jobOf("broken", "x3")]);
    (await batchAt(() => asked(0), 0)).reject(notLoadable());
    await expect.poll(() => stateOf("x1")).toBe("returned");
    await expect.poll(() => errorOf("x1")).toBe("MODEL_NOT_LOADABLE");
    board.judgeAgain();
    expect([stateOf("x2"), stateOf("x3")], "with no device for it, they go back").toEqual([
      "returned",
      "returned",
    ]);
    expect(healthChanges).toEqual(["GPU-1"]);
    expect(view(workers[0])).toMatchObject({
      state: "working",
      stateReason: "broken is not run here for a while: It is cut short",
    });

    board.grant([jobOf("broken", "x4"), jobOf("good", "y1")]);
    expect(stateOf("x4"), "nothing new is taken for it").toBe("returned");
    (await batchAt(() => asked(0), 1)).answer();
    await expect.poll(() => stateOf("y1")).toBe("computed");
  });

  test.each(["MODEL_MISSING", "MODEL_CORRUPT", "MODEL_UNSAFE"] as const)(
    "because its files are gone or changed (%s) rests nowhere: it is not here, and as soon as it is, it runs",
    async (code) => {
      const { board, asked, stateOf, errorOf, workers, gone, healthChanges } = await machine({
        [GPU[0]]: {},
      });
      const unreadable = () => new ModelNotLoaded({ code, message: "Not as it was", actor: "machine" });
      gone.add("moved");
      board.grant([jobOf("moved", "g1")]);
      (await batchAt(() => asked(0), 0)).reject(unreadable());
      await expect.poll(() => stateOf("g1")).toBe("returned");
      expect(errorOf("g1")).toBe(code);
      expect(workers[0]?.modelTrouble("moved")).toBeNull();
      expect(healthChanges).toEqual([]);

      gone.delete("moved");
      board.grant([jobOf("moved", "g2")]);
      (await batchAt(() => asked(0), 1)).answer();
      await expect.poll(() => stateOf("g2")).toBe("computed");

      // The store finds nothing wrong with them: then it is the device that can't read them.
      board.grant([jobOf("moved", "g3")]);
      (await batchAt(() => asked(0), 2)).reject(unreadable());
      await expect.poll(() => stateOf("g3")).toBe("returned");
      expect(workers[0]?.modelTrouble("moved")?.code).toBe(code);
    },
  );

  test("is computed by the device where it loads", async () => {
    const { board, asked, stateOf } = await machine({ "GPU-1": {}, "GPU-2": {} });
    board.grant([jobOf("picky", "z1")]);
    await expect.poll(() => asked(0).length + asked(1).length).toBe(1);
    const first = asked(0).length > 0 ? 0 : 1;
    asked(first)[0]?.reject(notLoadable());
    (await batchAt(() => asked(1 - first), 0)).answer();
    await expect.poll(() => stateOf("z1")).toBe("computed");
  });

  test("is tried again after its rest", async () => {
    const { board, asked, stateOf, clock } = await machine({ [GPU[0]]: {} });
    board.grant([jobOf("broken", "w1")]);
    (await batchAt(() => asked(0), 0)).reject(notLoadable());
    await expect.poll(() => stateOf("w1")).toBe("returned");
    clock.now += 3 * 60_000;
    board.grant([jobOf("broken", "w2")]);
    (await batchAt(() => asked(0), 1)).answer();
    await expect.poll(() => stateOf("w2")).toBe("computed");
  });

  test("for lack of memory is no fault of its jobs: they go elsewhere or back, until there is more", async () => {
    const scene = await machine({ [GPU[0]]: { freeMb: 3000 } });
    const { board, asked, stateOf, errorOf, ledger, devices, workers } = scene;
    const noRoom = () =>
      new ModelNotLoaded({
        code: "OUT_OF_MEMORY",
        message: "CUDA failure 2: out of memory",
        actor: "machine",
      });
    board.grant([jobOf("large", "o1"), jobOf("large", "o2")]);
    (await batchAt(() => asked(0), 0)).reject(noRoom());
    await expect.poll(() => [stateOf("o1"), stateOf("o2")]).toEqual(["returned", "returned"]);
    expect(errorOf("o1")).toBe("MEMORY_SHORT");
    expect(ledger.leases.find("o1")?.job.error?.message).toBe(
      "large found no room in 3000 MiB of GPU memory, and 3000 MiB are free",
    );
    expect(workers[0]?.rest).toBeNull();
    board.grant([jobOf("large", "o3")]);
    expect(stateOf("o3")).toBe("returned");
    devices["GPU-1"] = { freeMb: 4000 };
    board.grant([jobOf("large", "o4")]);
    (await batchAt(() => asked(0), 1)).answer();
    await expect.poll(() => stateOf("o4")).toBe("computed");
  });

  test("rests, too, when its batches fail while those of another model come out", async () => {
    const { board, asked, workers } = await machine({ [GPU[0]]: {} });
    let place = 0;
    for (const round of [1, 2, 3]) {
      board.grant([jobOf("bad", `bad${round}`)]);
      (await batchAt(() => asked(0), place)).failAll("INFERENCE_FAILED", false);
      place++;
      board.grant([jobOf("good", `good${round}`)]);
      (await batchAt(() => asked(0), place)).answer();
      place++;
    }
    await expect.poll(() => workers[0]?.modelTrouble("bad")?.code).toBe("INFERENCE_FAILED");
    expect([workers[0]?.modelTrouble("good"), workers[0]?.rest]).toEqual([null, null]);
  });
});

test("those who were in a batch that took the runtime down run one by one: only the one that does it fails", async () => {
  const { board, asked, stateOf, workers } = await machine({ "GPU-1": { batchSize: 3, freeMb: 5000 } });
  board.grant(leases("f1", "poison", "f3"));
  const poison = (await batchAt(() => asked(0), 0)).keys[1] ?? "";
  asked(0)[0]?.reject(machineError("RUNTIME_CRASHED"));
  const runs: string[][] = [];
  for (let place = 1; stateOf("poison") !== "failed"; place++) {
    const batch = await batchAt(() => asked(0), place);
    runs.push(batch.keys);
    if (batch.keys.includes(poison)) batch.reject(machineError("RUNTIME_CRASHED"));
    else batch.answer();
    await expect.poll(() => asked(0).length > place + 1 || stateOf("poison") === "failed").toBe(true);
  }
  expect(runs.every((keys) => keys.length === 1)).toBe(true);
  expect([stateOf("f1"), stateOf("f3")]).toEqual(["computed", "computed"]);
  expect(workers[0]?.rest).toBeNull();
});

describe("how many jobs run together", () => {
  const nobodySays = { batchSize: null };
  const many = (count: number, prefix: string) =>
    leases(...Array.from({ length: count }, (_, i) => `${prefix}${i}`));

  test("the model's table decides by the free memory, and two full batches are there with the defaults", async () => {
    const { board, asked, workers } = await machine({ "GPU-1": { ...nobodySays, freeMb: 5000 } });
    expect(workers[0]?.appetite).toBe(16);
    board.grant(many(16, "g"));
    await expect.poll(() => asked(0).map(({ keys }) => keys.length)).toEqual([8, 8]);
    expect(workers[0]?.appetite).toBe(16);
  });

  test("what our own process holds counts as free: it gives it up", async () => {
    const { board, asked } = await machine({ "GPU-1": { ...nobodySays, freeMb: 2500, ownMb: 1500 } });
    board.grant(many(8, "h"));
    await expect.poll(() => asked(0)[0]?.keys).toHaveLength(8);
  });

  test("and never more than the person wants", async () => {
    const { board, asked, workers } = await machine({ "GPU-1": { batchSize: 3, freeMb: 5000 } });
    board.grant(many(7, "i"));
    await expect.poll(() => asked(0).map(({ keys }) => keys.length)).toEqual([3, 3]);
    expect(workers[0]?.appetite).toBe(6);
  });

  test("those of like length share a batch when more wait than fit", async () => {
    const { board, asked } = await machine({ "GPU-1": { batchSize: 2, freeMb: 5000 } });
    const text = (leaseId: string, length: number) =>
      aLease({ leaseId, expiresAt: null, work: { kind: "embed", texts: ["x".repeat(length)] } });
    board.grant([text("j1", 10), text("j2", 900), text("j3", 12), text("j4", 880)]);
    await expect.poll(() => asked(0).length).toBe(2);
    expect(asked(0).map(({ texts }) => texts.map(([each]) => each?.length))).toEqual([
      [10, 12],
      [900, 880],
    ]);
  });
});

describe("waiting for company", () => {
  /** Two jobs came together: those that follow are expected to. */
  async function inCompany(latencyBudgetMs: number) {
    const scene = await machine({ "GPU-1": { batchSize: 4, freeMb: 5000, latencyBudgetMs } });
    scene.board.grant(leases("k1", "k2"));
    (await batchAt(() => scene.asked(0), 0)).answer();
    await expect.poll(() => scene.stateOf("k2")).toBe("computed");
    return scene;
  }

  test("ends when the batch is full, long before the time is over", async () => {
    const { board, asked } = await inCompany(60_000);
    board.grant(leases("l1"));
    board.grant(leases("l2", "l3"));
    await turn();
    expect(asked(0), "it may still grow").toHaveLength(1);
    board.grant(leases("l4"));
    expect((await batchAt(() => asked(0), 1)).keys).toHaveLength(4);
  });

  test("ends with the time, and what is there runs", async () => {
    const { board, asked } = await inCompany(30);
    board.grant(leases("m1"));
    board.grant(leases("m2"));
    expect((await batchAt(() => asked(0), 1)).keys).toHaveLength(2);
  });

  test("is for jobs of one model: others that wait make no batch of it any fuller", async () => {
    const { board, asked } = await inCompany(60_000);
    board.grant(leases("n1"));
    board.grant([1, 2, 3].map((n) => aLease({ leaseId: `o${n}`, model: "another", expiresAt: null })));
    await turn();
    expect(asked(0)).toHaveLength(1);
    board.grant(leases("n2", "n3", "n4"));
    expect(await batchAt(() => asked(0), 1)).toMatchObject({ model: "text-embed-001", keys: { length: 4 } });
  });

  test("costs a job that comes alone nothing, once one has come alone", async () => {
    const { board, asked, stateOf } = await inCompany(30);
    board.grant(leases("p1"));
    (await batchAt(() => asked(0), 1)).answer();
    await expect.poll(() => stateOf("p1")).toBe("computed");
    board.grant(leases("p2"));
    await turn();
    expect(asked(0)).toHaveLength(3);
  });
});
