/** `bellows earnings`: what each market brought, day by day, and the ledger as a CSV file. */
import path from "node:path";
import type { EarningDay, EarningSeries, EarningSummary } from "../../shared/contract/earnings.ts";
import type { MarketId } from "../../shared/contract/market-id.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { dateTime, fields, marketName, money, owed, quantity, span, table, UNKNOWN } from "../format.ts";
import { writeWholeFile } from "../whole-file.ts";

export interface EarningsOptions {
  readonly days: number;
  readonly json: boolean;
  /** Written instead of shown; `-` is stdout. */
  readonly csv: string | undefined;
  /** Only of this one. */
  readonly market?: MarketId | undefined;
  /** Of the file: which day a line is of. */
  readonly by?: "accepted" | "paid" | undefined;
  /** Of the file, unix ms: from then on, and before then. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
}

const MICRO_DIGITS = 6;

export async function earnings(
  context: CliContext,
  engine: EngineClient,
  { days, json, csv, market: only, by = "accepted", from, until }: EarningsOptions,
): Promise<void> {
  if (csv !== undefined) return writeCsv(context, engine, { name: csv, by, market: only, from, until });
  const known = await engine.invoke("earnings.summary", {});
  const wanted = only === undefined ? known.markets : [{ market: only }];
  const reports = await Promise.all(
    wanted.map(({ market }) => engine.invoke("earnings.report", { market, days, limit: 1 })),
  );
  const markets = reports.map(({ summary }) => summary);
  const series = reports.map((report) => report.series);
  if (json) return context.terminal.json({ markets, series });
  if (markets.length === 0) return context.terminal.print("No market is configured.");
  for (const [index, summary] of markets.entries()) {
    if (index > 0) context.terminal.print("");
    for (const line of marketLines(summary, series[index])) context.terminal.print(line);
  }
}

export function marketLines(summary: EarningSummary, series: EarningSeries | undefined): string[] {
  const { today, week, month, total, overdue, notConfigured, writtenOff, rentals } = summary;
  const given = writtenOff.byPerson;
  return [
    `${marketName(summary.market)}${notConfigured ? ", not configured any more" : ""}, net of the market's fee, by the day of acceptance`,
    ...fields([
      ["Today", money(today.net)],
      ["7 days", money(week.net)],
      ["30 days", money(month.net)],
      ["In all", `${money(total.net)} for ${total.accepted} accepted jobs`],
      ["Pending", owed(total.pending, total.unpriced)],
      ...(overdue.jobs === 0
        ? []
        : [
            [
              "Overdue",
              `${owed(overdue.net, overdue.unpriced)} from ${overdue.jobs} jobs, longer than ${span(overdue.afterMs)}, the oldest since ${dateTime(overdue.oldestAt)}`,
            ] as const,
          ]),
      ...(given.jobs === 0
        ? []
        : [["Written off", `${owed(given.net, given.unpriced)} from ${jobs(given.jobs)}`] as const]),
      ...(writtenOff.byMarket === 0
        ? []
        : [["Unpaid", `${jobs(writtenOff.byMarket)} that the market set nothing aside for`] as const]),
      ...(rentals.total.rentals === 0 ? [] : [["GPU rentals", rentalWords(rentals)] as const]),
    ]),
    "",
    ...(series === undefined ? [] : dayLines(series.days)),
  ];
}

/** As agreed, and beside what jobs brought: no market tells what was paid of it. */
function rentalWords({ month, total }: EarningSummary["rentals"]): string {
  const running = total.running === 0 ? "" : `, ${total.running} of them now`;
  return `${owed(total.agreed, total.untold)} agreed for ${total.rentals}${running}; ${owed(month.agreed, month.untold)} in 30 days; not in the sums above`;
}

function dayLines(days: readonly EarningDay[]): string[] {
  return table<EarningDay>(
    [
      { title: "Day", value: ({ date }) => date },
      { title: "Jobs", align: "right", value: ({ accepted }) => String(accepted) },
      { title: "Failed", align: "right", value: ({ failed }) => String(failed) },
      { title: "Gross", align: "right", value: ({ gross }) => money(gross) },
      { title: "Net", align: "right", value: ({ net }) => money(net) },
      { title: "Pending", align: "right", value: ({ pending, unpriced }) => owed(pending, unpriced) },
      { title: "Energy", align: "right", value: ({ energy }) => quantity(energy.deviceWh, "Wh") },
      { title: "Electricity", align: "right", value: ({ energy }) => cost(energy.cost) },
    ],
    days,
  );
}

function cost(value: EarningDay["energy"]["cost"]): string {
  if (value === null) return UNKNOWN;
  const digits = value.micros.padStart(MICRO_DIGITS + 1, "0");
  return `${digits.slice(0, -MICRO_DIGITS)}.${digits.slice(-MICRO_DIGITS, -2)} ${value.currency}`;
}

interface CsvWish {
  readonly name: string;
  readonly by: "accepted" | "paid";
  readonly market: MarketId | undefined;
  readonly from: number | undefined;
  readonly until: number | undefined;
}

async function writeCsv(context: CliContext, engine: EngineClient, wish: CsvWish): Promise<void> {
  const { name, by, market, from, until } = wish;
  let rows = 0;
  async function* pieces(): AsyncGenerator<string> {
    for (let after: string | null | undefined; after !== null; ) {
      const piece = await engine.invoke("earnings.csv", {
        by,
        ...(market !== undefined && { market }),
        ...(from !== undefined && { from }),
        ...(until !== undefined && { until }),
        ...(after !== undefined && { after }),
      });
      yield piece.text;
      rows += piece.rows;
      after = piece.next;
    }
  }
  if (name === "-") {
    for await (const text of pieces()) context.terminal.raw(text);
    return;
  }
  const file = path.resolve(name);
  await writeWholeFile(file, pieces(), "Name another file with --csv.");
  context.terminal.note(`${rows} ${rows === 1 ? "line" : "lines"} written to ${file}`);
}

interface WriteOffOptions {
  readonly market: MarketId;
  readonly json: boolean;
}

/** What a market has owed for longer than `days`; with `yes` nobody waits for it any more. */
export async function writeOff(
  context: CliContext,
  engine: EngineClient,
  { market, days, yes, json }: WriteOffOptions & { days: number; yes: boolean },
): Promise<void> {
  const { before, ...unpaid } = await engine.invoke("earnings.unpaid", { market, days });
  const done = yes && unpaid.jobs > 0;
  if (done) await engine.invoke("earnings.writeOff", { market, before });
  if (json) return context.terminal.json({ market, before, ...unpaid, writtenOff: done });
  const what = `${jobs(unpaid.jobs)} accepted before ${dateTime(before)}, ${owed(unpaid.net, unpaid.unpriced)} expected`;
  if (unpaid.jobs === 0)
    context.terminal.print(`${marketName(market)} has owed nothing for longer than ${days} days.`);
  else if (done)
    context.terminal.print(
      `Written off at ${marketName(market)}: ${what}. A credit that comes all the same counts; \`bellows earnings take-back --market ${market}\` waits for them again.`,
    );
  else
    context.terminal.print(
      `${marketName(market)} has not paid for ${what}. Compare its own books first; repeat with --yes to wait for them no more.`,
    );
}

/** What was written off last is waited for again. */
export async function takeBack(
  context: CliContext,
  engine: EngineClient,
  { market, json }: WriteOffOptions,
): Promise<void> {
  const taken = await engine.invoke("earnings.takeBack", { market });
  if (json) return context.terminal.json({ market, ...taken });
  context.terminal.print(
    taken.jobs === 0
      ? `Nothing at ${marketName(market)} was written off by hand and is still unpaid.`
      : `${jobs(taken.jobs)} at ${marketName(market)} waited for again.`,
  );
}

const jobs = (count: number): string => `${count} ${count === 1 ? "job" : "jobs"}`;
