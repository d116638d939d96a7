/** `bellows earnings`: what each market brought, day by day, and the ledger as a CSV file. */
import fs from "node:fs";
import path from "node:path";
import type { EarningDay, EarningSeries, EarningSummary } from "../../shared/contract/earnings.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { dateTime, fields, marketName, money, quantity, span, table, UNKNOWN } from "../format.ts";

export interface EarningsOptions {
  readonly days: number;
  readonly json: boolean;
  /** Written instead of shown; `-` is stdout. */
  readonly csv: string | undefined;
}

const MICRO_DIGITS = 6;

export async function earnings(
  context: CliContext,
  engine: EngineClient,
  { days, json, csv }: EarningsOptions,
): Promise<void> {
  if (csv !== undefined) return writeCsv(context, engine, csv);
  const configured = await engine.invoke("earnings.summary", {});
  const reports = await Promise.all(
    configured.markets.map(({ market }) => engine.invoke("earnings.report", { market, days, limit: 1 })),
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
  const { today, week, month, total, overdue } = summary;
  return [
    `${marketName(summary.market)}, net of the market's fee`,
    ...fields([
      ["Today", money(today.net)],
      ["7 days", money(week.net)],
      ["30 days", money(month.net)],
      ["In all", `${money(total.net)} for ${total.accepted} accepted jobs`],
      ["Pending", money(total.pending)],
      ...(overdue.jobs === 0
        ? []
        : [
            [
              "Overdue",
              `${money(overdue.net)} from ${overdue.jobs} jobs, longer than ${span(overdue.afterMs)}, the oldest since ${dateTime(overdue.oldestAt)}`,
            ] as const,
          ]),
    ]),
    "",
    ...(series === undefined ? [] : dayLines(series.days)),
  ];
}

function dayLines(days: readonly EarningDay[]): string[] {
  return table<EarningDay>(
    [
      { title: "Day", value: ({ date }) => date },
      { title: "Jobs", align: "right", value: ({ accepted }) => String(accepted) },
      { title: "Failed", align: "right", value: ({ failed }) => String(failed) },
      { title: "Gross", align: "right", value: ({ gross }) => money(gross) },
      { title: "Net", align: "right", value: ({ net }) => money(net) },
      { title: "Pending", align: "right", value: ({ pending }) => money(pending) },
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

async function writeCsv(context: CliContext, engine: EngineClient, name: string): Promise<void> {
  const file = name === "-" ? null : path.resolve(name);
  let rows = 0;
  let began = false;
  for (let after: string | null | undefined; after !== null; ) {
    const piece = await engine.invoke("earnings.csv", { ...(after !== undefined && { after }) });
    if (file === null) context.terminal.print(piece.text.replace(/\r\n$/, ""));
    else writePiece(file, piece.text, began);
    began = true;
    rows += piece.rows;
    after = piece.next;
  }
  if (file !== null) context.terminal.note(`${rows} ${rows === 1 ? "job" : "jobs"} written to ${file}`);
}

function writePiece(file: string, text: string, append: boolean): void {
  try {
    if (append) fs.appendFileSync(file, text);
    else fs.writeFileSync(file, text);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${cause.code})` : "";
    throw new AppError({
      code: "FILE_NOT_WRITTEN",
      message: `${file} can't be written${code}`,
      actor: "user",
      help: "Name another file with --csv.",
      cause,
    });
  }
}
