import { describe, expect, test } from "vitest";
import type { DeviceInfo } from "../../../../src/engine/device/device-info.ts";
import type { WorkBoard } from "../../../../src/engine/work/board.ts";
import { DeviceFleet, type FleetMember } from "../../../../src/engine/work/device-fleet.ts";

const device = (id: string, driverVersion = "590"): DeviceInfo => ({
  id,
  kind: "gpu",
  index: 0,
  name: id,
  memoryTotalMb: null,
  driverVersion,
  computeCap: null,
  sensorId: id,
});

/** A fleet of workers that wait until they are told to go, and a board that notes what comes back. */
function fleetOf(...devices: DeviceInfo[]) {
  const log: string[] = [];
  const held = [
    { row: 1, device: "GPU-1", state: "running" },
    { row: 2, device: "GPU-1", state: "computed" },
    { row: 3, device: "GPU-2", state: "running" },
  ];
  const board = {
    held: () => held,
    putBack: (leases: { row: number }[], why: string) =>
      log.push(...leases.map(({ row }) => `put back ${row}: ${why}`)),
  } as unknown as WorkBoard;
  const broken = new Set<string>();
  const enlist = ({ id }: DeviceInfo, count: number): FleetMember => {
    log.push(`enlist ${id} of ${count}`);
    const run = (signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        log.push(`run ${id}`);
        if (broken.has(id)) reject(new Error("a bug"));
        signal.addEventListener("abort", () => {
          log.push(`end ${id}`);
          resolve();
        });
      });
    const runtime = { killNow: () => log.push(`kill ${id}`), stop: async () => log.push(`stop ${id}`) };
    return { runtime, worker: { run, onChange: () => () => undefined } } as unknown as FleetMember;
  };
  const fleet = new DeviceFleet({ enlist, board, onChange: () => log.push("change") }, devices);
  const since = () => log.splice(0);
  return { fleet, since, broken };
}

describe("the fleet", () => {
  test("runs every device until it is told to end", async () => {
    const { fleet, since } = fleetOf(device("GPU-1"), device("GPU-2"));
    const stopping = new AbortController();
    const running = fleet.run(stopping.signal);
    expect(since()).toEqual(["enlist GPU-1 of 2", "enlist GPU-2 of 2", "run GPU-1", "run GPU-2"]);
    stopping.abort();
    await running;
    expect(since()).toEqual(["end GPU-1", "end GPU-2"]);
  });

  test("a device that comes begins to work; the others notice nothing", () => {
    const { fleet, since } = fleetOf(device("GPU-1"));
    void fleet.run(new AbortController().signal);
    since();
    fleet.set([device("GPU-1"), device("GPU-2")]);
    expect(since()).toEqual(["enlist GPU-2 of 2", "run GPU-2", "change"]);
    expect(fleet.find("GPU-2")).toBeDefined();
  });

  test("a device that goes is killed, and what it ran (and only that) is queued again", () => {
    const { fleet, since } = fleetOf(device("GPU-1"), device("GPU-2"));
    void fleet.run(new AbortController().signal);
    since();
    fleet.set([device("GPU-2")]);
    expect(since()).toEqual([
      "end GPU-1",
      "kill GPU-1",
      "put back 1: GPU-1 is no longer there, or has another driver now",
      "change",
    ]);
    expect(fleet.members).toHaveLength(1);
  });

  test("another driver makes a new runtime of the same device", () => {
    const { fleet, since } = fleetOf(device("GPU-2"));
    void fleet.run(new AbortController().signal);
    since();
    fleet.set([device("GPU-2", "595")]);
    expect(since()).toEqual([
      "end GPU-2",
      "kill GPU-2",
      "put back 3: GPU-2 is no longer there, or has another driver now",
      "enlist GPU-2 of 1",
      "run GPU-2",
      "change",
    ]);
  });

  test("a worker that meets what nobody foresaw ends the fleet, also one that came later", async () => {
    const { fleet, broken } = fleetOf(device("GPU-1"));
    const running = fleet.run(new AbortController().signal);
    broken.add("GPU-3");
    fleet.set([device("GPU-1"), device("GPU-3")]);
    await expect(running).rejects.toThrow("a bug");
  });
});
