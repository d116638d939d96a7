/** Money and the log as an engine would tell them whose books are empty, or hold what a test says. */

import type { ActivityEvent } from "../../src/shared/contract/activity.ts";
import type { ContractHandlers } from "../../src/shared/contract/contract.ts";
import type {
  EarningEntry,
  EarningSeries,
  EarningSummary,
  EntryState,
} from "../../src/shared/contract/earnings.ts";
import type { MarketId } from "../../src/shared/contract/market-id.ts";
import { DAY } from "../../src/shared/durations.ts";
import type { AppError } from "../../src/shared/errors.ts";
import type { CurrencyCode, MoneyValue } from "../../src/shared/money.ts";

export interface ScriptedBooks {
  /** Owed for long, by market. */
  unpaid: { market: MarketId; jobs: number; net: MoneyValue; unpriced?: number }[];
  /** Why nothing is taken back; null: it is. */
  refusal: AppError | null;
  /** The report is not told before. */
  until: Promise<void> | null;
  summaries: EarningSummary[];
  series: EarningSeries[];
  entries: EarningEntry[];
  events: ActivityEvent[];
  csv: string;
}

export const emptyBooks = (): ScriptedBooks => ({
  unpaid: [],
  refusal: null,
  until: null,
  summaries: [],
  series: [],
  entries: [],
  events: [],
  csv: "accepted_at\r\n",
});

export type BookHandlers = Pick<
  ContractHandlers,
  | "jobs.count"
  | "jobs.choices"
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

export function scriptedBookHandlers(books: ScriptedBooks = emptyBooks()): BookHandlers {
  const seriesOf = (market: MarketId, days: number): EarningSeries => {
    const found = books.series.find((series) => series.market === market);
    return found === undefined
      ? { market, currency: market === "aicf" ? "ANM" : "AIT", days: [] }
      : { ...found, days: found.days.slice(-days) };
  };
  const newest = (market: MarketId, state: EntryState | undefined, limit: number, from = 0) => ({
    entries: books.entries
      .filter((entry) => entry.market === market && entry.acceptedAt >= from)
      .filter((entry) => state === undefined || stateOf(entry) === state)
      .slice(0, limit),
    next: null,
  });
  const unpaidOf = (market: MarketId) => {
    const found = books.unpaid.find((each) => each.market === market);
    return {
      jobs: found?.jobs ?? 0,
      unpriced: found?.unpriced ?? 0,
      net: found?.net ?? { currency: market === "aicf" ? ("ANM" as const) : ("AIT" as const), minor: "0" },
    };
  };
  return {
    "jobs.count": async () => ({ count: 0, before: "0" }),
    "jobs.choices": async () => ({ models: [], devices: [] }),
    "earnings.series": async ({ market, days }) => seriesOf(market, days),
    "earnings.summary": async () => ({ markets: books.summaries }),
    "earnings.report": async ({ market, days, state, limit }) => {
      await books.until;
      const summary = books.summaries.find((each) => each.market === market);
      if (summary === undefined) throw new Error(`The test scripted no summary of ${market}`);
      const series = seriesOf(market, days);
      const from = state === "pending" || state === "written-off" ? 0 : series.days[0]?.at;
      return {
        at: Date.now(),
        summary,
        series,
        newest: newest(market, state, limit, from),
        state: state ?? null,
      };
    },
    "earnings.entries": async ({ market, state, limit, from }) => newest(market, state, limit, from),
    "earnings.csv": async () => ({ text: books.csv, rows: books.csv.split("\r\n").length - 2, next: null }),
    "earnings.unpaid": async ({ market, days }) => ({
      ...unpaidOf(market),
      before: Date.now() - days * DAY,
    }),
    "earnings.writeOff": async ({ market }) => {
      const { jobs } = unpaidOf(market);
      books.unpaid = books.unpaid.filter((each) => each.market !== market);
      return { jobs };
    },
    "earnings.takeBack": async () => {
      if (books.refusal !== null) throw books.refusal;
      return { jobs: 0 };
    },
    "activity.list": async ({ text, type, market, level, limit, before = Number.MAX_SAFE_INTEGER }) => {
      const found = books.events
        .filter(({ id }) => id < before)
        .filter((event) => type === undefined || event.type === type)
        .filter((event) => market === undefined || event.market === market)
        .filter((event) => level === undefined || rank(event.level) >= rank(level))
        .filter((event) => text === undefined || JSON.stringify(event).includes(text));
      const events = found.slice(0, limit);
      return { events, next: found.length > limit ? (events.at(-1)?.id ?? null) : null };
    },
    "activity.types": async () => ({ types: [...new Set(books.events.map(({ type }) => type))].sort() }),
  };
}

function stateOf({ settledAt, writtenOff }: EarningEntry): EntryState {
  if (writtenOff !== undefined) return "written-off";
  return settledAt === null ? "pending" : "settled";
}

const rank = (level: ActivityEvent["level"]): number => ["info", "notice", "problem"].indexOf(level);

/** Of a market where nothing was rented out and nothing written off. */
export function noRentals(currency: CurrencyCode): Pick<EarningSummary, "writtenOff" | "rentals"> {
  const nothing: MoneyValue = { currency, minor: "0" };
  const sums = { rentals: 0, running: 0, agreed: nothing, untold: 0 };
  return {
    writtenOff: { byMarket: 0, byPerson: { jobs: 0, net: nothing, unpriced: 0, lastJobs: 0 } },
    rentals: { month: sums, total: sums },
  };
}
