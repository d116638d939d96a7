/**
 * Money as the ledger knows it: a credit per settled job, and what accepted jobs will still pay. Sums come from slots of
 * a quarter of an hour that are kept with every change (migrations/005-scale.ts, 013-money-in-sight.ts), so none of them reads a job.
 */
import type { MarketId } from "../../shared/contract/views.ts";
import { type CurrencyCode, type Money, money } from "../../shared/money.ts";
import type { JobCredit } from "../market/port.ts";
import type { Database } from "./database.ts";
import { ALL_TIME, SLOT_MS } from "./migrations/005-scale.ts";
import { COPIED_LEASES } from "./other-machine.ts";

/** Of a span of time, or of all time. */
export interface SpanSums {
  readonly accepted: number;
  readonly failed: number;
  readonly returned: number;
  readonly settled: number;
  readonly net: Money;
  /** Of the credits that tell it. */
  readonly fee: Money;
  /** Credits that don't. */
  readonly feesUnknown: number;
}

/** What accepted jobs should still bring. */
export interface PendingSums {
  readonly jobs: number;
  /** Of them those of which it is not known. */
  readonly unpriced: number;
  readonly net: Money;
}

interface PendingRecord {
  jobs: number;
  unpriced: number;
  net: string;
}

interface JobSums {
  accepted: number;
  failed: number;
  returned: number;
}

interface MoneySums {
  settled: number;
  net: string;
  fee: string;
  unknown: number;
}

const JOB_SUMS = `SELECT coalesce(sum(accepted), 0) AS accepted, coalesce(sum(failed), 0) AS failed,
    coalesce(sum(returned), 0) AS returned FROM job_slots WHERE market = ?`;
/** Minor units can pass 2^53, so they leave SQLite as text. */
const MONEY_SUMS = `SELECT coalesce(sum(settled), 0) AS settled, CAST(coalesce(sum(net_minor), 0) AS TEXT) AS net,
    CAST(coalesce(sum(fee_minor), 0) AS TEXT) AS fee, coalesce(sum(fees_unknown), 0) AS unknown
  FROM earning_slots WHERE market = ? AND currency = ?`;

const PENDING_SUMS = `SELECT coalesce(sum(jobs), 0) AS jobs, coalesce(sum(unpriced), 0) AS unpriced,
    CAST(coalesce(sum(net_minor), 0) AS TEXT) AS net FROM pending_slots WHERE market = ?`;

/** Well within a column of 64 bits. */
const MOST_SUM = 2n ** 62n;

export class EarningsTable {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      insert: db.prepare(
        `INSERT INTO earnings (lease, market, currency, net_minor, gross_minor, accepted_at, settled_at, reference, told)
         SELECT id, market, ?, ?, ?, accepted_at, ?, ?, ? FROM leases WHERE id = ?`,
      ),
      paidAlready: db
        .prepare<[number], number>(
          `SELECT 1 FROM leases l JOIN leases other ON other.job_id = l.job_id AND other.market = l.market
             AND other.id <> l.id JOIN earnings e ON e.lease = other.id
           WHERE l.id = ? LIMIT 1`,
        )
        .pluck(),
      sumsOf: db.prepare<[string, number, number], { net: string; fee: string }>(
        `SELECT CAST(net_minor AS TEXT) AS net, CAST(fee_minor AS TEXT) AS fee FROM earning_slots
         WHERE currency = ? AND slot = ? AND market = (SELECT market FROM leases WHERE id = ?)`,
      ),
      jobs: db.prepare<[string, number, number], JobSums>(`${JOB_SUMS} AND slot >= ? AND slot < ?`),
      allJobs: db.prepare<[string, number], JobSums>(`${JOB_SUMS} AND slot = ?`),
      money: db.prepare<[string, string, number, number], MoneySums>(
        `${MONEY_SUMS} AND slot >= ? AND slot < ?`,
      ),
      allMoney: db.prepare<[string, string, number], MoneySums>(`${MONEY_SUMS} AND slot = ?`),
      pending: db.prepare<[string, number, number], PendingRecord>(
        `${PENDING_SUMS} AND slot >= ? AND slot < ?`,
      ),
      allPending: db.prepare<[string, number], PendingRecord>(`${PENDING_SUMS} AND slot = ?`),
      oldestPending: db
        .prepare<[string], number | null>(
          `SELECT min(accepted_at) FROM leases INDEXED BY leases_unsettled
           WHERE market = ? AND state = 'accepted' AND written_off_at IS NULL`,
        )
        .pluck(),
      failedSince: db
        .prepare<[string, number], number>(
          `SELECT count(*) FROM leases
           WHERE market = ? AND finished_at >= ? AND state IN ('failed', 'expired', 'lost', 'rejected')
             AND +id > ${COPIED_LEASES}`,
        )
        .pluck(),
    };
  }

  /**
   * A job is paid once, also when two of its leases were accepted: the second brings nothing. An amount that the sums
   * can't hold is none: whatever a market says, the ledger goes on.
   */
  insert(row: number, credit: JobCredit): void {
    if (this.#statements.paidAlready.get(row) !== undefined) this.#insert(row, nothingOf(credit));
    else if (this.#fits(row, credit)) this.#insert(row, credit);
    else this.#insert(row, { ...nothingOf(credit), gross: null, untold: true });
  }

  #fits(row: number, { net, gross }: JobCredit): boolean {
    const sums = this.#statements.sumsOf.get(net.currency, ALL_TIME, row);
    const fee = gross === null ? 0n : size(gross.minor - net.minor);
    return (
      size(BigInt(sums?.net ?? 0)) + net.minor <= MOST_SUM && size(BigInt(sums?.fee ?? 0)) + fee <= MOST_SUM
    );
  }

  #insert(row: number, credit: JobCredit): void {
    this.#statements.insert.run(
      credit.net.currency,
      credit.net.minor,
      credit.gross?.minor ?? null,
      credit.settledAt,
      credit.reference,
      credit.untold ? 0 : 1,
      row,
    );
  }

  /** From `from` on and before `until`: unix ms, both on a quarter of an hour, as every local midnight is. */
  between(market: MarketId, currency: CurrencyCode, from: number, until: number): SpanSums {
    const [first, end] = [Math.floor(from / SLOT_MS), Math.ceil(until / SLOT_MS)];
    return spanSums(
      currency,
      this.#statements.jobs.get(market, first, end),
      this.#statements.money.get(market, currency, first, end),
    );
  }

  since(market: MarketId, currency: CurrencyCode, from: number): SpanSums {
    return this.between(market, currency, from, Number.MAX_SAFE_INTEGER);
  }

  allTime(market: MarketId, currency: CurrencyCode): SpanSums {
    return spanSums(
      currency,
      this.#statements.allJobs.get(market, ALL_TIME),
      this.#statements.allMoney.get(market, currency, ALL_TIME),
    );
  }

  /** Accepted in that time, as `between`, and waited for. */
  pending(market: MarketId, currency: CurrencyCode, from: number, until: number): PendingSums {
    const [first, end] = [Math.floor(from / SLOT_MS), Math.ceil(until / SLOT_MS)];
    return pendingSums(currency, this.#statements.pending.get(market, first, end));
  }

  allPending(market: MarketId, currency: CurrencyCode): PendingSums {
    return pendingSums(currency, this.#statements.allPending.get(market, ALL_TIME));
  }

  /** When the oldest of them was accepted, unix ms; null: none is waited for. */
  oldestPending(market: MarketId): number | null {
    return this.#statements.oldestPending.get(market) ?? null;
  }

  failedSince(market: MarketId, since: number): number {
    return this.#statements.failedSince.get(market, since) ?? 0;
  }
}

const size = (minor: bigint): bigint => (minor < 0n ? -minor : minor);

function nothingOf(credit: JobCredit): JobCredit {
  const nothing = money(credit.net.currency, 0n);
  return { ...credit, net: nothing, gross: nothing };
}

function pendingSums(currency: CurrencyCode, sums: PendingRecord | undefined): PendingSums {
  return {
    jobs: sums?.jobs ?? 0,
    unpriced: sums?.unpriced ?? 0,
    net: money(currency, BigInt(sums?.net ?? 0)),
  };
}

function spanSums(currency: CurrencyCode, jobs: JobSums | undefined, sums: MoneySums | undefined): SpanSums {
  return {
    accepted: jobs?.accepted ?? 0,
    failed: jobs?.failed ?? 0,
    returned: jobs?.returned ?? 0,
    settled: sums?.settled ?? 0,
    net: money(currency, BigInt(sums?.net ?? 0)),
    fee: money(currency, BigInt(sums?.fee ?? 0)),
    feesUnknown: sums?.unknown ?? 0,
  };
}
