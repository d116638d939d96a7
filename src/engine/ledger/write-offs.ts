/**
 * Accepted jobs whose money nobody waits for any more: the market had set nothing aside for them, or a person gave them up.
 * Or they are another machine's (other-machine.ts). They stay accepted, so a credit that comes all the same settles them; they are in no sum of what is still to come.
 */
import type { MarketId } from "../../shared/contract/views.ts";
import { type CurrencyCode, money } from "../../shared/money.ts";
import type { Database } from "./database.ts";
import type { PendingSums } from "./earnings.ts";
import type { UnsettledJob, UnsettledPlace } from "./leases.ts";
import { SLOT_MS } from "./migrations/005-scale.ts";

/** Rows of one transaction: some ten milliseconds of the engine's time. */
const AT_ONCE = 1_000;
const NOWHERE: UnsettledPlace = { acceptedAt: 0, row: 0 };

interface SumRecord {
  by: "market" | "person";
  jobs: number;
  unpriced: number;
  net: string;
}

export class WriteOffTable {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      sums: db.prepare<[string], SumRecord>(
        `SELECT written_off_by AS by, jobs, unpriced, CAST(net_minor AS TEXT) AS net
         FROM written_off_sums WHERE market = ?`,
      ),
      writeOff: db.prepare(
        `UPDATE leases SET written_off_at = @at, written_off_by = 'person' WHERE id IN (
           SELECT id FROM leases INDEXED BY leases_unsettled
           WHERE market = @market AND state = 'accepted' AND written_off_at IS NULL AND accepted_at < @before
           LIMIT ${AT_ONCE})`,
      ),
      newest: db
        .prepare<[string], number | null>(
          `SELECT max(written_off_at) FROM leases INDEXED BY leases_given_up
           WHERE market = ? AND state = 'accepted' AND written_off_by = 'person'`,
        )
        .pluck(),
      deedJobs: db
        .prepare<[string, number], number>(
          `SELECT count(*) FROM leases INDEXED BY leases_given_up
           WHERE market = ? AND state = 'accepted' AND written_off_by = 'person' AND written_off_at = ?`,
        )
        .pluck(),
      takeBack: db.prepare(
        `UPDATE leases SET written_off_at = NULL, written_off_by = NULL WHERE id IN (
           SELECT id FROM leases INDEXED BY leases_given_up
           WHERE market = ? AND state = 'accepted' AND written_off_by = 'person' AND written_off_at = ?
           LIMIT ${AT_ONCE})`,
      ),
      late: db.prepare<
        [string, number, number, number, number],
        { id: number; job_id: string; written_off_at: number }
      >(
        `SELECT id, job_id, written_off_at FROM leases INDEXED BY leases_paid_late
         WHERE market = ? AND state = 'accepted' AND written_off_at >= ? AND written_off_by <> 'copied' AND (written_off_at, id) > (?, ?)
         ORDER BY written_off_at, id LIMIT ?`,
      ),
    };
  }

  /** Whose money is not waited for, by whose word. */
  sums(market: MarketId, currency: CurrencyCode): Record<"market" | "person", PendingSums> {
    const nothing = { jobs: 0, unpriced: 0, net: money(currency, 0n) };
    const sums = { market: nothing, person: nothing };
    for (const { by, jobs, unpriced, net } of this.#statements.sums.all(market))
      sums[by] = { jobs, unpriced, net: money(currency, BigInt(net)) };
    return sums;
  }

  /** The moment, unix ms, before which jobs are those that a sum of whole slots counts. */
  boundary(before: number): number {
    return Math.floor(before / SLOT_MS) * SLOT_MS;
  }

  /**
   * A person gives up some of the jobs accepted before then; `at`, unix ms, is the name of the deed. Returns how many
   * they were; 0: none is left. One commit each.
   */
  writeOffSome(market: MarketId, before: number, at: number): number {
    return this.#statements.writeOff.run({ market, before: this.boundary(before), at }).changes;
  }

  /** The newest deed of a person whose jobs are still unpaid; null: there is none. */
  newestDeed(market: MarketId): number | null {
    return this.#statements.newest.get(market) ?? null;
  }

  /** The jobs of that deed. */
  lastDeedJobs(market: MarketId): number {
    const deed = this.newestDeed(market);
    return deed === null ? 0 : (this.#statements.deedJobs.get(market, deed) ?? 0);
  }

  /** Some of a deed's jobs are waited for again; returns how many. */
  takeBackSome(market: MarketId, deed: number): number {
    return this.#statements.takeBack.run(market, deed).changes;
  }

  /** Written off since then, in turn from `after` on: a market that pays late is heard. `next` is where the next turn begins. */
  late(
    market: MarketId,
    since: number,
    limit: number,
    after: UnsettledPlace = NOWHERE,
  ): { jobs: UnsettledJob[]; next: UnsettledPlace } {
    const found = this.#statements.late.all(market, since, after.acceptedAt, after.row, limit);
    const last = found.at(-1);
    return {
      jobs: found.map((r) => ({ row: r.id, jobId: r.job_id, acceptedAt: r.written_off_at })),
      next:
        last === undefined || found.length < limit
          ? NOWHERE
          : { acceptedAt: last.written_off_at, row: last.id },
    };
  }
}
