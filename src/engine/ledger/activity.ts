/**
 * The audit log: typed rows that are never changed, and forgotten only where they were chatter (activity-kept.ts). It is read from its newest end, through an index where one kind is
 * asked for; a search for words looks a part through at a time, so that no question holds the engine up.
 */
import type {
  ActivityEvent,
  ActivityFilter,
  ActivityLevel,
  ActivityType,
} from "../../shared/contract/activity.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import type { Spoken } from "../../shared/words/said.ts";
import { CHATTER } from "./activity-kept.ts";
import { describeActivity, levelOf } from "./activity-words.ts";
import { ClockTurns } from "./clock-turns.ts";
import type { Database } from "./database.ts";
import { DescendingIds, newestOf } from "./descending-ids.ts";

const LEVELS: readonly ActivityLevel[] = ["info", "notice", "problem"];
/** Rows that one page looks through for words or a market. */
const LOOKED_THROUGH = 4000;
/** Rows that are read for their times in the time that one is deleted in. */
const READ_FOR_ONE = 100;

interface EventRecord {
  id: number;
  at: number;
  type: string;
  market: MarketId | null;
  lease_id: string | null;
  level: number;
  detail: string;
}

export interface ActivityPage {
  readonly events: readonly ActivityEvent[];
  readonly next: number | null;
}

export class ActivityTable {
  readonly #statements;
  readonly #turns: ClockTurns;
  /** Durable together. */
  readonly #together: <T>(work: () => T) => T;

  constructor(db: Database) {
    this.#turns = new ClockTurns(db);
    this.#together = (work) => db.transaction(work).immediate();
    this.#statements = {
      add: db.prepare(
        "INSERT INTO events (at, type, market, lease, detail, level) VALUES (?, ?, ?, ?, ?, ?)",
      ),
      ids: db
        .prepare<[number, number], number>("SELECT id FROM events WHERE id < ? ORDER BY id DESC LIMIT ?")
        .pluck(),
      idsOfType: db
        .prepare<[string, number, number], number>(
          "SELECT id FROM events WHERE type = ? AND id < ? ORDER BY id DESC LIMIT ?",
        )
        .pluck(),
      idsOfLevel: db
        .prepare<[number, number, number], number>(
          "SELECT id FROM events WHERE level > 0 AND level = ? AND id < ? ORDER BY id DESC LIMIT ?",
        )
        .pluck(),
      matching: db.prepare<
        [
          {
            ids: string;
            market: string | null;
            level: number;
            words: string | null;
            since: number;
            until: number;
            limit: number;
          },
        ],
        EventRecord
      >(
        `SELECT e.id, e.at, e.type, e.market, l.lease_id, e.level, e.detail
         FROM json_each(@ids) looked CROSS JOIN events e ON e.id = looked.value LEFT JOIN leases l ON l.id = e.lease
         WHERE (@market IS NULL OR e.market = @market)
           AND e.level >= @level
           AND e.at >= @since AND e.at < @until
           AND (@words IS NULL OR e.type LIKE @words ESCAPE '!' OR e.detail LIKE @words ESCAPE '!'
             OR l.lease_id LIKE @words ESCAPE '!')
         ORDER BY e.id DESC LIMIT @limit`,
      ),
      // By the index of types: what stays is not looked at.
      oldOfType: db
        .prepare<[string, number, number], number>(
          "SELECT id FROM events INDEXED BY events_type WHERE type = ? AND id < ? ORDER BY id LIMIT ?",
        )
        .pluck(),
      forget: db.prepare<[number]>("DELETE FROM events WHERE id = ?"),
      newest: db.prepare<[], number | null>("SELECT max(id) FROM events").pluck(),
      // Leaps from type to type in the index.
      types: db
        .prepare<[], string>(
          `WITH RECURSIVE known (type) AS (
             SELECT min(type) FROM events
             UNION ALL SELECT (SELECT min(type) FROM events WHERE type > known.type) FROM known WHERE type IS NOT NULL)
           SELECT type FROM known WHERE type IS NOT NULL`,
        )
        .pluck(),
    };
  }

  add(
    type: ActivityType,
    at: number,
    detail: unknown,
    about: { market?: MarketId | undefined; row?: number | undefined },
  ): void {
    const level = LEVELS.indexOf(levelOf(type, detail));
    const { lastInsertRowid } = this.#statements.add.run(
      at,
      type,
      about.market ?? null,
      about.row ?? null,
      JSON.stringify(detail),
      level,
    );
    this.#turns.note({ id: Number(lastInsertRowid), at });
  }

  list(
    filter: ActivityFilter,
    { limit, before = Number.MAX_SAFE_INTEGER }: { limit: number; before?: number | undefined },
  ): ActivityPage {
    const level = LEVELS.indexOf(filter.level ?? "info");
    const { text, market, type, since = 0, until = Number.MAX_SAFE_INTEGER } = filter;
    const first = filter.since === undefined ? 0 : this.#turns.since(filter.since);
    const below = filter.until === undefined ? before : Math.min(before, this.#turns.until(filter.until));
    const isTimed = filter.since !== undefined || filter.until !== undefined;
    // What is no part of the stream itself is looked for in more rows than are shown.
    const selective =
      text !== undefined ||
      market !== undefined ||
      (type !== undefined && level > 0) ||
      (isTimed && !this.#turns.isSteady);
    const most = selective ? LOOKED_THROUGH : limit;
    const ids = newestOf(this.#streams(filter, level, below), most).filter((id) => id >= first);
    const words = text === undefined ? null : `%${text.replace(/[!%_]/g, "!$&")}%`;
    const records = this.#statements.matching.all({
      ids: JSON.stringify(ids),
      market: market ?? null,
      level,
      words,
      since,
      until,
      limit,
    });
    const looked = ids.length === most ? (ids.at(-1) ?? null) : null;
    const next = records.length === limit ? (records.at(-1)?.id ?? null) : looked;
    return { events: records.map(toEvent), next };
  }

  types(): string[] {
    return this.#statements.types.all();
  }

  /**
   * Forgets chatter written before then, unix ms, or with more than `rows` written since: at most `most` rows of each
   * type, so that it holds nobody up. Returns how many.
   */
  prune(before: number, rows: number, most: number): number {
    const newest = this.#statements.newest.get() ?? 0;
    // The newest row stays: its number is not given twice.
    const since = this.#turns.readOn(most * READ_FOR_ONE) ? this.#turns.since(before) : 0;
    const below = Math.min(newest, Math.max(since, newest - rows + 1));
    const { oldOfType, forget } = this.#statements;
    return this.#together(() => {
      const ids = CHATTER.flatMap((type) => oldOfType.all(type, below, most));
      for (const id of ids) forget.run(id);
      return ids.length;
    });
  }

  #streams({ type }: ActivityFilter, level: number, before: number): DescendingIds[] {
    const { ids, idsOfType, idsOfLevel } = this.#statements;
    if (type !== undefined)
      return [new DescendingIds((below, count) => idsOfType.all(type, below, count), before)];
    if (level > 0) {
      return LEVELS.flatMap((_, each) =>
        each < level ? [] : [new DescendingIds((below, count) => idsOfLevel.all(each, below, count), before)],
      );
    }
    return [new DescendingIds((below, count) => ids.all(below, count), before)];
  }
}

function toEvent(record: EventRecord): ActivityEvent {
  const { id, at, type, market, lease_id, level, detail } = record;
  return {
    id,
    at,
    type,
    level: LEVELS[level] ?? "info",
    market,
    leaseId: lease_id,
    ...wordsOf(describeActivity(type, detail)),
    detail,
  };
}

function wordsOf(sentence: Spoken | null): Pick<ActivityEvent, "text" | "said"> {
  if (sentence === null) return { text: null };
  return { text: sentence.text, ...(sentence.said && { said: sentence.said }) };
}
