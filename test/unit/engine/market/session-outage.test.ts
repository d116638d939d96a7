/** A session at a market that is away, or that answers some questions and not others: what it asks, how often, and what it says. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { delay } from "../../../../src/shared/wait.ts";
import { aSession, broken, lease, PROFILE } from "../../../support/one-session.ts";
import { aStanding } from "../../../support/scripted-account.ts";
import { ScriptedMarket } from "../../../support/scripted-market.ts";

const silence = broken("NETWORK_ERROR", "network");
/** A market that wants to be left alone with this question. */
const later = (retryAfterMs: number) => () => {
  throw new AppError({
    ...{ code: "RATE_LIMITED", message: "Later", actor: "market", retryable: true },
    retryAfterMs,
  });
};

/** Its time passes when the test says so; heartbeats are wanted every ten seconds. */
function onTestTime() {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const market = new ScriptedMarket();
  const script: { heartbeat: () => void } = { heartbeat: () => undefined };
  market.heartbeat = async (load) => {
    market.calls.push("heartbeat");
    market.loads.push(load);
    script.heartbeat();
    return { intervalMs: 10 * SECOND, health: null };
  };
  const count = (call: string) => market.calls.filter((each) => each === call).length;
  return { market, script, count, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

describe("a market that is away for an hour", () => {
  it("is asked as seldom at its end as at its beginning", async () => {
    const { market, script, count, pass } = onTestTime();
    const { session } = await aSession(market);
    await pass(MINUTE);
    expect(session.view().state).toBe("registered");
    script.heartbeat = silence;
    market.script.acquire.push(...Array(10_000).fill(silence));
    await pass(15 * SECOND); // Its next heartbeat fails.
    for (let minute = 0; minute < 60; minute += 1) {
      const [beats, polls] = [count("heartbeat"), count("acquire")];
      await pass(MINUTE);
      // Once a second at the very most, and that for a moment only.
      expect(count("heartbeat") - beats).toBeLessThan(40);
      expect(count("acquire") - polls).toBeLessThan(40);
    }
    expect(session.view().state).toBe("unreachable");
  });
});

describe("a list of leases that fails beside heartbeats that work", () => {
  it("is asked for again at its own pace, named as what it is, and silences nothing", async () => {
    const { market, script, count, pass } = onTestTime();
    const { session, board } = await aSession(market);
    await pass(SECOND);
    market.script.openLeases.push(later(5 * MINUTE), later(5 * MINUTE), [lease("granted before")]);
    const lists = count("openLeases");
    script.heartbeat = silence;
    await pass(15 * SECOND);
    script.heartbeat = () => undefined;
    await pass(30 * SECOND);
    expect(count("openLeases") - lists).toBe(1);
    expect(session.view()).toMatchObject({ state: "registered", error: { message: "Later" } });
    const beats = count("heartbeat");
    await pass(4 * MINUTE);
    expect(count("openLeases") - lists).toBe(1);
    expect(count("heartbeat") - beats).toBeGreaterThan(20);
    await pass(8 * MINUTE);
    expect(board.held().map(({ leaseId }) => leaseId)).toEqual(["granted before"]);
    expect(session.view().error).toBeNull();
  });

  it("keeps nobody from connecting, and is asked for again when he is", async () => {
    const { market, count, pass } = onTestTime();
    market.script.openLeases.push(...Array(3).fill(silence), [lease("granted before")]);
    const { session, board } = await aSession(market);
    await pass(SECOND / 10);
    expect(count("heartbeat")).toBe(1);
    expect(session.registered).toBe(true);
    await pass(MINUTE);
    expect(board.count()).toBe(1);
    expect(count("openLeases")).toBe(4);
  });

  it("after Stop is asked for a few times more: what was granted in the last moment goes back", async () => {
    const { market, count, pass } = onTestTime();
    const { control } = await aSession(market);
    await pass(SECOND);
    market.script.openLeases.push(silence, silence, [lease("granted too late")]);
    control.stop();
    await pass(30 * SECOND);
    expect(market.returned.map(({ leaseId }) => leaseId)).toEqual(["granted too late"]);
    const lists = count("openLeases");
    await pass(10 * MINUTE);
    expect(count("openLeases")).toBe(lists);
  });

  it("after Stop of a market that is gone is given up", async () => {
    const { market, count, pass } = onTestTime();
    const { control, session } = await aSession(market);
    await pass(SECOND);
    market.script.openLeases.push(...Array(1000).fill(silence));
    control.stop();
    await pass(10 * MINUTE);
    expect(count("openLeases")).toBeLessThan(15);
    expect(session.view().error).toBeNull();
  });
});

describe("leases that nobody knows to stand, after the clock was set or the machine slept", () => {
  it("are those that the market lists, until when it says, but for what was renewed meanwhile", async () => {
    const { market, pass } = onTestTime();
    const until = (id: string, expiresAt: number) => ({ ...lease(id), expiresAt });
    const soon = Date.now() + HOUR;
    market.script.acquire.push([until("listed", soon), until("renewed", soon), until("gone", soon)]);
    const { session, board } = await aSession(market, 3);
    await pass(SECOND);
    market.script.openLeases.push(() => {
      const renewed = board.held().find(({ leaseId }) => leaseId === "renewed");
      board.extend(renewed?.row ?? 0, soon + 2);
      return [until("listed", soon + 1), until("renewed", soon + 1)];
    });
    session.askForLeases();
    await pass(0);
    expect(board.held().map(({ leaseId, expiresAt }) => [leaseId, (expiresAt ?? 0) - soon])).toEqual([
      ["listed", 1],
      ["renewed", 2],
    ]);
  });
});

describe("a registration that fails when the models change", () => {
  it("is tried again at its own pace beside the heartbeats", async () => {
    const { market, count, pass } = onTestTime();
    const models = [...PROFILE.models];
    const { session, control } = await aSession(market, 2, models);
    await pass(SECOND);
    market.script.register.push(later(2 * MINUTE));
    models.push("clip");
    control.changed.ring();
    const beats = count("heartbeat");
    await pass(MINUTE);
    expect(count("register")).toBe(2);
    expect(count("heartbeat") - beats).toBeGreaterThan(5);
    expect(session.view().error?.message).toBe("Later");
    await pass(90 * SECOND);
    expect(count("register")).toBe(3);
    expect(session.view().error).toBeNull();
    expect(market.wishes.at(-1)?.models).toEqual(["text-embed-001", "clip"]);
  });
});

describe("a market that does not answer what it thinks of us", () => {
  it("hears the heartbeats when they are due", async () => {
    const { market, count, pass } = onTestTime();
    const standing = (signal: AbortSignal) =>
      count("heartbeat") < 3 ? Promise.resolve(aStanding(Date.now(), {})) : delay(HOUR, signal);
    Object.assign(market, { account: { standing } });
    await aSession(market);
    await pass(2 * MINUTE);
    const beats = count("heartbeat");
    await pass(MINUTE);
    expect(count("heartbeat") - beats).toBeGreaterThan(5);
  });
});

describe("a trouble with the polls", () => {
  it("is none while no work is asked for", async () => {
    const { market, pass } = onTestTime();
    let quota = 2;
    market.script.acquire.push(...Array(1000).fill(silence));
    const { session, board } = await aSession(market, () => quota);
    await pass(30 * SECOND);
    expect(session.view().error?.code).toBe("NETWORK_ERROR");
    quota = 0;
    board.roomFreed.ring();
    await pass(30 * SECOND);
    expect(session.view().error).toBeNull();
  });
});

describe("a refused heartbeat", () => {
  it("is over with the first one that the next life of the session sends", async () => {
    const { market, script, pass, count } = onTestTime();
    const { session } = await aSession(market);
    await pass(SECOND);
    script.heartbeat = () => {
      script.heartbeat = () => undefined;
      return broken("NOT_AUTHORIZED", "user", false)();
    };
    await pass(10 * SECOND);
    expect(session.view().state).toBe("refused");
    const beats = count("heartbeat");
    while (count("heartbeat") === beats) await pass(SECOND / 10);
    await pass(0);
    expect(session.view()).toMatchObject({ state: "registered", error: null });
  });
});
