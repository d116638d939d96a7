import { expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { ModelStore } from "../../../../src/engine/models/store.ts";
import type {
  DeviceRuntime,
  RunAnswer,
  RunRequest,
} from "../../../../src/engine/runtime-client/runtime-client.ts";
import { judgeLease } from "../../../../src/engine/work/admission.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { DeviceWorker } from "../../../../src/engine/work/device-worker.ts";
import { ModelMemory } from "../../../../src/engine/work/model-memory.ts";
import { encodeEmbedResult } from "../../../../src/shared/canonical.ts";
import { sha3_256, sha3_512 } from "../../../../src/shared/digest.ts";
import type { ItemResult } from "../../../../src/shared/runtime/protocol.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const MODEL = {
  id: "text-embed-001",
  version: "1",
  task: "embed",
  files: [],
  precision: "fp32",
  vramMb: 1000,
};
const RESOLVED = {
  model: { ...MODEL, batchTable: [{ freeMb: 0, jobs: 2 }] },
  spec: { id: MODEL.id },
  manifestSha256: "0".repeat(64),
};

/** A GPU whose runtime answers when the test says so. */
function scriptedRuntime(id: string) {
  const asked: {
    keys: string[];
    deadlineMs: number;
    answer: (failing?: readonly string[]) => void;
  }[] = [];
  let held = false;
  const runtime = {
    device: { id, kind: "gpu", name: id },
    get status() {
      return { state: asked.length > 0 ? "working" : "ready", pid: 4711, runtimeClass: null, reason: null };
    },
    onStatus: () => () => undefined,
    holds: () => held,
    run: ({ items, deadlineMs }: RunRequest) =>
      new Promise<RunAnswer>((resolve) => {
        const keys = items.map(({ key }) => key);
        asked.push({
          keys,
          deadlineMs,
          answer: (failing = []) => {
            held = true;
            resolve({
              items: keys.map((key) => (failing.includes(key) ? outOfMemory(key) : done(key))),
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
          },
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

const outOfMemory = (key: string): ItemResult => ({
  key,
  ok: false,
  error: { code: "OUT_OF_MEMORY", message: "No memory left on the GPU", actor: "machine" },
});

interface Setting {
  freeMb?: number | null;
  ownMb?: number | null;
  /** Its self-test found the model's answers wrong. */
  distrusts?: boolean;
  jobMaxRuntimeMs?: number;
}

/** A board and one worker for each device named. */
async function machine(devices: Record<string, Setting>) {
  const ledger = await Ledger.open(tempFolder());
  const memory = new ModelMemory();
  const workers: DeviceWorker[] = [];
  const board = new WorkBoard({
    ledger,
    now: () => 10_000,
    admit: (lease) =>
      judgeLease(lease, {
        taskOf: () => "embed",
        memoryShortage: () => {
          const reasons = workers.map((worker) => worker.memoryShortage(RESOLVED.model as never));
          return reasons.includes(null) ? null : (reasons[0] ?? null);
        },
        allowUnpaid: false,
        now: () => 10_000,
      }),
  });
  const runtimes = Object.keys(devices).map((id) => scriptedRuntime(id));
  const stopping = new AbortController();
  const loops = runtimes.map(({ runtime }) => {
    const { id } = runtime.device;
    const worker = new DeviceWorker({
      runtime,
      board,
      ledger,
      memory,
      models: { resolve: () => RESOLVED } as unknown as ModelStore,
      signer: { publicKey: new Uint8Array(1952), sign: () => new Uint8Array(3309) },
      providerIdAt: () => "me",
      batchSize: 2,
      freeMemoryMb: () => devices[id]?.freeMb ?? null,
      ownMemoryMb: () => devices[id]?.ownMb ?? null,
      others: () => Object.keys(devices).filter((other) => other !== id),
      isReserved: () => false,
      isPaused: () => false,
      isDistrusted: () => devices[id]?.distrusts === true,
      jobMaxRuntimeMs: devices[id]?.jobMaxRuntimeMs,
      noGpuReason: null,
      now: () => 10_000,
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
  return { board, ledger, memory, asked, stateOf, devices };
}

const leases = (...ids: string[]) => ids.map((leaseId) => aLease({ leaseId }));

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
  const other = 1 - first;
  await expect.poll(() => asked(other).length).toBe(1);
  expect(asked(other)[0]?.keys).toHaveLength(1);
  asked(other)[0]?.answer();
  await expect.poll(() => asked(other).length).toBe(2);
  asked(other)[1]?.answer();
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
