/**
 * The earnings ledger as a file for a spreadsheet or a tax office: one accepted job or one rental a line, RFC 4180, times in
 * ISO 8601. A rental's amount is what was agreed: it stands under "offered", and in no column of what was paid.
 * Amounts stand twice: as decimals, cut and never rounded up, and as the exact count of minor units.
 */
import { CURRENCIES, type CurrencyCode, formatDecimal, type Money } from "../../shared/money.ts";
import type { Rental } from "../ledger/bookings.ts";
import type { Entry } from "../ledger/earning-entries.ts";

/** Finer than any amount of ANM, and than any of AIT that a market writes. */
const DECIMALS = 12;
const MICRO_DECIMALS = 6;

export interface CsvRate {
  /** ISO 4217. */
  readonly currency: string;
  /** Of one whole coin, millionths. */
  readonly micros: bigint;
}

type Column = readonly [head: string, cell: (entry: Entry, context: RowContext) => string | number | null];

interface RowContext {
  /** What a pending job should bring. */
  readonly expected: Money | null;
  readonly rate: CsvRate | null;
}

const COLUMNS: readonly Column[] = [
  ["accepted_at", ({ acceptedAt }) => iso(acceptedAt)],
  ["settled_at", ({ settledAt }) => iso(settledAt)],
  ["state", (entry) => stateOf(entry)],
  ["market", ({ market }) => market],
  ["lease", ({ leaseId }) => leaseId],
  ["job", ({ jobId }) => jobId],
  ["kind", ({ kind }) => kind],
  ["model", ({ model }) => model],
  ["units", ({ units }) => units],
  ["currency", (entry, { expected }) => currencyOf(entry, expected)],
  ["offered", ({ offered }) => decimal(offered)],
  ["gross", ({ gross }) => decimal(gross)],
  ["fee", (entry) => decimal(feeOf(entry))],
  ["net", ({ net }) => decimal(net)],
  ["expected_net", (_, { expected }) => decimal(expected)],
  ["offered_minor", ({ offered }) => exact(offered)],
  ["gross_minor", ({ gross }) => exact(gross)],
  ["net_minor", ({ net }) => exact(net)],
  ["minor_per_unit", (entry, { expected }) => scaleOf(currencyOf(entry, expected))],
  ["reference", ({ reference }) => reference],
  ["rate_currency", ({ net }, { rate }) => (net === null ? null : (rate?.currency ?? null))],
  ["rate_per_unit", ({ net }, { rate }) => (net === null || rate === null ? null : micros(rate.micros))],
  [
    "net_at_rate",
    ({ net }, { rate }) =>
      net === null || rate === null
        ? null
        : micros((net.minor * rate.micros) / CURRENCIES[net.currency].scale),
  ],
  ["written_off_at", ({ writtenOff }) => iso(writtenOff?.at ?? null)],
];
/** Only rentals have these. */
const RENTAL_HEADS = ["rental_until", "rental_ended_at"] as const;

export function csvHead(): string {
  return line([...COLUMNS.map(([head]) => head), ...RENTAL_HEADS]);
}

export function csvRow(entry: Entry, context: RowContext): string {
  return line([...COLUMNS.map(([, cell]) => csvCell(cell(entry, context))), ...RENTAL_HEADS.map(() => "")]);
}

export function rentalRow(rental: Rental): string {
  const { total } = rental;
  const cells: Record<string, string | null> = {
    accepted_at: iso(rental.startsAt),
    state: rental.endReason ?? "running",
    market: rental.market,
    lease: rental.booking,
    kind: "gpu-rental",
    model: rental.model,
    currency: total?.currency ?? null,
    offered: decimal(total),
    offered_minor: exact(total),
    minor_per_unit: scaleOf(total?.currency ?? null),
    reference: rental.board,
    rental_until: iso(rental.until),
    rental_ended_at: iso(rental.endedAt),
  };
  return line(
    [...COLUMNS.map(([head]) => head), ...RENTAL_HEADS].map((head) => csvCell(cells[head] ?? null)),
  );
}

const line = (cells: readonly string[]): string => `${cells.join(",")}\r\n`;
const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

function stateOf({ settledAt, writtenOff }: Entry): string {
  if (settledAt !== null) return "settled";
  return writtenOff === null ? "pending" : "written-off";
}

/** What a market wrote must not become a formula in somebody's spreadsheet. */
export function csvCell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

const decimal = (amount: Money | null): string | null =>
  amount === null ? null : formatDecimal(amount, DECIMALS);
const exact = (amount: Money | null): string | null => amount?.minor.toString() ?? null;

function feeOf({ gross, net }: Entry): Money | null {
  return gross === null || net === null ? null : { currency: net.currency, minor: gross.minor - net.minor };
}

const currencyOf = ({ net, offered }: Entry, expected: Money | null): CurrencyCode | null =>
  (net ?? expected ?? offered)?.currency ?? null;
const scaleOf = (currency: CurrencyCode | null): string | null =>
  currency === null ? null : CURRENCIES[currency].scale.toString();

/** Millionths as a decimal with all six places. */
function micros(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(MICRO_DECIMALS + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -MICRO_DECIMALS)}.${digits.slice(-MICRO_DECIMALS)}`;
}
