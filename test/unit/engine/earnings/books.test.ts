import { describe, expect, it, onTestFinished } from "vitest";
import { earningHandlers } from "../../../../src/engine/earnings/handlers.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { Electricity } from "../../../../src/engine/pricing/floor.ts";
import type { JobEvent } from "../../../../src/engine/work/job-machine.ts";
import type { EarningDay } from "../../../../src/shared/contract/earnings.ts";
import { DAY, HOUR, MINUTE } from "../../../../src/shared/durations.ts";
import { type MoneyValue, money } from "../../../../src/shared/money.ts";
import { aLease, fee } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const NOON = new Date(2026, 10, 21, 12).getTime();
const PRICES: Electricity = {
  currency: "EUR",
  microsPerKwh: 300_000n,
  restWatts: 50,
  worthOf: (currency) => (currency === "ANM" ? 2_000_000n : null),
};

async function books(electricity: Electricity | null = null) {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  const handlers = earningHandlers({
    ledger,
    markets: ["aicf", "aitbc"],
    electricity: () => electricity,
    now: () => NOON,
  });
  const job = (at: number, ...events: JobEvent[]): number => {
    const row = ledger.leases.insert(aLease({ fee: fee(1_000_000n) }), at) as number;
    for (const event of events) ledger.leases.apply(row, event, at);
    return row;
  };
  const accepted = (at: number) => job(at, "admit", "run", "compute", "submit", "accept");
  const credited = (at: number, net: bigint, gross: bigint | null) => {
    const row = accepted(at);
    ledger.earnings.insert(row, {
      jobId: "j",
      net: money("ANM", net),
      gross: gross === null ? null : money("ANM", gross),
      settledAt: at + HOUR,
      reference: "epoch 7",
    });
    ledger.leases.apply(row, "settle", at + HOUR);
    return row;
  };
  return { ledger, handlers, job, accepted, credited };
}

const anm = (minor: string) => ({ currency: "ANM", minor });

describe("the books", () => {
  it("count a job for the day of its acceptance, however late it is credited", async () => {
    const { handlers, credited, accepted, job } = await books();
    credited(NOON - 2 * DAY, 800n, 1000n);
    credited(NOON - 2 * DAY, 700n, 900n);
    accepted(NOON - DAY);
    job(NOON, "fail");
    const { days } = await handlers["earnings.series"]({ market: "aicf", days: 4 });
    expect(
      days.map(({ accepted: a, failed, settled, net, pending }) => [
        a,
        failed,
        settled,
        net.minor,
        pending.minor,
      ]),
    ).toEqual([
      [0, 0, 0, "0", "0"],
      [2, 0, 2, "1500", "0"],
      [1, 0, 0, "0", "800000"],
      [0, 1, 0, "0", "0"],
    ]);
    expect(days[1]).toMatchObject({ gross: anm("1900"), fee: anm("400") });
  });

  it("do not take what the market has not priced for nothing", async () => {
    const { ledger, handlers, accepted } = await books();
    accepted(NOON);
    for (const at of [NOON - 2 * DAY, NOON - DAY, NOON]) {
      const row = ledger.leases.insert(aLease({ fee: null }), at) as number;
      for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
        ledger.leases.apply(row, event, at);
    }
    const { summary, series } = await handlers["earnings.report"]({ market: "aicf", days: 2, limit: 10 });
    expect(summary.today).toMatchObject({ accepted: 2, pending: anm("800000"), unpriced: 1 });
    expect(summary.total).toMatchObject({ accepted: 4, pending: anm("800000"), unpriced: 3 });
    expect(series.days.map(({ unpriced }) => unpriced)).toEqual([1, 1]);
    expect(summary.overdue).toMatchObject({ jobs: 1, net: anm("0"), unpriced: 1 });
  });

  it("do not know a gross as soon as one credit does not tell it", async () => {
    const { handlers, credited } = await books();
    credited(NOON - MINUTE, 800n, 1000n);
    credited(NOON - MINUTE, 700n, null);
    const { markets } = await handlers["earnings.summary"]({});
    expect(markets[0]?.today).toMatchObject({ settled: 2, net: anm("1500"), gross: null, fee: null });
  });

  it("sum up today, seven days, thirty days and all, and name what waits for too long", async () => {
    const { handlers, credited, accepted } = await books();
    credited(NOON - MINUTE, 1n, null);
    credited(NOON - 6 * DAY, 10n, null);
    credited(NOON - 7 * DAY, 100n, null);
    credited(NOON - 29 * DAY, 1000n, null);
    credited(NOON - 30 * DAY, 10_000n, null);
    const old = NOON - 3 * DAY;
    accepted(old);
    accepted(NOON - HOUR);
    const { markets } = await handlers["earnings.summary"]({});
    const [aicf, aitbc] = markets;
    expect([aicf?.today, aicf?.week, aicf?.month, aicf?.total].map((sums) => sums?.net.minor)).toEqual([
      "1",
      "11",
      "1111",
      "11111",
    ]);
    expect(aicf?.overdue).toEqual({
      ...{ jobs: 1, net: anm("800000"), unpriced: 0 },
      ...{ oldestAt: old, afterMs: DAY },
    });
    expect(aicf?.total.pending).toEqual(anm("1600000"));
    expect(aitbc?.total).toMatchObject({ accepted: 0, net: { currency: "AIT", minor: "0" } });
  });

  it("show figures, days and newest jobs of one moment, even when midnight passes between the looks", async () => {
    const { ledger, credited, accepted } = await books();
    credited(NOON - DAY, 800n, 1000n);
    credited(NOON - MINUTE, 700n, 900n);
    accepted(NOON - MINUTE);
    let now = NOON;
    const handlers = earningHandlers({
      ledger,
      markets: ["aicf"],
      electricity: () => null,
      now: () => {
        now += DAY;
        return now - DAY;
      },
    });
    const report = await handlers["earnings.report"]({ market: "aicf", days: 30, limit: 100 });
    const sum = (pick: (day: EarningDay) => MoneyValue) =>
      report.series.days.reduce((total, day) => total + BigInt(pick(day).minor), 0n).toString();
    expect(report.at).toBe(NOON);
    expect(sum(({ net }) => net)).toBe(report.summary.month.net.minor);
    expect(sum(({ pending }) => pending)).toBe(report.summary.month.pending.minor);
    expect(report.series.days.at(-1)).toMatchObject({
      net: report.summary.today.net,
      pending: report.summary.today.pending,
      accepted: report.summary.today.accepted,
    });
    const { entries, next } = report.newest;
    expect(entries.reduce((total, { net }) => total + BigInt(net?.minor ?? 0), 0n)).toBe(1500n);
    expect([entries.length, next]).toEqual([3, null]);
  });

  it("report the days that are asked for, and only the jobs of those days and of that state", async () => {
    const { handlers, credited, accepted } = await books();
    credited(NOON - 9 * DAY, 800n, 1000n);
    credited(NOON, 700n, 900n);
    accepted(NOON);
    const week = await handlers["earnings.report"]({ market: "aicf", days: 7, limit: 1 });
    expect(week.series.days).toHaveLength(7);
    expect(week.newest.entries).toHaveLength(1);
    const second = await handlers["earnings.entries"]({
      market: "aicf",
      limit: 10,
      from: week.series.days[0]?.at,
      before: week.newest.next ?? "",
    });
    expect(second.entries).toHaveLength(1);
    const pending = await handlers["earnings.report"]({
      market: "aicf",
      days: 7,
      limit: 10,
      state: "pending",
    });
    expect(pending.newest.entries.map(({ settledAt }) => settledAt)).toEqual([null]);
    const unknown = handlers["earnings.report"]({ market: "aitbc", days: 7, limit: 1 });
    await expect(unknown).resolves.toMatchObject({ newest: { entries: [], next: null } });
  });

  it("know no credit from before what it is for, whatever the market's clock says", async () => {
    const { ledger, handlers, accepted } = await books();
    const row = accepted(NOON);
    ledger.earnings.insert(row, {
      jobId: "j",
      net: money("ANM", 800n),
      gross: null,
      settledAt: NOON - 5,
      reference: null,
    });
    ledger.leases.apply(row, "settle", NOON);
    const { entries } = await handlers["earnings.entries"]({ market: "aicf", limit: 10 });
    expect(entries[0]).toMatchObject({ acceptedAt: NOON, settledAt: NOON });
    const { text } = await handlers["earnings.csv"]({ market: "aicf", by: "accepted" });
    const [accepted_at, settled_at] = text.split("\r\n")[1]?.split(",") ?? [];
    expect(settled_at).toBe(accepted_at);
  });

  it("tell energy as it was measured: unknown is not nothing", async () => {
    const { ledger, handlers, accepted } = await books(PRICES);
    accepted(NOON);
    const at = NOON - HOUR;
    const used = (joules: number, measuredMs: number, unmeasuredMs: number) => ({
      joules,
      measuredMs,
      unmeasuredMs,
    });
    ledger.energy.add([
      { market: "aicf", at, machineMs: HOUR, devices: new Map([["GPU-1", used(720_000, HOUR, 0)]]) },
      { market: "aitbc", at, machineMs: HOUR, devices: new Map([["cpu", used(0, 0, HOUR)]]) },
    ]);
    const { markets } = await handlers["earnings.summary"]({});
    // 200 Wh read, 50 W for an hour beside it: 0.25 kWh at 0.30 EUR.
    expect(markets[0]?.today.energy).toEqual({
      deviceWh: 200,
      restWh: 50,
      measured: 1,
      cost: { currency: "EUR", micros: "75000" },
    });
    expect(markets[0]?.rate).toEqual({ currency: "EUR", micros: "2000000" });
    expect(markets[1]?.today.energy).toEqual({ deviceWh: null, restWh: 50, measured: 0, cost: null });
    expect(markets[1]?.rate).toBeNull();
    expect(markets[0]?.total.energy.deviceWh).toBe(200);
    expect(ledger.energy.wattsOf("GPU-1")).toBe(200);
    expect(ledger.energy.wattsOf("cpu")).toBeNull();
  });

  it("turn the pages of the ledger without leaving a row out or showing one twice", async () => {
    const { handlers, credited, accepted } = await books();
    for (let index = 0; index < 7; index++) credited(NOON - DAY, BigInt(index), null);
    for (let index = 0; index < 4; index++) accepted(NOON - HOUR);
    const pages: string[][] = [];
    let before: string | undefined;
    do {
      const { entries, next } = await handlers["earnings.entries"]({
        market: "aicf",
        limit: 3,
        ...(before !== undefined && { before }),
      });
      pages.push(entries.map(({ leaseId }) => leaseId));
      before = next ?? undefined;
    } while (before !== undefined);
    expect(pages.map(({ length }) => length)).toEqual([3, 3, 3, 2]);
    expect(new Set(pages.flat()).size).toBe(11);
    const count = async (state: "settled" | "pending") =>
      (await handlers["earnings.entries"]({ market: "aicf", limit: 100, state })).entries.length;
    expect([await count("settled"), await count("pending")]).toEqual([7, 4]);
    await expect(
      handlers["earnings.entries"]({ market: "aicf", limit: 3, before: "x" }),
    ).rejects.toMatchObject({
      code: "BAD_INPUT",
    });
  });

  it("write every accepted job of all markets into the CSV once, the amounts exact", async () => {
    const { ledger, handlers, credited, accepted } = await books(PRICES);
    ledger.transaction(() => {
      for (let index = 0; index < 1500; index++) credited(NOON - DAY + index, 1_234_567_891n, 1_500_000_000n);
    });
    accepted(NOON);
    const ait = ledger.leases.insert(
      aLease({ market: "aitbc", fee: money("AIT", 1n), jobId: '=HYPERLINK("x"),1' }),
      NOON,
    ) as number;
    for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
      ledger.leases.apply(ait, event, NOON);

    let text = "";
    let rows = 0;
    for (let after: string | null | undefined; after !== null; ) {
      const piece = await handlers["earnings.csv"]({ by: "accepted", ...(after !== undefined && { after }) });
      text += piece.text;
      rows += piece.rows;
      after = piece.next;
    }
    const lines = text.trimEnd().split("\r\n");
    expect(rows).toBe(1502);
    expect(lines).toHaveLength(1503);
    const heads = lines[0]?.split(",") ?? [];
    const cells = Object.fromEntries(heads.map((head, index) => [head, lines[1]?.split(",")[index]]));
    expect(cells).toMatchObject({
      accepted_at: new Date(NOON - DAY).toISOString(),
      state: "settled",
      currency: "ANM",
      gross: "1.50",
      fee: "0.265432109",
      net: "1.234567891",
      net_minor: "1234567891",
      minor_per_unit: "1000000000",
      reference: "epoch 7",
      rate_currency: "EUR",
      rate_per_unit: "2.000000",
      net_at_rate: "2.469135",
    });
    const last = lines.at(-1) ?? "";
    expect(last, "a market's words are no formula").toContain('"\'=HYPERLINK(""x""),1"');
    expect(last).toContain(",AIT,0.000000001111,");
  });

  it("refuse a market that is not configured", async () => {
    const ledger = await Ledger.open(tempFolder());
    onTestFinished(() => ledger.close());
    const handlers = earningHandlers({ ledger, markets: [], electricity: () => null, now: () => NOON });
    await expect(handlers["earnings.series"]({ market: "aicf", days: 7 })).rejects.toMatchObject({
      code: "UNKNOWN_MARKET",
    });
    expect(await handlers["earnings.csv"]({ by: "accepted" })).toMatchObject({ rows: 0, next: null });
  });
});
