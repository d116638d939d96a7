/** What goes wrong with a market, over days in which some of its questions are answered and others are not. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MarketCall } from "../../../../src/engine/market/market-call.ts";
import { Troubles } from "../../../../src/engine/market/troubles.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import type { ErrorValue } from "../../../../src/shared/errors.ts";

const CALLS: readonly MarketCall[] = ["connect", "heartbeat", "poll", "submit", "renew", "standing"];
const silent: ErrorValue = { code: "NETWORK_ERROR", message: "No answer", actor: "network" };
const failed: ErrorValue = { code: "MARKET_ERROR", message: "500", actor: "market" };
const refused: ErrorValue = { code: "NOT_AUTHORIZED", message: "401", actor: "user" };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: 100 * DAY });
});
afterEach(() => {
  vi.useRealTimers();
});

function watched() {
  const rows: string[] = [];
  const troubles = new Troubles(
    {
      began: ({ call, error }) => rows.push(`${call} ${error.code}`),
      ended: ({ call, since }) => rows.push(`${call} over after ${Date.now() - since}`),
    },
    Date.now,
  );
  const reach = () => troubles.reach(CALLS);
  return { troubles, rows, reach, pass: (ms: number) => vi.advanceTimersByTime(ms) };
}

describe("a weekend of failing polls beside working heartbeats", () => {
  it("is two rows, one state and one error", () => {
    const { troubles, rows, reach, pass } = watched();
    troubles.answered("heartbeat");
    for (let at = 0; at < 2 * DAY; at += 15 * SECOND) {
      troubles.note("poll", silent);
      troubles.answered("heartbeat");
      expect(reach()).toBeNull();
      expect(troubles.worst(CALLS)).toMatchObject({ call: "poll", since: 100 * DAY });
      pass(15 * SECOND);
    }
    troubles.answered("poll");
    expect(troubles.worst(CALLS)).toBeNull();
    pass(MINUTE);
    troubles.answered("heartbeat");
    expect(rows).toEqual(["poll NETWORK_ERROR", `poll over after ${2 * DAY + MINUTE}`]);
  });

  it("is no more when every other poll works", () => {
    const { troubles, rows, pass, reach } = watched();
    for (let at = 0; at < DAY; at += 30 * SECOND) {
      troubles.note("poll", silent);
      troubles.answered("heartbeat");
      expect(reach()).toBeNull();
      pass(15 * SECOND);
      troubles.answered("poll");
      pass(15 * SECOND);
    }
    expect(rows).toEqual(["poll NETWORK_ERROR"]);
  });

  it("says so when it fails in another way, once for each", () => {
    const { troubles, rows } = watched();
    for (let n = 0; n < 9; n++) for (const error of [silent, failed]) troubles.note("poll", error);
    expect(rows).toEqual(["poll NETWORK_ERROR", "poll MARKET_ERROR"]);
  });
});

describe("a trouble that comes back days after it was over", () => {
  it("is another one, although nothing was asked in between", () => {
    const { troubles, rows, pass } = watched();
    troubles.note("submit", silent);
    troubles.over("submit");
    pass(3 * DAY);
    troubles.note("submit", silent);
    expect(troubles.worst(CALLS)).toMatchObject({ call: "submit", since: 103 * DAY });
    expect(rows).toEqual(["submit NETWORK_ERROR", `submit over after ${3 * DAY}`, "submit NETWORK_ERROR"]);
  });

  it("is there until it was calm for a minute", () => {
    const { troubles, pass } = watched();
    troubles.note("submit", silent);
    troubles.over("submit");
    expect([troubles.of("submit"), troubles.has("submit")]).toEqual([null, true]);
    pass(MINUTE);
    troubles.over("submit");
    expect(troubles.has("submit")).toBe(false);
  });
});

describe("a market", () => {
  it("is unreachable from the first question without an answer to the next with one", () => {
    const { troubles, reach } = watched();
    troubles.answered("connect");
    troubles.note("poll", silent);
    expect(reach()).toBe("unreachable");
    troubles.note("heartbeat", silent);
    troubles.note("heartbeat", failed); // What stands before it answers for it.
    expect(reach()).toBe("unreachable");
    troubles.answered("heartbeat");
    expect(reach()).toBeNull();
  });

  it("is found gone again soon after it was back", () => {
    const { troubles, reach, pass } = watched();
    for (let n = 0; n < 3; n++) {
      troubles.note("heartbeat", silent);
      troubles.note("heartbeat", silent);
      expect(reach()).toBe("unreachable");
      pass(10 * SECOND);
      troubles.answered("heartbeat");
      expect(reach()).toBeNull();
    }
  });

  it("that refuses the work refuses us, however friendly it is else", () => {
    const { troubles, reach } = watched();
    troubles.note("poll", refused);
    troubles.answered("heartbeat");
    expect(reach()).toBe("refused");
    troubles.answered("poll");
    expect(reach()).toBeNull();
  });

  it("shows what a person can mend before what will pass", () => {
    const { troubles } = watched();
    troubles.note("submit", failed);
    troubles.note("poll", silent);
    expect(troubles.worst(CALLS)?.error).toBe(silent);
    troubles.note("standing", refused);
    expect(troubles.worst(CALLS)?.error).toBe(refused);
  });

  it("is as it is whatever the clock on the wall does", () => {
    const { troubles, reach, rows } = watched();
    troubles.note("poll", silent);
    vi.setSystemTime(Date.now() - 5 * HOUR);
    troubles.answered("poll");
    expect(reach()).toBeNull();
    vi.advanceTimersByTime(2 * MINUTE);
    troubles.answered("heartbeat");
    expect(rows).toHaveLength(2);
  });
});
