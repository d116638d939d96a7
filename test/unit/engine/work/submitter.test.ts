/** What is sent when, on a clock and timers the test moves: slow lines, several sizes, clocks that are set. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { Submission, SubmitOutcome } from "../../../../src/engine/market/port.ts";
import { Restraint } from "../../../../src/engine/market/restraint.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { Submitter } from "../../../../src/engine/work/submitter.ts";
import { HOUR, KIB, MIB, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { delay, Wakeup } from "../../../../src/shared/wait.ts";
import { batchTaker } from "../../../support/batch-taker.ts";
import { aLease } from "../../../support/leases.ts";
import { ScriptedMarket } from "../../../support/scripted-market.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const BIG = 16 * MIB;
const SMALL = 10 * KIB;
const ACCEPTED: SubmitOutcome = { kind: "accepted", marketReceipt: null };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"], now: 10 * HOUR });
});
afterEach(() => {
  vi.useRealTimers();
});

/** `submit`: the market's side of one try. */
async function sending(submit: (submission: Submission, signal: AbortSignal) => Promise<SubmitOutcome>) {
  const ledger = await Ledger.open(tempFolder());
  const board = new WorkBoard({ ledger, admit: () => ({ kind: "admit" }), now: Date.now });
  const market = new ScriptedMarket();
  const tries: { leaseId: string; at: number }[] = [];
  const underWay = new Set<string>();
  const mostAtOnce = { big: 0, small: 0 };
  market.submit = (async (submission: Submission, signal: AbortSignal) => {
    tries.push({ leaseId: submission.leaseId, at: Date.now() });
    underWay.add(submission.leaseId);
    const big = [...underWay].filter((id) => id.startsWith("big")).length;
    mostAtOnce.big = Math.max(mostAtOnce.big, big);
    mostAtOnce.small = Math.max(mostAtOnce.small, underWay.size - big);
    return await submit(submission, signal).finally(() => underWay.delete(submission.leaseId));
  }) as never;
  const troubles: unknown[] = [];
  const session = {
    adapter: market,
    registered: true,
    reachable: new Wakeup(),
    noteAccepted: () => undefined,
    restraint: new Restraint(() => 0),
    noteError(thrown: unknown) {
      session.restraint.note("submit", thrown);
      troubles.push(thrown);
    },
    noteAnswered: () => undefined,
    noteOver: () => undefined,
  };
  const stop = new AbortController();
  const run = new Submitter({ session, board, ledger, now: Date.now }).run(stop.signal);
  onTestFinished(async () => {
    stop.abort(new DOMException("The test is over", "AbortError"));
    await run;
    ledger.close();
  });
  let fill = 0;
  const compute = (leaseId: string, bytes: number) => {
    board.grant([aLease({ leaseId, expiresAt: null })]);
    const [lease] = board.takeBatch(batchTaker(1));
    if (lease === undefined) throw new Error("no lease to compute");
    const result = {
      sha3_512: String(++fill).padStart(128, "0"),
      sha3_256: String(fill).padStart(64, "0"),
      inputSha3_256: "c".repeat(64),
      shape: [1],
      computeMs: 1,
      receipt: new Uint8Array([1]),
    };
    board.completeBatch([{ lease, result, output: new Uint8Array(bytes) }]);
  };
  const stateOf = (leaseId: string) => ledger.leases.find(leaseId)?.job.state;
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { board, ledger, session, tries, troubles, mostAtOnce, compute, stateOf, pass };
}

/** A line that carries so many bytes a second, for each by itself. */
const line = (bytesPerSecond: number) => async (submission: Submission, signal: AbortSignal) => {
  await delay((submission.output.byteLength / bytesPerSecond) * SECOND, signal);
  return ACCEPTED;
};

describe("a big result on a slow line", () => {
  it("arrives with its first try, however long that takes the line", async () => {
    const { compute, stateOf, tries, troubles, pass } = await sending(line(64 * KIB));
    compute("big", BIG);
    await pass(5 * MINUTE);
    expect(stateOf("big")).toBe("accepted");
    expect(tries).toHaveLength(1);
    expect(troubles).toEqual([]);
  });

  it("has the line for itself, and small ones pass it by", async () => {
    const { compute, stateOf, mostAtOnce, tries, pass } = await sending(line(64 * KIB));
    for (const id of ["big 1", "big 2"]) compute(id, BIG);
    for (let i = 0; i < 12; i++) compute(`small ${i}`, SMALL);
    await pass(5 * SECOND);
    expect(stateOf("small 11")).toBe("accepted");
    expect(stateOf("big 1")).toBe("submitting");
    await pass(10 * MINUTE);
    expect([stateOf("big 1"), stateOf("big 2")]).toEqual(["accepted", "accepted"]);
    expect(mostAtOnce).toEqual({ big: 1, small: 4 });
    expect(tries).toHaveLength(14);
  });

  it("that does not arrive at all lets the others have their turn", async () => {
    const { compute, stateOf, pass } = await sending(async (submission, signal) => {
      if (submission.leaseId === "big 1") await delay(HOUR, signal);
      return ACCEPTED;
    });
    compute("big 1", 2 * MIB);
    compute("big 2", 2 * MIB);
    await pass(10 * MINUTE);
    expect(stateOf("big 2")).toBe("accepted");
  });
});

describe("a market that is silent", () => {
  it("is not waited for for ever, whatever its adapter does", async () => {
    const { compute, tries, troubles, pass } = await sending((_, signal) =>
      delay(HOUR, signal).then(() => ACCEPTED),
    );
    compute("small", SMALL);
    await pass(3 * MINUTE);
    expect(troubles.length).toBeGreaterThan(0);
    expect(tries.length).toBeGreaterThan(1);
  });
});

describe("a clock that is set back by hours", () => {
  it("holds no result back", async () => {
    let answers = false;
    const { compute, stateOf, pass } = await sending(async () => {
      if (answers) return ACCEPTED;
      throw new AppError({ code: "NETWORK_ERROR", message: "No answer", actor: "network", retryable: true });
    });
    compute("small", SMALL);
    await pass(2 * MINUTE);
    vi.setSystemTime(Date.now() - 6 * HOUR);
    answers = true;
    await pass(MINUTE);
    expect(stateOf("small")).toBe("accepted");
  });

  it("holds none back for longer than its market asked", async () => {
    let asked = 0;
    const { compute, stateOf, pass } = await sending(async () => {
      if (asked++ > 0) return ACCEPTED;
      throw new AppError({
        code: "RATE_LIMITED",
        message: "Later",
        actor: "market",
        retryable: true,
        retryAfterMs: HOUR,
      });
    });
    compute("small", SMALL);
    await pass(MINUTE);
    vi.setSystemTime(Date.now() - 6 * HOUR);
    await pass(MINUTE);
    expect(asked).toBe(1);
    await pass(HOUR);
    expect(stateOf("small")).toBe("accepted");
  });
});

describe("a market that asks to be left alone", () => {
  it("is not told of the next result either, whoever rings", async () => {
    const { compute, session, tries, pass, stateOf } = await sending(async ({ leaseId }) => {
      if (leaseId !== "first" || tries.length > 1) return ACCEPTED;
      throw new AppError({
        ...{ code: "MARKET_ERROR", message: "Later", actor: "market", retryable: true },
        retryAfterMs: 2 * MINUTE,
      });
    });
    compute("first", SMALL);
    await pass(SECOND);
    for (let i = 0; i < 9; i++) compute(`more ${i}`, SMALL);
    for (let i = 0; i < 110; i++) {
      session.reachable.ring();
      await pass(SECOND);
    }
    expect(tries).toHaveLength(1);
    await pass(MINUTE);
    expect([stateOf("first"), stateOf("more 8")]).toEqual(["accepted", "accepted"]);
  });
});
