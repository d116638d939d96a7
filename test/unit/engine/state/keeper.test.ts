import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type SliceMakers, StateKeeper } from "../../../../src/engine/state/keeper.ts";
import { ThroughputMeter } from "../../../../src/engine/state/throughput.ts";
import type { Delta, State } from "../../../../src/shared/contract/views.ts";

/** Only the keeper's arithmetic is under test: the slices' content is opaque to it. */
function aKeeper(slices: Record<keyof State, () => unknown>) {
  const made: Record<string, number> = {};
  const makers = Object.fromEntries(
    Object.entries(slices).map(([name, make]) => [
      name,
      () => {
        made[name] = (made[name] ?? 0) + 1;
        return make();
      },
    ]),
  );
  return { keeper: new StateKeeper(makers as unknown as SliceMakers, Date.now), made };
}

const quiet = {
  engine: () => "engine",
  headline: () => "headline",
  markets: () => [],
  devices: () => [],
  earnings: () => [],
  throughput: () => 0,
  recentJobs: () => [],
  models: () => [],
  offers: () => [],
  settings: () => null,
  gpuPack: () => null,
  llama: () => null,
};

describe("state deltas", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("tell the earnings anew when a day begins, though no job came in that night", () => {
    vi.setSystemTime(new Date(2026, 10, 21, 23, 59, 57));
    let today = "21";
    const { keeper } = aKeeper({ ...quiet, earnings: () => today });
    const told: unknown[] = [];
    keeper.onDelta(({ slices }) => "earnings" in slices && told.push(slices.earnings));
    vi.advanceTimersByTime(2_000);
    expect(told).toEqual([]);
    today = "22";
    vi.advanceTimersByTime(5_000);
    expect(told).toEqual(["22"]);
    keeper.close();
  });

  it("replace whole slices, many touches in one delta, numbered without a gap", () => {
    let jobs = 0;
    const { keeper, made } = aKeeper({ ...quiet, recentJobs: () => jobs });
    const deltas: Delta[] = [];
    keeper.onDelta((delta) => deltas.push(delta));
    jobs = 1;
    for (let i = 0; i < 50; i++) keeper.touch("recentJobs");
    vi.advanceTimersByTime(200);
    expect(deltas).toMatchObject([{ seq: 1, slices: { recentJobs: 1 } }]);
    expect(made.recentJobs).toBe(1);
    jobs = 2;
    keeper.touch("recentJobs");
    vi.advanceTimersByTime(200);
    expect(deltas.map((delta) => delta.seq)).toEqual([1, 2]);
    expect(keeper.snapshot()).toMatchObject({ seq: 2, state: { recentJobs: 2 } });
    keeper.close();
  });

  it("do not repeat what has not changed, but never fall silent", () => {
    const { keeper } = aKeeper(quiet);
    const deltas: Delta[] = [];
    keeper.onDelta((delta) => deltas.push(delta));
    vi.advanceTimersByTime(10_000);
    expect(deltas.length).toBeGreaterThanOrEqual(4);
    expect(deltas.length).toBeLessThanOrEqual(7);
    expect(deltas.slice(1).every((delta) => Object.keys(delta.slices).length === 0)).toBe(true);
    keeper.close();
  });

  it("go on being told when the clock is set back by hours", () => {
    const { keeper } = aKeeper(quiet);
    const deltas: Delta[] = [];
    keeper.onDelta((delta) => deltas.push(delta));
    vi.advanceTimersByTime(5_000);
    vi.setSystemTime(Date.now() - 6 * 3_600_000);
    const before = deltas.length;
    vi.advanceTimersByTime(10_000);
    expect(deltas.length - before).toBeGreaterThanOrEqual(4);
    keeper.close();
  });

  it("cost nothing while nobody listens", () => {
    const { keeper, made } = aKeeper(quiet);
    keeper.touch("devices", "markets");
    vi.advanceTimersByTime(60_000);
    expect(made).toEqual({});
    const stop = keeper.onDelta(() => undefined);
    stop();
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("throughput", () => {
  it("counts the last sixty seconds and forgets older ones", () => {
    const meter = new ThroughputMeter();
    meter.note(1_000_000);
    meter.note(1_000_400);
    meter.note(1_030_000);
    const soon = meter.perSecond(1_030_999);
    expect(soon).toHaveLength(60);
    expect(soon.at(-1)).toBe(1);
    expect(soon.at(-31)).toBe(2);
    expect(meter.perSecond(1_060_000).reduce((a, b) => a + b)).toBe(1);
    expect(meter.perSecond(9_999_000).reduce((a, b) => a + b)).toBe(0);
  });
});
