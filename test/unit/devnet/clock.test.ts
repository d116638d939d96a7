import { describe, expect, it } from "vitest";
import { BlockClock } from "../../../src/devnet/clock.ts";
import { malformedUtc, naiveUtc, zonedUtc } from "../../../src/devnet/python-time.ts";
import { BLOCK_MS, START, testClock } from "./support.ts";

describe("the block clock", () => {
  it("makes one block each block time, and never changes a past one", () => {
    const clock = testClock();
    const blocks = new BlockClock(START, BLOCK_MS, clock);
    const genesis = blocks.head();
    expect(genesis).toMatchObject({ height: 1, timeMs: START });
    clock.advance(BLOCK_MS - 1);
    expect(blocks.head()).toEqual(genesis);
    clock.advance(1);
    expect(blocks.head()).toMatchObject({ height: 2, timeMs: START + BLOCK_MS });
    expect(blocks.head().hash).not.toBe(genesis.hash);
    expect(new BlockClock(START, BLOCK_MS, () => START).head()).toEqual(genesis);
  });
});

describe("Python's timestamps", () => {
  it("spells them as recorded", () => {
    expect(naiveUtc(START)).toBe("2026-11-21T19:55:37.984000");
    expect(naiveUtc(START - 984)).toBe("2026-11-21T19:55:37");
    expect(zonedUtc(START)).toBe("2026-11-21T19:55:37.984000+00:00");
    expect(malformedUtc(START)).toBe("2026-11-21T19:55:37.984000+00:00Z");
  });
});
