/**
 * Finds leases by any filter in bounded time, however many there are. Leases of one sort (market, state, model, device)
 * lie in one index in the order of their ids, and a machine knows few sorts: a page is the merge of their newest ends,
 * and the counts by block of ids say where the n-th match lies (migrations/005-scale.ts).
 */
import type { JobFilter } from "../../shared/contract/jobs.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { MarketIdSchema } from "../../shared/contract/views.ts";
import type { Database } from "./database.ts";
import { DescendingIds, newestOf } from "./descending-ids.ts";
import { ALL_BLOCKS, BLOCK_SHIFT } from "./migrations/005-scale.ts";

/** More sorts than a machine can have by itself; then leases are looked through in the order of their ids. */
const MOST_SORTS = 400;
/** Ids that begin with one text, looked up one by one; more of them are not counted. */
const MOST_TEXT_MATCHES = 5000;
/** Leases that one page looks through where no index helps. */
const WALK = 10_000;
const BLOCK = 1 << BLOCK_SHIFT;

export interface FoundPage {
  /** Newest first. */
  readonly ids: readonly number[];
  /** Ids below this one are the next page; null: there are no more. */
  readonly next: number | null;
}

interface Sort {
  readonly market: MarketId;
  readonly state: string;
  readonly model: string;
  /** '' : it never ran. */
  readonly device: string;
  readonly jobs: number;
}

interface FilterParameters {
  readonly market: string | null;
  readonly states: string | null;
  readonly model: string | null;
  readonly device: string | null;
}

const MATCHES = `(@market IS NULL OR market = @market)
  AND (@states IS NULL OR state IN (SELECT value FROM json_each(@states)))
  AND (@model IS NULL OR model = @model) AND (@device IS NULL OR device = @device)`;

export class JobFinder {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      sorts: db.prepare<[FilterParameters & { block: number; most: number }], Sort>(
        `SELECT market, state, model, device, jobs FROM job_blocks WHERE block = @block AND ${MATCHES} LIMIT @most`,
      ),
      blocks: db.prepare<[FilterParameters & { below: number }], { block: number; jobs: number }>(
        `SELECT block, sum(jobs) AS jobs FROM job_blocks WHERE block >= 0 AND block < @below AND ${MATCHES}
         GROUP BY block ORDER BY block DESC`,
      ),
      ofSort: db
        .prepare<[string, string, string, string | null, number, number, number], number>(
          `SELECT id FROM leases WHERE market = ? AND state = ? AND model = ? AND device IS ? AND id >= ? AND id < ?
           ORDER BY id DESC LIMIT ?`,
        )
        .pluck(),
      between: db
        .prepare<[FilterParameters & { low: number; below: number; limit: number }], number>(
          `SELECT id FROM leases WHERE id >= @low AND id < @below AND ${MATCHES} ORDER BY id DESC LIMIT @limit`,
        )
        .pluck(),
      newest: db.prepare<[], number | null>("SELECT max(id) FROM leases").pluck(),
      beginning: db
        .prepare<[{ markets: string; from: string; to: string; limit: number }], number>(
          `SELECT id FROM (SELECT id FROM leases
             WHERE market IN (SELECT value FROM json_each(@markets)) AND lease_id >= @from AND lease_id < @to LIMIT @limit)
           UNION SELECT id FROM (SELECT id FROM leases WHERE job_id >= @from AND job_id < @to LIMIT @limit)`,
        )
        .pluck(),
      among: db
        .prepare<[FilterParameters & { ids: string; below: number }], number>(
          `SELECT leases.id FROM json_each(@ids) found CROSS JOIN leases ON leases.id = found.value
           WHERE leases.id < @below AND ${MATCHES} ORDER BY leases.id DESC`,
        )
        .pluck(),
      walk: db
        .prepare<
          [FilterParameters & { low: number; below: number; from: string; to: string; limit: number }],
          number
        >(
          `SELECT id FROM leases WHERE id >= @low AND id < @below AND ${MATCHES}
             AND ((lease_id >= @from AND lease_id < @to) OR (job_id >= @from AND job_id < @to))
           ORDER BY id DESC LIMIT @limit`,
        )
        .pluck(),
      choices: db.prepare<[number], { model: string; device: string; jobs: number }>(
        "SELECT model, device, sum(jobs) AS jobs FROM job_blocks WHERE block = ? GROUP BY model, device",
      ),
    };
  }

  /** null: too many begin with that text to be counted one by one. */
  count(filter: JobFilter): number | null {
    if (filter.text !== undefined) return this.#textMatches(filter)?.length ?? null;
    return this.#sorts(filter, ALL_BLOCKS, -1).reduce((sum, { jobs }) => sum + jobs, 0);
  }

  page(
    filter: JobFilter,
    { limit, skip = 0, before }: { limit: number; skip?: number; before?: number },
  ): FoundPage {
    const below = before ?? this.end();
    if (filter.text !== undefined) return this.#textPage(filter, filter.text, { limit, skip, below });
    const sorts = this.#sorts(filter, ALL_BLOCKS, MOST_SORTS + 1);
    const from = skip === 0 ? below : this.#placeOf(filter, sorts, below, skip);
    if (from === null) return { ids: [], next: null };
    const ids =
      sorts.length > MOST_SORTS ? this.#walked(filter, from, limit) : this.#merged(sorts, 0, from, limit);
    return Array.isArray(ids) ? pageOf(ids, limit) : ids;
  }

  /** Every id is below this one. */
  end(): number {
    return (this.#statements.newest.get() ?? 0) + 1;
  }

  choices(): { models: Map<string, number>; devices: Map<string, number> } {
    const models = new Map<string, number>();
    const devices = new Map<string, number>();
    for (const { model, device, jobs } of this.#statements.choices.all(ALL_BLOCKS)) {
      models.set(model, (models.get(model) ?? 0) + jobs);
      if (device !== "") devices.set(device, (devices.get(device) ?? 0) + jobs);
    }
    return { models, devices };
  }

  /** `most` -1: all. */
  #sorts(filter: JobFilter, block: number, most: number): Sort[] {
    return this.#statements.sorts.all({ ...parameters(filter), block, most });
  }

  /** The id that `skip` matches are not below: where a page begins. null: there are not so many. */
  #placeOf(filter: JobFilter, sorts: readonly Sort[], below: number, skip: number): number | null {
    let left = skip;
    const block = below >> BLOCK_SHIFT;
    const within = this.#matchesIn(filter, sorts, block, below);
    if (left <= within.length) return left === 0 ? below : (within[left - 1] as number);
    left -= within.length;
    for (const { block: older, jobs } of this.#statements.blocks.all({
      ...parameters(filter),
      below: block,
    })) {
      if (left <= jobs) return this.#matchesIn(filter, sorts, older, (older + 1) * BLOCK)[left - 1] ?? null;
      left -= jobs;
    }
    return null;
  }

  /** All matches of one block below an id, newest first. */
  #matchesIn(filter: JobFilter, sorts: readonly Sort[], block: number, below: number): readonly number[] {
    const low = block * BLOCK;
    if (sorts.length > MOST_SORTS)
      return this.#statements.between.all({ ...parameters(filter), low, below, limit: BLOCK });
    const here = this.#sorts(filter, block, -1);
    return this.#merged(here, low, below, BLOCK);
  }

  /** The newest `limit` ids of these sorts in [low, below). */
  #merged(sorts: readonly Sort[], low: number, below: number, limit: number): number[] {
    return newestOf(
      sorts.map((sort) => new DescendingIds((from, count) => this.#idsOf(sort, low, from, count), below)),
      limit,
    );
  }

  #idsOf({ market, state, model, device }: Sort, low: number, below: number, count: number): number[] {
    return this.#statements.ofSort.all(
      market,
      state,
      model,
      device === "" ? null : device,
      low,
      below,
      count,
    );
  }

  /** In the order of ids, no further than one page may look. */
  #walked(filter: JobFilter, below: number, limit: number): FoundPage {
    const low = Math.max(0, below - WALK);
    const ids = this.#statements.between.all({ ...parameters(filter), low, below, limit });
    return walkedPage(ids, limit, low);
  }

  #textPage(
    filter: JobFilter,
    text: string,
    { limit, skip, below }: { limit: number; skip: number; below: number },
  ): FoundPage {
    const matches = this.#textMatches(filter, below);
    if (matches !== null) {
      const ids = matches.slice(skip, skip + limit);
      return { ids, next: matches.length > skip + limit ? (ids.at(-1) ?? null) : null };
    }
    const low = Math.max(0, below - WALK);
    const ids = this.#statements.walk.all({ ...parameters(filter), ...prefixRange(text), low, below, limit });
    return walkedPage(ids, limit, low);
  }

  /** null: more than are looked up one by one. */
  #textMatches(filter: JobFilter, below = Number.MAX_SAFE_INTEGER): number[] | null {
    const limit = MOST_TEXT_MATCHES + 1;
    const markets = JSON.stringify(MarketIdSchema.options);
    const range = prefixRange(filter.text ?? "");
    const found = this.#statements.beginning.all({ markets, ...range, limit });
    if (found.length >= limit) return null;
    return this.#statements.among.all({ ...parameters(filter), ids: JSON.stringify(found), below });
  }
}

function parameters({ market, state, states, model, device }: JobFilter): FilterParameters {
  const wanted =
    state === undefined ? states : states === undefined ? [state] : states.filter((s) => s === state);
  return {
    market: market ?? null,
    states: wanted === undefined ? null : JSON.stringify(wanted),
    model: model ?? null,
    device: device ?? null,
  };
}

/** Every text that begins with `prefix` is at least `from` and less than `to`, byte by byte. */
function prefixRange(prefix: string): { from: string; to: string } {
  return { from: prefix, to: `${prefix}\u{10ffff}` };
}

const pageOf = (ids: readonly number[], limit: number): FoundPage => ({
  ids,
  next: ids.length === limit ? (ids.at(-1) ?? null) : null,
});

/** A page that ended before it was full goes on where it stopped looking. */
const walkedPage = (ids: readonly number[], limit: number, low: number): FoundPage => ({
  ids,
  next: ids.length === limit ? (ids.at(-1) ?? null) : low > 0 ? low : null,
});
