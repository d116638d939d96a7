/** Words and numbers as the CLI shows them; unknown is `–`, never 0. */
import type { MarketId } from "../shared/contract/views.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../shared/durations.ts";
import { formatDecimal, fromMoneyValue, type MoneyValue } from "../shared/money.ts";

export const UNKNOWN = "–";

export type Align = "left" | "right";
export interface Column<Row> {
  readonly title: string;
  readonly align?: Align;
  readonly value: (row: Row) => string;
}

/** Aligned columns with a head line; two spaces between, nothing at the ends of lines. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => column.value(row))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => width(line[i] ?? ""))));
  return cells.map((line) =>
    line
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? "left"))
      .join("  ")
      .trimEnd(),
  );
}

/** `name   value` lines with the values under each other. */
export function fields(pairs: readonly (readonly [string, string])[]): string[] {
  const longest = Math.max(...pairs.map(([name]) => width(name)));
  return pairs.map(([name, value]) => `${pad(name, longest, "left")}  ${value}`.trimEnd());
}

function pad(text: string, to: number, align: Align): string {
  const space = " ".repeat(Math.max(0, to - width(text)));
  return align === "left" ? text + space : space + text;
}

/** Characters as seen: combining marks and surrogate halves don't count. */
function width(text: string): number {
  return [...text.normalize("NFC")].length;
}

/** `3 s`, `5 min`, `2 h 10 min`, `4 d 3 h`. */
export function span(ms: number): string {
  const positive = Math.max(0, ms);
  if (positive < MINUTE) return `${Math.floor(positive / SECOND)} s`;
  if (positive < HOUR) return `${Math.floor(positive / MINUTE)} min`;
  if (positive < DAY) return `${Math.floor(positive / HOUR)} h ${Math.floor((positive % HOUR) / MINUTE)} min`;
  return `${Math.floor(positive / DAY)} d ${Math.floor((positive % DAY) / HOUR)} h`;
}

export function ago(at: number | null, now: number): string {
  return at === null ? UNKNOWN : `${span(now - at)} ago`;
}

/** `2026-11-21 20:58:03`, local time. */
export function dateTime(at: number | null): string {
  if (at === null) return UNKNOWN;
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${clock(at)}`;
}

/** `20:58:03`, local time. */
export function clock(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, "0"))
    .join(":");
}

export function money(value: MoneyValue | null): string {
  return value === null ? UNKNOWN : `${formatDecimal(fromMoneyValue(value))} ${value.currency}`;
}

/** What is owed: at least so much where the market has not said of all what it pays, unknown where of none. */
export function owed(value: MoneyValue, unpriced: number): string {
  if (unpriced === 0) return money(value);
  return value.minor === "0" ? UNKNOWN : `≥ ${money(value)}`;
}

export function quantity(value: number | null, unit: string, decimals = 0): string {
  return value === null ? UNKNOWN : `${value.toFixed(decimals)} ${unit}`;
}

export const orUnknown = (text: string | null): string => text ?? UNKNOWN;

/** On one line, with a full stop. */
export function sentence(text: string): string {
  const line = text.trim().replaceAll(/\s*\n\s*/g, " ");
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** What is wrong, then what to do about it. The window's buttons are commands here. */
export function advice({ message, help }: { message: string; help?: string | undefined }): string {
  if (!help) return sentence(message);
  return `${sentence(message)} ${sentence(help).replace(/^Press Start\b/, "Run `bellows start`")}`;
}

/** One short name for a market, everywhere in the terminal. */
const MARKET_NAMES: Readonly<Record<MarketId, string>> = { aitbc: "AITBC", aicf: "AICF" };
export const marketName = (id: MarketId): string => MARKET_NAMES[id];

/** Enough of an id to tell it from its neighbours. */
export function short(id: string, length = 16): string {
  return id.length <= length ? id : `${id.slice(0, length - 1)}…`;
}

/** Where the running engine is reached, with a dashboard or without; for `fields`. */
export function addressField(control: { url: string; dashboardUrl: string }): readonly [string, string] {
  const { url, dashboardUrl } = control;
  return dashboardUrl === url ? ["Control", url] : ["Dashboard", dashboardUrl];
}
