/** The commands about money earned, and about what was done for it. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { EarningEntry, EntryState } from "../../shared/contract/earnings.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { AppError } from "../../shared/errors.ts";
import { toMoneyValue } from "../../shared/money.ts";
import type { Entry, EntryPlace, EntrySpan } from "../ledger/earning-entries.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Electricity } from "../pricing/floor.ts";
import { type BooksMarket, openBooks } from "./books.ts";
import { type CsvRate, csvHead, csvRow } from "./csv.ts";

/** Lines of one piece of a CSV file: some milliseconds of the engine's time. */
const CSV_PIECE = 1000;

export interface EarningDeps {
  readonly ledger: Pick<Ledger, "earnings" | "energy" | "entries" | "activity">;
  readonly markets: readonly BooksMarket[];
  readonly electricity: () => Electricity | null;
  readonly now: () => number;
}

export type EarningHandlers = Pick<
  ContractHandlers,
  | "earnings.series"
  | "earnings.summary"
  | "earnings.report"
  | "earnings.entries"
  | "earnings.csv"
  | "activity.list"
  | "activity.types"
>;

/** Throw UNKNOWN_MARKET for one that is not configured, BAD_INPUT for a place that no page named. */
export function earningHandlers({ ledger, markets, electricity, now }: EarningDeps): EarningHandlers {
  const books = openBooks(markets, ledger, { electricity, now });
  const booksOf = (id: MarketId) => {
    const found = books.get(id);
    if (found === undefined) throw unknownMarket(id);
    return found;
  };
  const marketOf = (id: MarketId): BooksMarket => {
    const market = markets.find((known) => known.id === id);
    if (market === undefined) throw unknownMarket(id);
    return market;
  };
  const expectedOf = ({ market: id, offered, net }: Entry) => {
    const market = markets.find((known) => known.id === id);
    return net !== null || offered === null || market === undefined ? null : market.expectedNet(offered);
  };
  const rateOf = (id: MarketId): CsvRate | null => {
    const prices = electricity();
    const micros = prices?.worthOf(marketOf(id).currency) ?? null;
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
      const from = series.days[0]?.at ?? 0;
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
    "earnings.csv": async ({ market, from = 0, until = FOREVER, after }) => {
      const wanted = market === undefined ? markets.map(({ id }) => id) : [marketOf(market).id];
      const place = after === undefined ? null : readMarketPlace(after, wanted);
      const current = place?.market ?? wanted[0];
      if (current === undefined) return { text: csvHead(), rows: 0, next: null };
      const page = ledger.entries.oldest(
        { market: current, from, until },
        { limit: CSV_PIECE, after: place?.place },
      );
      const rate = rateOf(current);
      const lines = page.map((entry) => csvRow(entry, { expected: expectedOf(entry), rate }));
      const more = nextPlace(page, CSV_PIECE);
      const following = wanted[wanted.indexOf(current) + 1];
      return {
        text: (after === undefined ? csvHead() : "") + lines.join(""),
        rows: page.length,
        next: more === null ? (following ?? null) : `${current} ${more}`,
      };
    },
    "activity.list": async ({ limit, before, ...filter }) => {
      const { events, next } = ledger.activity.list(filter, { limit, before });
      return { events: [...events], next };
    },
    "activity.types": async () => ({ types: ledger.activity.types() }),
  };
}

const FOREVER = Number.MAX_SAFE_INTEGER;

function entryView(entry: Entry, expected: ReturnType<BooksMarket["expectedNet"]> | null): EarningEntry {
  const { row: _, offered, gross, net, ...rest } = entry;
  return {
    ...rest,
    offered: offered && toMoneyValue(offered),
    gross: gross && toMoneyValue(gross),
    net: net && toMoneyValue(net),
    expected: expected && toMoneyValue(expected),
  };
}

/** "acceptance:row" of the last of a whole page; null: there are no more. */
function nextPlace(page: readonly Entry[], limit: number): string | null {
  const last = page.at(-1);
  return last === undefined || page.length < limit ? null : `${last.acceptedAt}:${last.row}`;
}

function readPlace(text: string): EntryPlace {
  const [, acceptedAt, row] = /^(\d{1,15}):(\d{1,15})$/.exec(text) ?? [];
  if (acceptedAt === undefined || row === undefined) throw badPlace(text);
  return { acceptedAt: Number(acceptedAt), row: Number(row) };
}

/** "aicf" (from its beginning) or "aicf 1760000000000:17". */
function readMarketPlace(
  text: string,
  wanted: readonly MarketId[],
): { market: MarketId; place: EntryPlace | undefined } {
  const [name, place] = text.split(" ", 2);
  const market = wanted.find((known) => known === name);
  if (market === undefined) throw badPlace(text);
  return { market, place: place === undefined ? undefined : readPlace(place) };
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
    message: `The market "${market}" is not configured`,
    actor: "user",
    help: "`bellows status` lists those that are.",
  });
}
