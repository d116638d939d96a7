/** Leases kept alive while their jobs run, on a clock the test sets: when a market is asked, and for how much. */
import { describe, expect, it, onTestFinished } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { MarketCall } from "../../../../src/engine/market/market-call.ts";
import type { Lease } from "../../../../src/engine/market/port.ts";
import { Restraint } from "../../../../src/engine/market/restraint.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { LeaseKeeper } from "../../../../src/engine/work/lease-keeper.ts";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { batchTaker } from "../../../support/batch-taker.ts";
import { aLease } from "../../../support/leases.ts";
import { ScriptedMarket } from "../../../support/scripted-market.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const LENGTH = 2 * MINUTE;

async function keeping(answer: (lease: Lease, extendMs: number) => number, grantedAt = 0) {
  const clock = { at: grantedAt, steady: 0 };
  const now = () => clock.at;
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  const board = new WorkBoard({ ledger, admit: () => ({ kind: "admit" }), now });
  const asked: { at: number; extendMs: number }[] = [];
  const troubles: unknown[] = [];
  const market = new ScriptedMarket();
  market.renew = async (lease, extendMs) => {
    asked.push({ at: clock.at, extendMs });
    return answer(lease as Lease, extendMs);
  };
  const answered: string[] = [];
  const restraint = new Restraint(() => 0);
  const session = {
    adapter: market,
    registered: true,
    restraint,
    askForLeases: () => answered.push("leases wanted"),
    noteError: (thrown: unknown, call: MarketCall) => {
      restraint.note(call, thrown);
      troubles.push(thrown);
    },
    noteAnswered: (call: string) => answered.push(call),
    noteOver: (call: string) => answered.push(`${call} over`),
  };
  const keeper = new LeaseKeeper({ sessions: [session], board, now, steady: () => clock.steady });
  const stop = new AbortController();
  const pass = async (ms: number) => {
    for (const end = clock.at + ms; clock.at < end; ) {
      clock.at += SECOND;
      clock.steady += SECOND;
      keeper.look(stop.signal);
      await keeper.settled();
    }
  };
  board.grant([aLease({ grantedAt, expiresAt: grantedAt + LENGTH })]);
  board.takeBatch(batchTaker(1));
  const setClock = (by: number) => {
    clock.at += by;
  };
  return { board, asked, troubles, answered, pass, setClock, held: () => board.held()[0] };
}

describe("a lease whose job runs long", () => {
  it("is renewed by half of its own length each time, however often it was", async () => {
    const kept = await keeping(() => (kept.held()?.expiresAt ?? 0) + LENGTH / 2);
    await kept.pass(30 * MINUTE);
    expect(new Set(kept.asked.map(({ extendMs }) => extendMs))).toEqual(new Set([LENGTH / 2]));
    // With 60 % of its length gone the first time, then each time what was won is gone.
    expect(kept.asked[0]?.at).toBe(0.6 * LENGTH);
    expect(kept.asked[1]?.at).toBe(0.6 * LENGTH + LENGTH / 2);
    expect(kept.held()?.expiresAt).toBeLessThan(30 * MINUTE + LENGTH);
    expect(kept.held()?.expiresAt).toBeGreaterThan(30 * MINUTE);
  });

  it("keeps the length it was granted for through a run that came to nothing", async () => {
    const kept = await keeping(() => (kept.held()?.expiresAt ?? 0) + LENGTH / 2);
    await kept.pass(5 * MINUTE);
    kept.board.putBack(kept.board.held(), "The GPU was unplugged");
    kept.board.takeBatch(batchTaker(1));
    await kept.pass(5 * MINUTE);
    expect(new Set(kept.asked.map(({ extendMs }) => extendMs))).toEqual(new Set([LENGTH / 2]));
  });

  it("is asked for again and again while its market does not answer, sooner the less is left", async () => {
    const kept = await keeping(() => {
      throw new AppError({ code: "NETWORK_ERROR", message: "No answer", actor: "network", retryable: true });
    });
    await kept.pass(LENGTH);
    const waits = kept.asked.slice(1).map(({ at }, i) => at - (kept.asked[i]?.at ?? 0));
    expect(waits[0]).toBe(0.1 * LENGTH);
    expect(waits.at(-1)).toBe(SECOND);
    expect(kept.asked.length).toBeLessThan(20);
    expect(kept.troubles).toHaveLength(kept.asked.length);
  });

  it("is no trouble any more once it was renewed, nor once it is gone", async () => {
    let silent = true;
    const kept = await keeping(() => {
      if (!silent) return (kept.held()?.expiresAt ?? 0) + LENGTH / 2;
      throw new AppError({ code: "NETWORK_ERROR", message: "No answer", actor: "network", retryable: true });
    });
    await kept.pass(0.7 * LENGTH);
    expect(kept.troubles.length).toBeGreaterThan(0);
    expect(kept.answered).toEqual([]);
    silent = false;
    await kept.pass(0.3 * LENGTH);
    expect(kept.answered).toContain("renew");
    expect(kept.answered.at(-1)).toBe("renew over");
  });

  it("is not asked for any more once its market has said that it is another's", async () => {
    const kept = await keeping(() => {
      throw new AppError({ code: "LEASE_LOST", message: "Not yours", actor: "market" });
    });
    await kept.pass(LENGTH);
    expect(kept.asked).toHaveLength(1);
    // What has begun goes on: the answer to its result decides.
    expect(kept.held()?.state).toBe("running");
    expect(kept.troubles).toEqual([]);
  });

  it("is not asked for every second at a market that renews it no further", async () => {
    const kept = await keeping(() => LENGTH);
    await kept.pass(LENGTH);
    expect(kept.asked.length).toBeLessThan(20);
  });

  it("is not asked for while the market wants no renewals, of whichever lease it said so", async () => {
    const kept = await keeping(() => {
      const limited = { code: "RATE_LIMITED", message: "Later", actor: "market", retryable: true } as const;
      throw new AppError({ ...limited, retryAfterMs: HOUR });
    });
    for (const leaseId of ["two", "three"])
      kept.board.grant([aLease({ leaseId, jobId: leaseId, grantedAt: 0, expiresAt: LENGTH + 5 * SECOND })]);
    kept.board.takeBatch(batchTaker(2));
    await kept.pass(LENGTH);
    expect(kept.asked).toHaveLength(1);
  });

  it("ends when it ends although the clock is set back by hours meanwhile", async () => {
    const kept = await keeping(() => (kept.held()?.expiresAt ?? 0) + LENGTH / 2, 5 * HOUR);
    await kept.pass(MINUTE);
    kept.setClock(-2 * HOUR);
    await kept.pass(LENGTH);
    expect(kept.asked.length).toBeGreaterThan(1);
    expect(kept.held()?.expiresAt).toBeLessThan(3 * HOUR + 3 * LENGTH);
  });

  it("is kept, running or waiting, when the clock is set forward, and the market is asked which still stand", async () => {
    const kept = await keeping(() => (kept.held()?.expiresAt ?? 0) + LENGTH / 2);
    kept.board.grant([aLease({ leaseId: "waits", jobId: "waits", grantedAt: 0, expiresAt: LENGTH })]);
    await kept.pass(10 * SECOND);
    expect(kept.answered).toEqual([]);
    kept.setClock(3 * HOUR);
    await kept.pass(SECOND);
    expect(kept.answered).toEqual(["leases wanted"]);
    expect(kept.board.held().map(({ state, expiresAt }) => [state, expiresAt])).toEqual([
      ["running", 3 * HOUR + LENGTH],
      ["admitted", 3 * HOUR + LENGTH],
    ]);
    await kept.pass(0.6 * LENGTH);
    expect(kept.asked.length, "renewed as if nothing had been").toBeGreaterThan(1);
  });

  it("keeps its end when it was granted since the clock was set", async () => {
    const kept = await keeping(() => LENGTH);
    await kept.pass(SECOND);
    kept.setClock(3 * HOUR);
    const expiresAt = 3 * HOUR + LENGTH;
    kept.board.grant([aLease({ leaseId: "new", jobId: "new", grantedAt: 3 * HOUR, expiresAt })]);
    await kept.pass(SECOND);
    expect(kept.board.held().find(({ leaseId }) => leaseId === "new")?.expiresAt).toBe(expiresAt);
  });

  it("runs out before its job began when its time is over by a clock that nobody set", async () => {
    const kept = await keeping(() => LENGTH);
    kept.board.grant([aLease({ leaseId: "waits", jobId: "waits", grantedAt: 0, expiresAt: LENGTH })]);
    await kept.pass(LENGTH);
    expect(kept.board.held().map(({ leaseId }) => leaseId)).not.toContain("waits");
  });
});
