import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LeaseRoom } from "../../../../src/engine/work/lease-room.ts";

type Market = "aitbc" | "aicf";
const MARKETS: readonly Market[] = ["aitbc", "aicf"];

function aRoom(capacity: number, markets = MARKETS) {
  const state = {
    capacity,
    now: 1_000_000,
    unsent: { aitbc: 0, aicf: 0 },
    undelivered: { aitbc: 0, aicf: 0 },
    lastGrant: { aitbc: null, aicf: null } as Record<Market, number | null>,
  };
  const room = new LeaseRoom({
    markets,
    capacity: () => state.capacity,
    board: {
      count: (market) => state.unsent[market] + state.undelivered[market],
      countUnsent: (market) => state.unsent[market],
      lastGrant: (market) => state.lastGrant[market],
    },
    now: () => state.now,
  });
  const wish = (market: Market) => room.wish(market, room.quota(market));
  const grant = (market: Market, leases: number) => {
    state.unsent[market] += leases;
    if (leases > 0) state.lastGrant[market] = state.now;
  };
  return { room, state, wish, grant };
}

describe("room for leases", () => {
  it("is all of it for the only market", () => {
    const { room, wish, grant } = aRoom(16, ["aicf"]);
    expect(room.quota("aicf")).toBe(16);
    expect(wish("aicf")).toBe(16);
    grant("aicf", 8);
    expect(wish("aicf")).toBe(8);
  });

  it("is halved while both have work", () => {
    const { room, grant } = aRoom(16);
    grant("aicf", 3);
    grant("aitbc", 2);
    expect(MARKETS.map((market) => room.quota(market))).toEqual([8, 8]);
  });

  it("is not kept for a market that gave work at a time the clock no longer knows", () => {
    const { room, state, grant } = aRoom(16);
    grant("aitbc", 1);
    state.unsent.aitbc = 0;
    state.now -= 500_000;
    grant("aicf", 1);
    expect(room.quota("aicf")).toBe(15);
  });

  it("goes to the busy market while the other has none, all but one", () => {
    const { room, state, wish, grant } = aRoom(16);
    grant("aicf", 1);
    expect(room.quota("aicf")).toBe(15);
    expect(wish("aitbc"), "a long poll must not keep room from the busy one").toBe(1);
    // The first job of the other: the busy one shrinks as its jobs end, and the other grows into its part.
    grant("aicf", 14);
    grant("aitbc", 1);
    expect([room.quota("aicf"), wish("aicf"), wish("aitbc")]).toEqual([8, 0, 0]);
    state.unsent.aicf = 9;
    expect(wish("aitbc")).toBe(6);
    state.unsent.aicf = 8;
    expect([wish("aicf"), wish("aitbc")]).toEqual([0, 7]);
    // Half a minute without any: its part is given away again.
    state.unsent.aitbc = 0;
    state.now += 31_000;
    expect(room.quota("aicf")).toBe(15);
  });

  it("counts what a market is being asked for until it has answered", () => {
    const { room, wish } = aRoom(16);
    expect(wish("aicf")).toBe(8);
    const answered = room.asking("aicf", 8);
    expect(wish("aitbc")).toBe(8);
    expect(room.quota("aitbc")).toBe(8);
    answered();
    expect(room.quota("aitbc")).toBe(15);
  });

  it("counts what is still to be computed, not results on their way, unless a market takes none at all", () => {
    const { state, wish, grant } = aRoom(16, ["aicf"]);
    grant("aicf", 8);
    state.undelivered.aicf = 20;
    expect(wish("aicf")).toBe(8);
    state.undelivered.aicf = 64;
    expect(wish("aicf")).toBe(0);
  });

  it("is none while no device can work, and at least one for each market otherwise", () => {
    const { room, state } = aRoom(1);
    expect(MARKETS.map((market) => room.quota(market))).toEqual([1, 1]);
    state.capacity = 0;
    expect(MARKETS.map((market) => room.quota(market))).toEqual([0, 0]);
  });

  it("never passes the capacity, whatever the markets grant and when, and wastes none of it", () => {
    const step = fc.record({
      market: fc.constantFrom(...MARKETS),
      granted: fc.double({ min: 0, max: 1, noNaN: true }),
      done: fc.nat({ max: 20 }),
      pass: fc.nat({ max: 40_000 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 64 }), fc.array(step, { maxLength: 60 }), (capacity, steps) => {
        const { room, state, wish, grant } = aRoom(capacity);
        const open = new Map<Market, { max: number; answered: () => void }>();
        for (const { market, granted, done, pass } of steps) {
          state.now += pass;
          const poll = open.get(market);
          if (poll === undefined) {
            const max = wish(market);
            if (max > 0) open.set(market, { max, answered: room.asking(market, max) });
          } else {
            open.delete(market);
            poll.answered();
            grant(market, Math.round(poll.max * granted));
          }
          expect(state.unsent.aitbc + state.unsent.aicf).toBeLessThanOrEqual(capacity);
          state.unsent[market] = Math.max(0, state.unsent[market] - done);
        }
        // One market that goes on, the other quiet: it comes to have all but one.
        for (const { answered } of open.values()) answered();
        state.unsent = { aitbc: 0, aicf: 0 };
        state.now += 31_000;
        for (let poll = 0; poll < 3; poll++) grant("aicf", wish("aicf"));
        expect(state.unsent.aicf).toBe(capacity - 1);
      }),
    );
  });
});
