/** Money that a change of settings, a wrong clock or another way of counting must not take out of sight. */
import { describe, expect, it, onTestFinished } from "vitest";
import { earningHandlers } from "../../../../src/engine/earnings/handlers.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import type { JobState, MarketId } from "../../../../src/shared/contract/views.ts";
import { DAY, HOUR } from "../../../../src/shared/durations.ts";
import { money } from "../../../../src/shared/money.ts";
import { aLease, fee } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const NOON = new Date(2026, 10, 21, 12).getTime();

async function books(markets: MarketId[]) {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  const ait = (at: number) => {
    const row = ledger.leases.insert(
      aLease({ market: "aitbc", fee: money("AIT", 900_000_000n) }),
      at,
    ) as number;
    for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
      ledger.leases.apply(row, event, at);
    return row;
  };
  const paid = (at: number, settledAt: number, net = 7n) => {
    const row = ait(at);
    ledger.earnings.insert(row, {
      ...{ jobId: "j", net: money("AIT", net), gross: null },
      ...{ settledAt, reference: null },
    });
    ledger.leases.apply(row, "settle", settledAt);
  };
  const open = () => earningHandlers({ ledger, markets, electricity: () => null, now: () => NOON });
  const csv = async (question: { by: "accepted" | "paid"; from?: number; until?: number }) => {
    let text = "";
    for (let after: string | null | undefined; after !== null; ) {
      const piece = await open()["earnings.csv"]({ ...question, ...(after !== undefined && { after }) });
      text += piece.text;
      after = piece.next;
    }
    const [head, ...lines] = text
      .trimEnd()
      .split("\r\n")
      .map((line) => line.split(","));
    return lines.map((cells) => Object.fromEntries((head ?? []).map((name, at) => [name, cells[at]])));
  };
  return { ledger, ait, paid, open, csv };
}

describe("a market that was taken out of the settings", () => {
  it("keeps its books, and they say that only they are left", async () => {
    const { ait, paid, open, csv } = await books(["aicf"]);
    paid(NOON - 300 * DAY, NOON - 299 * DAY);
    ait(NOON - 200 * DAY);
    const handlers = open();
    const { markets } = await handlers["earnings.summary"]({});
    expect(markets.map(({ market, notConfigured }) => [market, notConfigured])).toEqual([
      ["aicf", undefined],
      ["aitbc", true],
    ]);
    expect(markets[1]?.total).toMatchObject({ accepted: 2, net: { currency: "AIT", minor: "7" } });
    const report = await handlers["earnings.report"]({ market: "aitbc", days: 365, limit: 10 });
    expect(report.newest.entries).toHaveLength(2);
    expect((await csv({ by: "accepted" })).map(({ market }) => market)).toEqual(["aitbc", "aitbc"]);
  });

  it("is unknown where nothing was ever done for it", async () => {
    const { open } = await books(["aicf"]);
    await expect(open()["earnings.series"]({ market: "aitbc", days: 7 })).rejects.toMatchObject({
      code: "UNKNOWN_MARKET",
    });
  });

  it("holds no lease: what has no result is closed, what has one waits for its return", async () => {
    const { ledger } = await books(["aicf"]);
    const lease = (market: MarketId) => aLease({ market, fee: fee(1n), expiresAt: NOON + HOUR });
    const first = new WorkBoard({ ledger, now: () => NOON, admit: () => ({ kind: "admit" }) });
    first.grant([lease("aitbc"), lease("aitbc"), lease("aicf")]);
    const taker = { device: "cpu", others: [], limit: () => 1, modelOf: () => "m", canRun: () => true };
    const [running] = first.takeBatch(taker);
    if (running?.market !== "aitbc") throw new Error("The oldest comes first");
    const commitment = { sha3_512: "a", sha3_256: "bbbbbbbbbbbbbbbb", inputSha3_256: "c", shape: [1] };
    first.completeBatch([
      {
        lease: running,
        result: { ...commitment, computeMs: 1, receipt: Uint8Array.of(1) },
        output: Uint8Array.of(1),
      },
    ]);
    const without = new WorkBoard({
      ...{ ledger, markets: ["aicf"], now: () => NOON },
      admit: () => ({ kind: "admit" }),
    });
    without.recover();
    expect(without.held().map(({ market }) => market)).toEqual(["aicf"]);
    const states = ledger.leases
      .list({ market: "aitbc" }, { limit: 10 })
      .rows.map(({ state, error }): [JobState, string | undefined] => [state, error?.code]);
    expect(states).toEqual([
      ["lost", "MARKET_LEFT"],
      ["computed", undefined],
    ]);
    expect(ledger.outbox.stranded(["aicf"])).toEqual([{ market: "aitbc", results: 1 }]);
    expect([ledger.outbox.size(["aicf"]), ledger.outbox.oldestAt(["aicf"])]).toEqual([0, null]);

    const back = new WorkBoard({ ledger, now: () => NOON, admit: () => ({ kind: "admit" }) });
    expect(back.recover().toSubmit).toBe(1);
  });
});

describe("a day", () => {
  it("ends: what a wrong clock dated into the future is of no day yet, and not lost", async () => {
    const { paid, ait, open } = await books(["aitbc"]);
    paid(NOON, NOON);
    paid(NOON + 30 * DAY, NOON + 30 * DAY);
    ait(NOON + 30 * DAY);
    const [summary] = (await open()["earnings.summary"]({})).markets;
    expect([summary?.today, summary?.week, summary?.month].map((sums) => sums?.accepted)).toEqual([1, 1, 1]);
    expect(summary?.today.pending.minor).toBe("0");
    expect(summary?.total).toMatchObject({ accepted: 3, settled: 2, pending: { minor: "877500000" } });
  });
});

describe("the file for a tax office", () => {
  it("can go by the day of payment", async () => {
    const { paid, ait, csv } = await books(["aitbc"]);
    const newYear = new Date(2026, 0, 1).getTime();
    paid(newYear - DAY, newYear + HOUR, 1n);
    paid(newYear - DAY, newYear - HOUR, 2n);
    paid(newYear + DAY, newYear + 2 * DAY, 3n);
    ait(newYear + DAY);
    // The market's clock is behind: it counts as paid when it was accepted.
    paid(newYear + 1, newYear - 5 * HOUR, 4n);
    const net = async (by: "accepted" | "paid") =>
      (await csv({ by, from: newYear })).map((line) => line.net_minor);
    expect(await net("paid")).toEqual(["4", "1", "3"]);
    expect(await net("accepted")).toEqual(["4", "3", ""]);
  });

  it("turns its pages by payment without leaving a line out", async () => {
    const { ledger, paid, csv } = await books(["aitbc"]);
    ledger.transaction(() => {
      for (let n = 0; n < 2_300; n++) paid(NOON - DAY, NOON - DAY + Math.floor(n / 40), BigInt(n));
    });
    const lines = await csv({ by: "paid" });
    expect(new Set(lines.map((line) => line.net_minor)).size).toBe(2_300);
    expect(lines).toHaveLength(2_300);
  });

  it("has a line for each rental, apart from what jobs brought", async () => {
    const { ledger, paid, open, csv } = await books(["aitbc"]);
    paid(NOON, NOON);
    const place = { market: "aitbc" as const, board: "inventory", device: "GPU-1" };
    const rental = (booking: string, startsAt: number, total: bigint | null) =>
      ledger.bookings.note({
        ...place,
        ...{ model: "RTX 4090", booking, startsAt, until: startsAt + HOUR },
        total: total === null ? null : money("AIT", total),
      });
    rental("b1", NOON - 60 * DAY, 900_000_000n);
    ledger.bookings.end(place, { reason: "released", at: NOON - 60 * DAY + HOUR });
    rental("b2", NOON - HOUR / 2, 450_000_000n);
    // Told again with less: what was said before stands.
    rental("b2", NOON, null);
    ledger.bookings.end(place, { reason: "released", at: NOON - 1, but: "b2" });
    const [summary] = (await open()["earnings.summary"]({})).markets;
    expect(summary?.rentals).toMatchObject({
      month: { rentals: 1, running: 1, agreed: { currency: "AIT", minor: "450000000" }, untold: 0 },
      total: { rentals: 2, running: 1, agreed: { minor: "1350000000" } },
    });
    expect(summary?.total.net.minor).toBe("7");
    const lines = await csv({ by: "accepted" });
    expect(
      lines.map(({ kind, state, lease, offered, net, rental_ended_at: ended }) => ({
        ...{ kind, state, lease, offered, net, ended },
      })),
    ).toEqual([
      expect.objectContaining({ kind: "embed", state: "settled", ended: "" }),
      {
        ...{ kind: "gpu-rental", state: "over", lease: "b1", offered: "1.00", net: "" },
        ended: new Date(NOON - 60 * DAY + HOUR).toISOString(),
      },
      { kind: "gpu-rental", state: "running", lease: "b2", offered: "0.50", net: "", ended: "" },
    ]);
    expect(await csv({ by: "paid" })).toHaveLength(1);
  });

  it("has no rental that runs for ever: its time is up, or its board is asked no more", async () => {
    const { ledger, open, csv } = await books(["aitbc"]);
    const rental = (booking: string, board: string, until: number | null) =>
      ledger.bookings.note({
        ...{ market: "aitbc", board, device: `GPU-${booking}`, model: "RTX 4090" },
        ...{ booking, startsAt: NOON - DAY, until, total: null },
      });
    const ends = async () =>
      (await csv({ by: "accepted" })).map(({ lease, state, rental_ended_at: ended }) => [
        lease,
        state,
        ended,
      ]);
    const running = async () => (await open()["earnings.summary"]({})).markets[0]?.rentals.total.running;
    rental("past", "left", NOON - HOUR);
    rental("agreed", "left", NOON + HOUR);
    rental("endless", "left", null);
    rental("asked", "kept", null);
    const iso = (at: number) => new Date(at).toISOString();
    expect(await running()).toBe(3);
    ledger.bookings.forsake("aitbc", ["kept"], NOON - 1);
    expect(await running()).toBe(2);
    expect(await ends()).toEqual([
      ["past", "over", iso(NOON - HOUR)],
      ["agreed", "running", ""],
      ["endless", "vanished", iso(NOON - 1)],
      ["asked", "running", ""],
    ]);
    // The market is configured again, and lists it still.
    rental("endless", "left", null);
    expect(await running()).toBe(3);
  });
});
