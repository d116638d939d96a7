import { describe, expect, test } from "vitest";
import { type DeviceStanding, FitnessWatch, type Rest } from "../../../../src/engine/offers/fitness.ts";
import type { ListingTest } from "../../../../src/shared/contract/offers.ts";
import { MINUTE } from "../../../../src/shared/durations.ts";

const test_ = (state: ListingTest["state"]): ListingTest => ({
  state,
  text: `The test is ${state}`,
  help: null,
});
const RESTING: Rest = { kind: "resting", text: "It rests", help: "Wait." };
const OFF: Rest = { kind: "off", text: "It is off", help: null };

function watch(standing: DeviceStanding) {
  const facts = { now: 0, standing };
  const fitness = new FitnessWatch(
    () => facts.standing,
    () => facts.now,
  );
  return { facts, fitness: () => fitness.of("GPU-1") };
}

describe("may a GPU be on the market", () => {
  test("while it may work and its test has passed", () => {
    const { fitness } = watch({ test: test_("passed"), rest: null });
    expect(fitness()).toEqual({ fitness: "fit", obstacle: null });
  });

  test.each(["due", "running", "impossible"] as const)("not for long while its test is %s", (state) => {
    const { facts, fitness } = watch({ test: test_(state), rest: null });
    expect(fitness().fitness).toBe("later");
    facts.now = 5 * MINUTE - 1;
    expect(fitness().fitness).toBe("later");
    facts.now = 5 * MINUTE;
    expect(fitness()).toMatchObject({ fitness: "unfit", obstacle: { text: `The test is ${state}` } });
  });

  test("no more once its test failed or it was switched off", () => {
    expect(watch({ test: test_("failed"), rest: null }).fitness().fitness).toBe("unfit");
    const off = watch({ test: test_("passed"), rest: OFF }).fitness();
    expect(off).toMatchObject({ fitness: "unfit", obstacle: { text: "It is off" } });
  });

  test("no longer than that when the clock is set back meanwhile", () => {
    const { facts, fitness } = watch({ test: test_("due"), rest: null });
    facts.now = 300 * MINUTE;
    expect(fitness().fitness).toBe("later");
    facts.now = 5 * MINUTE;
    expect(fitness().fitness).toBe("unfit");
  });

  test("not after five minutes of rest; each rest is counted by itself", () => {
    const { facts, fitness } = watch({ test: test_("passed"), rest: RESTING });
    expect(fitness()).toMatchObject({ fitness: "later", obstacle: { text: "It rests" } });
    facts.now = 4 * MINUTE;
    facts.standing = { ...facts.standing, rest: null };
    expect(fitness().fitness).toBe("fit");
    facts.standing = { ...facts.standing, rest: RESTING };
    expect(fitness().fitness).toBe("later");
    facts.now = 9 * MINUTE;
    expect(fitness().fitness).toBe("unfit");
  });
});
