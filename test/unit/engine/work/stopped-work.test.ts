/** A device is stopped under a batch: real board, worker and client, and a process that goes wrong on demand. */
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { ModelStore } from "../../../../src/engine/models/store.ts";
import { RuntimeClient } from "../../../../src/engine/runtime-client/runtime-client.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { DeviceRest, type DeviceRestDeps } from "../../../../src/engine/work/device-rest.ts";
import { DeviceWorker } from "../../../../src/engine/work/device-worker.ts";
import { ModelMemory } from "../../../../src/engine/work/model-memory.ts";
import { ForkProcessHost } from "../../../../src/host/fork-host.ts";
import { aLease } from "../../../support/leases.ts";
import { expect, onTestFinished, sideBySide } from "../../../support/side-by-side.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

sideBySide();

const MISBEHAVING = fileURLToPath(new URL("../../../fixtures/runtime/misbehaving.ts", import.meta.url));

const modelNamed = (id: string) => ({
  model: { id, version: "1", task: "embed", embed: { maxTokens: 8 }, files: [], vramMb: 100, batchTable: [] },
  spec: {
    id,
    version: "1",
    folder: "/nowhere",
    files: [],
    task: "embed",
    embed: { graph: "g", tokenizer: "t", dimensions: 1, maxTokens: 8, pooling: "mean", normalise: true },
  },
  manifestSha256: "0".repeat(64),
});

/** `devices`: ids that the process knows what to make of. */
async function machine(...devices: string[]) {
  const ledger = await Ledger.open(tempFolder());
  const now = () => Date.now();
  const memory = new ModelMemory({ needs: ledger.modelNeeds, now });
  const paused = new Map<string, string>();
  const canWork = (id: string) => !paused.has(id);
  const board = new WorkBoard({ ledger, now, admit: () => ({ kind: "admit" }) });
  const members = devices.map((id) => {
    const runtime = new RuntimeClient({
      device: {
        id,
        kind: "cpu",
        index: 0,
        name: id,
        memoryTotalMb: null,
        driverVersion: null,
        computeCap: null,
        sensorId: null,
      },
      host: new ForkProcessHost(),
      entry: MISBEHAVING,
      backend: "auto",
      threads: 1,
      keepAliveMs: 60_000,
    });
    const worker = new DeviceWorker({
      runtime,
      board,
      ledger,
      memory,
      models: {
        resolve: modelNamed,
        find: (name: string) => modelNamed(name).model,
        offeredNames: () => [],
      } as unknown as ModelStore,
      signer: { publicKey: new Uint8Array(1952), sign: () => new Uint8Array(3309) },
      providerIdAt: () => "me",
      batchSize: 2,
      latencyBudgetMs: 5,
      freeMemoryMb: () => null,
      ownMemory: { mb: null, toldMb: null },
      others: () => devices.filter((other) => other !== id && canWork(other)),
      isReserved: () => false,
      isPaused: () => paused.has(id),
      noGpuReason: null,
      now,
    });
    return { runtime, worker };
  });
  const rest = new DeviceRest({
    fleet: { members, find: (id: string) => members.find(({ runtime }) => runtime.device.id === id) },
    board,
    restOf: (id) => paused.get(id) ?? null,
    idleReason: (id) => paused.get(id) ?? null,
    canWork,
  } as DeviceRestDeps);
  const stopping = new AbortController();
  const loops = members.map(({ worker }) => worker.run(stopping.signal));
  onTestFinished(async () => {
    stopping.abort();
    await Promise.all(members.map(({ runtime }) => runtime.stop(AbortSignal.abort())));
    await Promise.all(loops);
    ledger.close();
  });
  const states = () => board.held().map(({ leaseId, state }) => `${leaseId} ${state}`);
  return {
    board,
    rest,
    members,
    states,
    stateOf: (leaseId: string) => ledger.leases.find(leaseId)?.job.state,
    /** Resolves when the device is free. */
    pause: async (id: string) => {
      paused.set(id, "paused for blender");
      rest.changed(id);
      await rest.settled();
    },
    resume: (id: string) => {
      paused.delete(id);
      rest.changed(id);
    },
  };
}

const jobOf = (model: string, leaseId: string) => aLease({ leaseId, model, expiresAt: null });
const first = <T>(list: readonly T[]): T => {
  const [one] = list;
  if (one === undefined) throw new Error("There is none");
  return one;
};

describe.concurrent("a pause that comes while nothing is computed yet", () => {
  test("a model that loads: its jobs go back to their market when no other device works", async () => {
    const { board, members, stateOf, states, pause } = await machine("cpu");
    board.grant([jobOf("slow to load", "a1"), jobOf("slow to load", "a2")]);
    const { runtime } = first(members);
    await expect.poll(() => runtime.status.state, { timeout: 10_000 }).toBe("ready");
    expect(states()).toEqual(["a1 running", "a2 running"]);
    await pause("cpu");
    await expect.poll(() => [stateOf("a1"), stateOf("a2")]).toEqual(["returned", "returned"]);
    expect(runtime.status.pid).toBeNull();
  });

  test("a process that backs off: its job goes back, too", async () => {
    const { board, members, stateOf, pause } = await machine("dies-at-start");
    board.grant([jobOf("m", "b1")]);
    const { runtime } = first(members);
    const starts: string[] = [];
    runtime.onStatus(({ state }) => starts.push(state));
    const backsOff = () => starts.filter((state) => state === "failed").length === 2 && stateOf("b1");
    await expect.poll(backsOff, { timeout: 10_000, interval: 5 }).toBe("running");
    expect(runtime.status.state).toBe("failed");
    await pause("dies-at-start");
    await expect.poll(() => stateOf("b1")).toBe("returned");
  });

  test("another device takes them over, each exactly once", async () => {
    const { board, members, stateOf, pause } = await machine("one", "two");
    board.grant([jobOf("slow to load", "c1")]);
    await expect.poll(() => board.held()[0]?.device ?? null).not.toBeNull();
    const [{ device } = { device: null }] = board.held();
    const taker = members.find(({ runtime }) => runtime.device.id === device);
    await expect.poll(() => taker?.runtime.status.state, { timeout: 10_000 }).toBe("ready");
    await pause(device ?? "");
    await expect.poll(() => board.held()[0]?.device).not.toBe(device);
    expect(stateOf("c1")).toBe("running");
    // What the stopped device's worker hears of its batch takes nothing from the one that has it now.
    expect(board.held()[0]?.runs).toBe(2);
  });
});

test.concurrent("a process that is replaced under a load (new files of a GPU) is given the same jobs again", async () => {
  const { board, members, states } = await machine("cpu");
  board.grant([jobOf("slow to load", "d1")]);
  const { runtime } = first(members);
  await expect.poll(() => runtime.status.state, { timeout: 10_000 }).toBe("ready");
  const { pid } = runtime.status;
  await runtime.stop(AbortSignal.abort());
  await expect.poll(() => runtime.status.pid ?? pid, { timeout: 10_000 }).not.toBe(pid);
  expect(states()).toEqual(["d1 running"]);
});
