/** Money that never came: not waited for for ever, in no sum of what is to come, and welcome when it comes all the same. */
import { describe, expect, it, onTestFinished } from "vitest";
import { type EarningDeps, earningHandlers } from "../../../../src/engine/earnings/handlers.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { LateCredits, PAID_LATE } from "../../../../src/engine/market/late-credits.ts";
import type { Lease } from "../../../../src/engine/market/port.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { DAY, HOUR, MINUTE } from "../../../../src/shared/durations.ts";
import { money } from "../../../../src/shared/money.ts";
import { aLease, fee } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const NOON = new Date(2026, 10, 21, 12).getTime();

async function books(over: Partial<EarningDeps> = {}) {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  const handlers = earningHandlers({
    ledger,
    markets: ["aicf", "aitbc"],
    electricity: () => null,
    now: () => NOON,
    ...over,
  });
  const accepted = (at: number, lease: Partial<Lease> = {}) => {
    const row = ledger.leases.insert(aLease({ fee: fee(1_000_000n), ...lease }), at) as number;
    for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
      ledger.leases.apply(row, event, at);
    return row;
  };
  const summary = async (market = "aicf") =>
    (await handlers["earnings.summary"]({})).markets.find((each) => each.market === market);
  const board = new WorkBoard({ ledger, now: () => NOON, admit: () => ({ kind: "admit" }) });
  return { ledger, handlers, accepted, summary, board };
}

describe("a job that its market has set nothing aside for", () => {
  it("is waited for by nobody from the moment it is accepted", async () => {
    const { handlers, accepted, summary, ledger } = await books();
    accepted(NOON, { payment: "unfunded", fee: null });
    accepted(NOON, { payment: "unfunded" });
    accepted(NOON);
    expect(await summary()).toMatchObject({
      today: { accepted: 3, pending: { minor: "800000" }, unpriced: 0 },
      writtenOff: { byMarket: 2, byPerson: { jobs: 0 } },
    });
    expect(ledger.leases.unsettled("aicf", 10).jobs).toHaveLength(1);
    const { entries } = await handlers["earnings.entries"]({
      market: "aicf",
      limit: 10,
      state: "written-off",
    });
    expect(entries.map(({ writtenOff, expected }) => [writtenOff, expected])).toEqual([
      [{ at: NOON, by: "market" }, null],
      [{ at: NOON, by: "market" }, null],
    ]);
  });

  it("is settled by a credit that comes all the same", async () => {
    const { ledger, accepted, summary, board } = await books();
    accepted(NOON - DAY, { payment: "unfunded", jobId: "late" });
    const late = new LateCredits("aicf", ledger.writeOffs);
    const asked = late.due(NOON);
    expect(asked.map(({ jobId }) => jobId)).toEqual(["late"]);
    late.noteAnswered();
    expect(late.due(NOON + 1), "an old one not before an hour").toEqual([]);
    const fresh = accepted(NOON, { payment: "unfunded" });
    for (const at of [NOON + 2, NOON + 3]) expect(late.due(at).map(({ row }) => row)).toEqual([fresh]);
    ledger.leases.apply(fresh, "settle", NOON);
    const credit = { jobId: "late", net: money("ANM", 5n), gross: null, settledAt: NOON, reference: null };
    expect(board.settle(asked, [credit])).toBe(1);
    expect(await summary()).toMatchObject({
      total: { settled: 1, net: { minor: "5" }, pending: { minor: "0" } },
      writtenOff: { byMarket: 0 },
    });
  });
});

describe("what a market has owed for long", () => {
  it("can be given up by a person, and taken back: the sums of what is to come follow", async () => {
    let touched = 0;
    const { handlers, accepted, summary, ledger } = await books({ onChange: () => touched++ });
    for (let n = 0; n < 3; n++) accepted(NOON - 60 * DAY - n * HOUR);
    accepted(NOON - 60 * DAY, { fee: null });
    accepted(NOON - DAY);
    const unpaid = await handlers["earnings.unpaid"]({ market: "aicf", days: 30 });
    expect(unpaid).toMatchObject({ jobs: 4, unpriced: 1, net: { currency: "ANM", minor: "2400000" } });
    expect(await handlers["earnings.writeOff"]({ market: "aicf", before: unpaid.before })).toEqual({
      jobs: 4,
    });
    expect(await summary()).toMatchObject({
      total: { pending: { minor: "800000" }, unpriced: 0 },
      overdue: { jobs: 0, oldestAt: null },
      writtenOff: { byPerson: { jobs: 4, net: { minor: "2400000" }, unpriced: 1, lastJobs: 4 } },
    });
    expect((await handlers["earnings.unpaid"]({ market: "aicf", days: 30 })).jobs).toBe(0);
    const csv = await handlers["earnings.csv"]({ market: "aicf", by: "accepted" });
    expect(csv.text.split("\r\n").filter((line) => line.includes(",written-off,"))).toHaveLength(4);

    expect(await handlers["earnings.takeBack"]({ market: "aicf" })).toEqual({ jobs: 4 });
    expect(await summary()).toMatchObject({
      total: { pending: { minor: "3200000" }, unpriced: 1 },
      writtenOff: { byPerson: { jobs: 0, lastJobs: 0 } },
    });
    expect(await handlers["earnings.takeBack"]({ market: "aicf" })).toEqual({ jobs: 0 });
    expect(touched).toBe(2);
    const { events } = ledger.activity.list({}, { limit: 10 });
    expect(events.map(({ type }) => type)).toEqual(["write-off-taken-back", "written-off"]);
  });

  it("is taken back deed by deed, the last one first, and it is said how much that is", async () => {
    let now = NOON;
    const { handlers, accepted, summary } = await books({ now: () => now });
    for (let n = 0; n < 3; n++) accepted(NOON - 60 * DAY);
    accepted(NOON - 40 * DAY);
    for (const days of [50, 30]) {
      const { before } = await handlers["earnings.unpaid"]({ market: "aicf", days });
      await handlers["earnings.writeOff"]({ market: "aicf", before });
      now += HOUR;
    }
    const given = async () => (await summary())?.writtenOff.byPerson;
    expect(await given()).toMatchObject({ jobs: 4, lastJobs: 1 });
    expect(await handlers["earnings.takeBack"]({ market: "aicf" })).toEqual({ jobs: 1 });
    expect(await given()).toMatchObject({ jobs: 3, lastJobs: 3 });
  });

  it("is listed among what is pending or written off, however long ago that was", async () => {
    const { handlers, accepted } = await books();
    accepted(NOON - 400 * DAY);
    accepted(NOON);
    const listed = async (state?: "pending" | "written-off") => {
      const report = await handlers["earnings.report"]({
        market: "aicf",
        days: 7,
        limit: 10,
        ...(state !== undefined && { state }),
      });
      return report.newest.entries.length;
    };
    expect(await listed()).toBe(1);
    expect(await listed("pending")).toBe(2);
    const { before } = await handlers["earnings.unpaid"]({ market: "aicf", days: 30 });
    await handlers["earnings.writeOff"]({ market: "aicf", before });
    expect(await listed("pending")).toBe(1);
    expect(await listed("written-off")).toBe(1);
  });

  it("is not given up before a market can be late", async () => {
    const { handlers, accepted } = await books();
    accepted(NOON - 5 * DAY);
    await expect(handlers["earnings.writeOff"]({ market: "aicf", before: NOON - DAY })).rejects.toMatchObject(
      { code: "BAD_INPUT" },
    );
  });

  it("is given up in pieces, every one of it", async () => {
    const { handlers, accepted, ledger, summary } = await books();
    ledger.transaction(() => {
      for (let n = 0; n < 4_500; n++) accepted(NOON - 40 * DAY - n * MINUTE);
    });
    const { before } = await handlers["earnings.unpaid"]({ market: "aicf", days: 30 });
    expect(await handlers["earnings.writeOff"]({ market: "aicf", before })).toEqual({ jobs: 4_500 });
    expect((await summary())?.total.pending.minor).toBe("0");
    const seen = new Set<number>();
    const late = new LateCredits("aicf", ledger.writeOffs);
    for (let hour = 2; hour < 25; hour++) {
      for (const { row } of late.due(NOON + hour * HOUR + hour)) seen.add(row);
      late.noteAnswered();
    }
    expect(seen.size, "each is asked about in its turn").toBe(4_500);
    expect(late.due(NOON + 24 * HOUR + 25), "not more than once an hour").toEqual([]);
    expect(new LateCredits("aicf", ledger.writeOffs).due(NOON + PAID_LATE + DAY)).toEqual([]);
  });

  it("is asked about again soon where the market did not answer, and what else is due before that", async () => {
    const { handlers, accepted, ledger } = await books();
    ledger.transaction(() => {
      for (let n = 0; n < 300; n++) accepted(NOON - 40 * DAY - n * MINUTE);
    });
    const { before } = await handlers["earnings.unpaid"]({ market: "aicf", days: 30 });
    await handlers["earnings.writeOff"]({ market: "aicf", before });
    const late = new LateCredits("aicf", ledger.writeOffs);
    const at = NOON + 2 * HOUR;
    const first = late.due(at);
    expect(first).toHaveLength(200);
    // No answer to that; the next look is answered, without them.
    expect(late.due(at + MINUTE)).toEqual([]);
    late.noteAnswered();
    expect(late.due(at + 6 * MINUTE)).toEqual(first);
    late.noteAnswered();
    expect(late.due(at + 30 * MINUTE)).toEqual([]);
    expect(late.due(at + 2 * HOUR)).toHaveLength(100);
  });

  it("keeps its receipt no longer than a job that was paid", async () => {
    const { handlers, accepted, ledger } = await books();
    const commitment = { sha3_512: "a", sha3_256: "b", inputSha3_256: "c", shape: [1], computeMs: 1 };
    const old = NOON - 60 * DAY;
    const [given, waited, ancient] = [old, old, NOON - 500 * DAY].map((at, n) => {
      const row = accepted(n === 1 ? NOON - DAY : at);
      ledger.results.insert({ row, ...commitment, receipt: Uint8Array.of(7) }, Uint8Array.of(1), at);
      return row;
    }) as [number, number, number];
    const kept = (row: number) => ledger.results.get(row)?.receipt !== null;
    ledger.results.pruneReceipts(NOON - 30 * DAY, 1_000);
    expect([given, waited, ancient].map(kept)).toEqual([true, true, false]);
    const { before } = await handlers["earnings.unpaid"]({ market: "aicf", days: 30 });
    await handlers["earnings.writeOff"]({ market: "aicf", before });
    ledger.results.pruneReceipts(NOON - 30 * DAY, 1_000);
    expect([given, waited].map(kept)).toEqual([false, true]);
  });
});
