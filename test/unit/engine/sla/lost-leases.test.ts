/** A market that takes begun jobs away again and again gets no more of this machine's time until a person looks. */
import { describe, expect, it, onTestFinished } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { SubmitOutcome } from "../../../../src/engine/market/port.ts";
import { ServiceGuards } from "../../../../src/engine/sla/guards.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { batchTaker } from "../../../support/batch-taker.ts";
import { aLease, aResult } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const INTERVAL = 15 * SECOND;
const LOST: SubmitOutcome = { kind: "lost", message: "Not yours any more" };
const EXPIRED: SubmitOutcome = { kind: "expired", message: "Too late" };
const ACCEPTED: SubmitOutcome = { kind: "accepted", marketReceipt: null };

async function aProvider(folder = tempFolder(), at = HOUR) {
  const clock = { at };
  const now = () => clock.at;
  const ledger = await Ledger.open(folder);
  let open = true;
  const close = () => {
    if (open) ledger.close();
    open = false;
  };
  onTestFinished(close);
  const changes: number[] = [];
  const board = new WorkBoard({ ledger, admit: () => ({ kind: "admit" }), now });
  const guards = new ServiceGuards({
    markets: [{ id: "aitbc" }, { id: "aicf" }],
    watched: () => ({ standing: null, heartbeatIntervalMs: INTERVAL }),
    fullQuota: () => 8,
    ledger,
    now,
    onChange: () => changes.push(clock.at),
  });
  board.onChange((change) => guards.noteJob(change));
  const beat = (market: "aitbc" | "aicf" = "aicf") => ledger.service.recordHeartbeat(market, clock.at, 8);
  /** Heartbeats are acknowledged all the while. */
  const pass = (ms: number) => {
    for (const end = clock.at + ms; clock.at < end; clock.at += INTERVAL) beat();
    beat();
  };
  const begin = () => {
    board.grant([aLease({ grantedAt: clock.at, expiresAt: null })]);
    const [lease] = board.takeBatch(batchTaker(1));
    if (lease === undefined) throw new Error("nothing to take");
    return lease;
  };
  const finish = (lease: ReturnType<typeof begin>, outcome: SubmitOutcome) => {
    board.completeBatch([{ lease, result: aResult(), output: new Uint8Array(1) }]);
    board.markSubmitting(lease.row);
    board.settleSubmission(lease.row, outcome);
  };
  const job = (outcome: SubmitOutcome) => {
    const lease = begin();
    pass(MINUTE);
    finish(lease, outcome);
  };
  beat();
  return { clock, ledger, board, guards, changes, pass, begin, finish, job, folder, close };
}

describe("leases that are lost after their job had begun", () => {
  it("end the taking of work at their market when they are five in a row, and at no other", async () => {
    const { guards, job, changes, ledger } = await aProvider();
    for (const outcome of [LOST, EXPIRED, LOST, EXPIRED]) job(outcome);
    expect([guards.quota("aicf"), guards.pauseAt("aicf")]).toEqual([8, null]);
    job(LOST);
    expect(guards.quota("aicf")).toBe(0);
    expect(guards.pauseAt("aicf")).toEqual({ since: HOUR + 5 * MINUTE, lost: 5 });
    expect([guards.quota("aitbc"), guards.pauseAt("aitbc")]).toEqual([8, null]);
    expect(changes).toHaveLength(1);
    expect(ledger.activity.list({ type: "guard-acted" }, { limit: 9 }).events).toMatchObject([
      {
        market: "aicf",
        level: "notice",
        text: "Began: no more work taken, because 5 leases in a row were lost",
      },
    ]);
  });

  it("count once when they were held at the same time: one hiccup loses them all", async () => {
    const { guards, begin, finish, pass } = await aProvider();
    for (let round = 1; round <= 4; round++) {
      const leases = Array.from({ length: 8 }, begin);
      pass(MINUTE);
      for (const lease of leases) {
        finish(lease, EXPIRED);
        pass(SECOND);
      }
      expect(guards.pauseAt("aicf")).toBeNull();
    }
    const last = begin();
    pass(MINUTE);
    finish(last, EXPIRED);
    expect(guards.pauseAt("aicf")).toMatchObject({ lost: 5 });
  });

  it("count for nothing once a result is accepted between them", async () => {
    const { guards, job } = await aProvider();
    for (let round = 0; round < 3; round++)
      for (const outcome of [LOST, LOST, LOST, LOST, ACCEPTED]) job(outcome);
    expect(guards.pauseAt("aicf")).toBeNull();
  });

  it("say nothing of a market that did not answer meanwhile, nor of a machine that slept", async () => {
    const { guards, clock, begin, finish, pass } = await aProvider();
    const leases = Array.from({ length: 8 }, begin);
    pass(MINUTE);
    clock.at += 10 * MINUTE;
    pass(MINUTE);
    for (const lease of leases) finish(lease, EXPIRED);
    expect(guards.pauseAt("aicf")).toBeNull();
  });

  it("are not those that had not begun, nor what was given back", async () => {
    const { guards, board, clock, pass } = await aProvider();
    for (let n = 0; n < 8; n++) {
      board.grant([aLease({ grantedAt: clock.at, expiresAt: null })]);
      pass(MINUTE);
      for (const lease of board.held()) board.close(lease, "lose", "The market no longer knows this lease");
    }
    expect(guards.pauseAt("aicf")).toBeNull();
  });
});

describe("a market whose work is no longer taken", () => {
  it("stays so after a restart, and until a person says otherwise", async () => {
    const first = await aProvider();
    for (let n = 0; n < 5; n++) first.job(LOST);
    // What is still held may well be accepted: nobody has looked all the same.
    first.job(ACCEPTED);
    first.close();
    const { guards, changes, ledger, job } = await aProvider(first.folder, 3 * HOUR);
    expect(guards.quota("aicf")).toBe(0);
    expect(guards.pauseAt("aicf")).toEqual({ since: HOUR + 5 * MINUTE, lost: 5 });
    guards.resume("aicf");
    expect([guards.quota("aicf"), guards.pauseAt("aicf")]).toEqual([8, null]);
    expect(changes).toHaveLength(1);
    expect(ledger.activity.list({ type: "guard-acted" }, { limit: 1 }).events[0]?.text).toBe(
      "Ended: no more work taken, because 5 leases in a row were lost",
    );
    // Counting begins anew.
    for (let n = 0; n < 4; n++) job(LOST);
    expect(guards.pauseAt("aicf")).toBeNull();
  });

  it("counts on through a restart before there are enough", async () => {
    const first = await aProvider();
    for (let n = 0; n < 4; n++) first.job(LOST);
    first.close();
    const second = await aProvider(first.folder, 3 * HOUR);
    second.job(LOST);
    expect(second.guards.pauseAt("aicf")).toMatchObject({ lost: 5 });
  });

  it("is no change where nothing was paused", async () => {
    const { guards, changes } = await aProvider();
    guards.resume("aicf");
    guards.resume("aitbc");
    expect(changes).toEqual([]);
  });
});
