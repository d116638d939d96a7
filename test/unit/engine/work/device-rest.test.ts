import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { DeviceRestDeps } from "../../../../src/engine/work/device-rest.ts";
import { DeviceRest } from "../../../../src/engine/work/device-rest.ts";
import { HOUR } from "../../../../src/shared/durations.ts";

/** Two devices, a board that notes what comes back, and pauses as the test wants them. */
function scene(jobs: { row: number; device: string; state: string }[] = []) {
  const log: string[] = [];
  const paused = new Map<string, string>();
  const failing = new Map<string, string>();
  const states = new Map([
    ["GPU-1", "ready"],
    ["GPU-2", "ready"],
  ]);
  const member = (id: string) => ({
    runtime: {
      device: { id, name: id },
      get status() {
        return { state: states.get(id) };
      },
      stop: async () => void log.push(`stop ${id}`),
      killNow: () => void log.push(`kill ${id}`),
    },
  });
  const members = [member("GPU-1"), member("GPU-2")];
  let ready = 0;
  const deps = {
    fleet: { members, find: (id: string) => members.find(({ runtime }) => runtime.device.id === id) },
    board: {
      held: () => jobs,
      readyCount: () => ready,
      workReady: { ring: () => log.push("ring") },
      putBack: (leases: { row: number }[], why: string) =>
        log.push(...leases.map(({ row }) => `put back ${row}: ${why}`)),
      giveBack: (why: string, { running, device }: { running: boolean; device?: string }) =>
        log.push(`give back ${running ? `what runs on ${device}` : "what waits"}: ${why}`),
    },
    restOf: (id: string) => paused.get(id) ?? null,
    idleReason: (id: string) => paused.get(id) ?? failing.get(id) ?? null,
    canWork: (id: string) => !paused.has(id) && !failing.has(id),
  } as unknown as DeviceRestDeps;
  const rest = new DeviceRest(deps);
  return {
    rest,
    log,
    states,
    failing,
    pause: (id: string) => {
      paused.set(id, "paused for blender");
      rest.changed(id);
    },
    resume: (id: string) => {
      paused.delete(id);
      rest.changed(id);
    },
    wait: (count: number) => {
      ready = count;
    },
  };
}

describe("a device that is paused", () => {
  test("without work frees its memory at once, and touches nobody else", async () => {
    const { rest, log, pause } = scene();
    pause("GPU-1");
    await rest.settled();
    expect(log).toEqual(["stop GPU-1"]);
  });

  test("lets what runs end in its time", async () => {
    const job = { row: 1, device: "GPU-1", state: "running" };
    const { rest, log, states, pause } = scene([job]);
    states.set("GPU-1", "working");
    pause("GPU-1");
    states.set("GPU-1", "ready");
    job.state = "computed";
    await rest.settled();
    expect(log).toEqual(["stop GPU-1"]);
  });

  test.each(["ready", "failed", "asleep"])(
    "leaves no job of it running that it has taken while its process is %s: its model loads, or its start waits",
    async (state) => {
      const { rest, log, states, pause } = scene([{ row: 1, device: "GPU-1", state: "running" }]);
      states.set("GPU-1", state);
      pause("GPU-1");
      await rest.settled();
      expect(log).toEqual(["stop GPU-1", "put back 1: GPU-1: paused for blender"]);
    },
  );

  test("is ended hard when that takes too long, and another device does its jobs, and only its", async () => {
    const { rest, log, states, pause } = scene([
      { row: 1, device: "GPU-1", state: "running" },
      { row: 2, device: "GPU-2", state: "running" },
      { row: 3, device: "GPU-1", state: "computed" },
    ]);
    states.set("GPU-1", "working");
    pause("GPU-1");
    await rest.settled();
    expect(log).toEqual(["kill GPU-1", "put back 1: GPU-1: paused for blender"]);
  });

  test("is ended as soon although the clock is set back by hours meanwhile", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const { rest, log, states, pause } = scene();
    states.set("GPU-1", "working");
    pause("GPU-1");
    vi.setSystemTime(Date.now() - 5 * HOUR);
    await rest.settled();
    expect(log).toEqual(["kill GPU-1"]);
  });

  test("gives back what waits and what can't end when no other device works", async () => {
    const { rest, log, states, pause, wait } = scene([{ row: 2, device: "GPU-2", state: "running" }]);
    pause("GPU-1");
    await rest.settled();
    log.length = 0;
    wait(3);
    states.set("GPU-2", "working");
    pause("GPU-2");
    await rest.settled();
    expect(log).toEqual([
      "give back what waits: GPU-1: paused for blender",
      "kill GPU-2",
      "give back what runs on GPU-2: GPU-2: paused for blender",
    ]);
  });

  test("jobs that have not begun go back, too, when the last device rests after failures; nothing is ended for that", async () => {
    const { rest, log, failing, wait } = scene();
    wait(2);
    failing.set("GPU-1", "3 failures in a row");
    rest.giveBackIfIdle();
    expect(log, "the other device has them").toEqual([]);
    failing.set("GPU-2", "3 failures in a row");
    rest.giveBackIfIdle();
    expect(log).toEqual(["give back what waits: GPU-1: 3 failures in a row"]);
  });

  test("goes on working when the pause ends before what runs did", async () => {
    const { rest, log, states, pause, resume } = scene([{ row: 1, device: "GPU-1", state: "running" }]);
    states.set("GPU-1", "working");
    pause("GPU-1");
    resume("GPU-1");
    await rest.settled();
    expect(log).toEqual(["ring"]);
  });
});
