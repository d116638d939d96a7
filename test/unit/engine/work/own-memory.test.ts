import { expect, test } from "vitest";
import type { Telemetry } from "../../../../src/engine/device/telemetry.ts";
import { OwnMemory } from "../../../../src/engine/work/own-memory.ts";

/** A device whose driver tells what the test has it tell. */
function scene() {
  const listeners = new Set<() => void>();
  const runtime = {
    status: { pid: null as number | null },
    onStatus: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  let told: Pick<Telemetry, "gpu" | "memoryUsedMb"> = { gpu: null, memoryUsedMb: null };
  const own = new OwnMemory(runtime as never, () => told);
  return {
    own,
    used: (
      memoryUsedMb: number | null,
      processes: { pid: number; memoryMb: number | null }[] | null = null,
    ) => {
      told = { memoryUsedMb, gpu: { processes } as never };
    },
    begins: (pid: number | null) => {
      runtime.status.pid = pid;
      for (const listener of listeners) listener();
    },
  };
}

test("is what the driver tells of our process", () => {
  const { own, used, begins } = scene();
  used(500);
  begins(4711);
  used(3000, [
    { pid: 1, memoryMb: 900 },
    { pid: 4711, memoryMb: 1600 },
  ]);
  expect([own.mb, own.toldMb]).toEqual([1600, 1600]);
});

test.each([
  ["no memory of single processes (Windows)", [{ pid: 4711, memoryMb: null }]],
  ["other process numbers (a container)", [{ pid: 90_211, memoryMb: 1600 }]],
  ["no processes", null],
])("is what came since our process began where the driver tells %s", (_, processes) => {
  const { own, used, begins } = scene();
  used(500, []);
  begins(4711);
  expect(own.mb).toBe(0);
  used(2100, processes);
  expect(own.mb).toBe(1600);
  expect(own.toldMb, "no measurement to keep").toBeNull();
});

test.each([
  ["is not told", null],
  ["is told", [{ pid: 1, memoryMb: 2000 }]],
])(
  "what a process held that has ended is ours to use while the last reading still shows it (of one whose memory %s)",
  (_, processes) => {
    const { own, used, begins } = scene();
    used(500);
    begins(1);
    used(2500, processes);
    expect(own.mb).toBe(2000);
    begins(null);
    expect(own.mb).toBe(2000);
    begins(2);
    expect(own.mb).toBe(2000);
    begins(null);
    begins(3);
    expect(own.mb).toBe(2000);
    used(520);
    expect(own.mb).toBe(0);
    used(2520);
    expect(own.mb).toBe(2000);
  },
);

test("is unknown without a process or a reading, and never less than nothing", () => {
  const { own, used, begins } = scene();
  used(500);
  expect(own.mb).toBeNull();
  used(null);
  begins(1);
  expect(own.mb).toBeNull();
  used(500);
  expect(own.mb).toBe(0);
  used(200);
  expect(own.mb).toBe(0);
  begins(null);
  expect(own.mb).toBeNull();
});
