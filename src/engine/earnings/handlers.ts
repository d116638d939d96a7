/** The commands about money earned, and about what was done for it. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { EarningEntry, EntryState } from "../../shared/contract/earnings.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { AppError } from "../../shared/errors.ts";
import { type Money, toMoneyValue } from "../../shared/money.ts";
import type { Entry, EntryPlace, EntrySpan } from "../ledger/earning-entries.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { MARKET_MONEY } from "../market/market-money.ts";
import type { Electricity } from "../pricing/floor.ts";
import { openBooks } from "./books.ts";
import { type CsvRate, csvHead, csvRow, rentalRow } from "./csv.ts";
import { writeOffHandlers } from "./write-off-handlers.ts";

/** Lines of one piece of a CSV file: some milliseconds of the engine's time. */
const CSV_PIECE = 1000;

export interface EarningDeps {
  readonly ledger: Pick<
    Ledger,
    "earnings" | "energy" | "entries" | "activity" | "bookings" | "writeOffs" | "marketsKept" | "audit"
  >;
  /** In the settings of today. */
  readonly markets: readonly MarketId[];
  readonly electricity: () => Electricity | null;
  /** What is waited for is not what it was. */
  readonly onChange?: () => void;
  readonly now: () => number;
}

export type EarningHandlers = Pick<
  ContractHandlers,
  | "earnings.series"
  | "earnings.summary"
  | "earnings.report"
  | "earnings.entries"
  | "earnings.csv"
  | "earnings.unpaid"
  | "earnings.writeOff"
  | "earnings.takeBack"
  | "activity.list"
  | "activity.types"
>;

/** Throw UNKNOWN_MARKET for one that is not configured and that nothing is known of, BAD_INPUT for a place that no page named. */
export function earningHandlers(deps: EarningDeps): EarningHandlers {
  const { ledger, markets, electricity, now } = deps;
  const books = openBooks(markets, ledger, { electricity, now });
  const booksOf = (id: MarketId) => {
    const found = books.get(id);
    if (found === undefined) throw unknownMarket(id);
    return found;
  };
  const expectedOf = ({ market, offered, net, settledAt, writtenOff }: Entry) =>
    net !== null || settledAt !== null || writtenOff !== null || offered === null
      ? null
      : MARKET_MONEY[market].expectedNet(offered);
  const rateOf = (id: MarketId): CsvRate | null => {
    const prices = electricity();
    const micros = prices?.worthOf(booksOf(id).currency) ?? null;
    return prices === null || micros === null ? null : { currency: prices.currency, micros };
  };
  const entriesOf = (span: EntrySpan, state: EntryState | undefined, limit: number, before?: string) => {
    const page = ledger.entries.newest(span, state ?? "all", {
      limit,
      before: before === undefined ? undefined : readPlace(before),
    });
    return {
      entries: page.map((entry) => entryView(entry, expectedOf(entry))),
      next: nextPlace(page, limit),
    };
  };
  return {
    "earnings.series": async ({ market, days }) => booksOf(market).series(days),
    "earnings.summary": async () => {
      const at = now();
      return { markets: [...books.values()].map((each) => each.summary(at)) };
    },
    // Nothing is awaited between the parts, and nobody else writes the ledger: they are of one moment.
    "earnings.report": async ({ market, days, state, limit }) => {
      const at = now();
      const series = booksOf(market).series(days, at);
      // What is owed, or was given up, is looked for however old it is: only old jobs can be written off.
      const from = state === "pending" || state === "written-off" ? 0 : (series.days[0]?.at ?? 0);
      return {
        at,
        summary: booksOf(market).summary(at),
        series,
        newest: entriesOf({ market, from, until: FOREVER }, state, limit),
        state: state ?? null,
      };
    },
    "earnings.entries": async ({ market, state, from = 0, until = FOREVER, before, limit }) =>
      entriesOf({ market, from, until }, state, limit, before),
    "earnings.csv": async ({ market, by, from = 0, until = FOREVER, after }) => {
      const wanted = market === undefined ? [...books.keys()] : [market];
      for (const id of wanted) booksOf(id);
      const place = after === undefined ? null : readCsvPlace(after, wanted);
      const current = place?.market ?? wanted[0];
      if (current === undefined) return { text: csvHead(), rows: 0, next: null };
      const span = { market: current, from, until };
      const following = wanted[wanted.indexOf(current) + 1] ?? null;
      const head = after === undefined ? csvHead() : "";
      if (place?.rentalsAfter != null) {
        const paging = { after: place.rentalsAfter, limit: CSV_PIECE, now: now() };
        const page = ledger.bookings.list(span, paging);
        const last = page.at(-1);
        return {
          text: head + page.map(rentalRow).join(""),
          rows: page.length,
          next: last === undefined || page.length < CSV_PIECE ? following : `${current} rentals ${last.row}`,
        };
      }
      const paging = { limit: CSV_PIECE, after: place?.entry };
      const page =
        by === "paid" ? ledger.entries.firstPaid(span, paging) : ledger.entries.oldest(span, paging);
      const rate = rateOf(current);
      const lines = page.map((entry) => csvRow(entry, { expected: expectedOf(entry), rate }));
      const more = nextPlace(page, CSV_PIECE, by);
      // What a rental paid, and when, no market tells.
      const rest = by === "paid" ? following : `${current} rentals 0`;
      return {
        text: head + lines.join(""),
        rows: page.length,
        next: more === null ? rest : `${current} ${more}`,
      };
    },
    ...writeOffHandlers(deps, (market) => booksOf(market).currency),
    "activity.list": async ({ limit, before, ...filter }) => {
      const { events, next } = ledger.activity.list(filter, { limit, before });
      return { events: [...events], next };
    },
    "activity.types": async () => ({ types: ledger.activity.types() }),
  };
}

const FOREVER = Number.MAX_SAFE_INTEGER;

function entryView(entry: Entry, expected: Money | null): EarningEntry {
  const { row: _, offered, gross, net, writtenOff, ...rest } = entry;
  return {
    ...rest,
    ...(writtenOff && { writtenOff }),
    offered: offered && toMoneyValue(offered),
    gross: gross && toMoneyValue(gross),
    net: net && toMoneyValue(net),
    expected: expected && toMoneyValue(expected),
  };
}

/** "moment:row" of the last of a whole page; null: there are no more. */
function nextPlace(
  page: readonly Entry[],
  limit: number,
  by: "accepted" | "paid" = "accepted",
): string | null {
  const last = page.at(-1);
  if (last === undefined || page.length < limit) return null;
  return `${(by === "paid" ? last.settledAt : null) ?? last.acceptedAt}:${last.row}`;
}

function readPlace(text: string): EntryPlace {
  const [, at, row] = /^(\d{1,15}):(\d{1,15})$/.exec(text) ?? [];
  if (at === undefined || row === undefined) throw badPlace(text);
  return { at: Number(at), row: Number(row) };
}

interface CsvPlace {
  readonly market: MarketId;
  readonly entry: EntryPlace | undefined;
  /** The jobs are through, and the rentals up to this row; null: they are not. */
  readonly rentalsAfter: number | null;
}

/** "aicf" (from its beginning), "aicf 1760000000000:17" or "aicf rentals 3". */
function readCsvPlace(text: string, wanted: readonly MarketId[]): CsvPlace {
  const [name, place, row] = text.split(" ", 3);
  const market = wanted.find((known) => known === name);
  if (market === undefined) throw badPlace(text);
  if (place !== "rentals")
    return { market, entry: place === undefined ? undefined : readPlace(place), rentalsAfter: null };
  if (row === undefined || !/^\d{1,15}$/.test(row)) throw badPlace(text);
  return { market, entry: undefined, rentalsAfter: Number(row) };
}

function badPlace(text: string): AppError {
  return new AppError({
    code: "BAD_INPUT",
    message: `"${text}" is no place in the earnings`,
    actor: "user",
    help: "Take the one that the page before ended with.",
  });
}

function unknownMarket(market: MarketId): AppError {
  return new AppError({
    code: "UNKNOWN_MARKET",
    message: `The market "${market}" is not configured, and nothing was earned there`,
    actor: "user",
    help: "`bellows status` lists those that are.",
  });
}
