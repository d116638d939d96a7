/**
 * The leases table and its history: every change of a job's state goes through `apply`, which asks the job machine
 * and writes the row and the transition together.
 */

import { z } from "zod";
import { type CborValue, decodeCanonical, encodeCanonical } from "../../shared/canonical.ts";
import type { JobFilter } from "../../shared/contract/jobs.ts";
import type { JobRow, JobState, MarketId } from "../../shared/contract/views.ts";
import { MarketIdSchema } from "../../shared/contract/views.ts";
import { AppError, type ErrorValue } from "../../shared/errors.ts";
import { type CurrencyCode, type Money, money, toMoneyValue } from "../../shared/money.ts";
import { decodeWork, encodeWork, unitsOf } from "../../shared/work.ts";
import { expectedMinor } from "../market/market-money.ts";
import type { Lease, LeasedWork, UnsupportedWork } from "../market/port.ts";
import { FAILED_STATES, HELD_STATES, type JobEvent, nextState } from "../work/job-machine.ts";
import type { Database } from "./database.ts";
import { JobFinder } from "./job-finder.ts";
import { ALL_TIME } from "./migrations/005-scale.ts";

/** A lease as the work loop holds it: the ledger's row with its work decoded. */
export interface HeldLease {
  readonly row: number;
  readonly market: MarketId;
  readonly leaseId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly model: string;
  readonly work: LeasedWork;
  readonly state: JobState;
  readonly leasedAt: number;
  readonly grantedAt: number;
  readonly expiresAt: number | null;
  /** For how long it was granted, however often it was renewed since; after a restart, what that had come to. */
  readonly lengthMs: number | null;
  readonly maxRuntimeMs: number | null;
  readonly fee: Money | null;
  readonly payment: Lease["payment"];
  /** Times this lease was handed to a runtime. */
  readonly runs: number;
  /** The device it runs or ran on; null before. */
  readonly device: string | null;
}

export interface TransitionFields {
  readonly note?: string;
  readonly error?: ErrorValue;
  readonly device?: string;
}

interface LeaseRecord {
  id: number;
  market: MarketId;
  lease_id: string;
  job_id: string;
  attempt: number;
  kind: string;
  model: string;
  units: number | null;
  state: JobState;
  work: Uint8Array | null;
  fee_currency: CurrencyCode | null;
  fee_minor: string | null;
  payment: Lease["payment"];
  leased_at: number;
  granted_at: number;
  expires_at: number | null;
  max_runtime_ms: number | null;
  runs: number;
  device: string | null;
  finished_at: number | null;
  error: string | null;
}

interface RowRecord extends LeaseRecord {
  sha3_512: string | null;
  earned_minor: string | null;
  earned_currency: CurrencyCode | null;
}

/** Accepted, and its credit is waited for. */
export interface UnsettledJob {
  readonly row: number;
  readonly jobId: string;
  readonly acceptedAt: number;
}

/** A job's place in the order of acceptance. */
export interface UnsettledPlace {
  readonly acceptedAt: number;
  readonly row: number;
}

const OLDEST_FIRST: UnsettledPlace = { acceptedAt: 0, row: 0 };

interface UnsettledRecord {
  id: number;
  job_id: string;
  accepted_at: number;
}

interface UnsettledBounds {
  market: string;
  at: number;
  row: number;
  beforeAt: number;
  beforeRow: number;
  limit: number;
}

/** Where a page of leases begins and how long it is. */
export interface PagePlace {
  readonly limit: number;
  readonly skip?: number | undefined;
  readonly before?: number | undefined;
}

const UnsupportedSchema = z.strictObject({
  kind: z.literal("unsupported"),
  reason: z.string(),
  code: z.string().optional(),
});
const TERMINAL: ReadonlySet<JobState> = new Set<JobState>(["settled", "returned", ...FAILED_STATES]);
/** Minor units can pass 2^53, so they leave SQLite as text. */
const COLUMNS = `l.id, l.market, l.lease_id, l.job_id, l.attempt, l.kind, l.model, l.units, l.state, l.work,
  l.fee_currency, CAST(l.fee_minor AS TEXT) AS fee_minor, l.payment, l.leased_at, l.granted_at, l.expires_at,
  l.max_runtime_ms, l.runs, l.device, l.finished_at, l.error`;
const ROW_SELECT_OF = (
  leases: string,
) => `SELECT ${COLUMNS}, r.sha3_512, CASE WHEN e.told THEN CAST(e.net_minor AS TEXT) END AS earned_minor, e.currency AS earned_currency
  FROM ${leases} LEFT JOIN receipts r ON r.lease = l.id LEFT JOIN earnings e ON e.lease = l.id`;
const ROW_SELECT = ROW_SELECT_OF("leases l");
/** The ids of leases are found by their market first: one index serves both. */
const MARKETS = MarketIdSchema.options.map((market) => `'${market}'`).join(",");
/** Accepted, and its money is waited for. */
const AWAITED = "state = 'accepted' AND written_off_at IS NULL";
/** Accepted, and the market has set nothing aside to pay for it: nothing is waited for. */
const UNPAID = "@acceptedAt IS NOT NULL AND payment = 'unfunded'";
const HELD = HELD_STATES.map((state) => `'${state}'`).join(",");

export class LeaseTable {
  readonly finder: JobFinder;
  readonly #statements;

  constructor(db: Database) {
    this.finder = new JobFinder(db);
    this.#statements = {
      insert: db.prepare(
        `INSERT INTO leases (market, lease_id, job_id, attempt, kind, model, units, state, work, fee_currency, fee_minor,
           expected_minor, payment, leased_at, granted_at, expires_at, max_runtime_ms)
         VALUES (@market, @leaseId, @jobId, @attempt, @kind, @model, @units, 'leased', @work, @feeCurrency, @feeMinor,
           @expectedMinor, @payment, @now, @grantedAt, @expiresAt, @maxRuntimeMs)
         ON CONFLICT (market, lease_id) DO NOTHING`,
      ),
      history: db.prepare("INSERT INTO transitions (lease, at, event, state, note) VALUES (?, ?, ?, ?, ?)"),
      stateOf: db.prepare<[number], JobState>("SELECT state FROM leases WHERE id = ?").pluck(),
      update: db.prepare(
        `UPDATE leases SET state = @state, runs = runs + @run, device = coalesce(@device, device),
           accepted_at = coalesce(@acceptedAt, accepted_at), finished_at = coalesce(@finishedAt, finished_at),
           written_off_at = CASE WHEN ${UNPAID} THEN @acceptedAt ELSE written_off_at END,
           written_off_by = CASE WHEN ${UNPAID} THEN 'market' ELSE written_off_by END,
           error = coalesce(@error, error), work = CASE WHEN @dropWork THEN NULL ELSE work END
         WHERE id = @row`,
      ),
      setExpiry: db.prepare("UPDATE leases SET expires_at = ? WHERE id = ?"),
      held: db.prepare<[], LeaseRecord>(
        `SELECT ${COLUMNS} FROM leases l WHERE l.state IN (${HELD}) AND l.finished_at IS NULL ORDER BY l.id`,
      ),
      one: db.prepare<[number], LeaseRecord>(`SELECT ${COLUMNS} FROM leases l WHERE l.id = ?`),
      names: db.prepare<[number], { lease: string; job: string; attempt: number }>(
        "SELECT lease_id AS lease, job_id AS job, attempt FROM leases WHERE id = ?",
      ),
      offered: db.prepare<[number], Pick<LeaseRecord, "fee_currency" | "fee_minor">>(
        "SELECT fee_currency, CAST(fee_minor AS TEXT) AS fee_minor FROM leases WHERE id = ?",
      ),
      rowOf: db
        .prepare<[string, string], number>("SELECT id FROM leases WHERE market = ? AND lease_id = ?")
        .pluck(),
      byLeaseId: db.prepare<[string], RowRecord>(
        `${ROW_SELECT} WHERE l.market IN (${MARKETS}) AND l.lease_id = ? ORDER BY l.id DESC LIMIT 1`,
      ),
      rows: db.prepare<[string], RowRecord>(
        `${ROW_SELECT_OF("json_each(?) wanted CROSS JOIN leases l ON l.id = wanted.value")} ORDER BY l.id DESC`,
      ),
      newestUnsettled: db.prepare<[string, number], UnsettledRecord>(
        `SELECT id, job_id, accepted_at FROM leases WHERE market = ? AND ${AWAITED}
         ORDER BY accepted_at DESC, id DESC LIMIT ?`,
      ),
      olderUnsettled: db.prepare<[UnsettledBounds], UnsettledRecord>(
        // Without the hint every acceptance is walked through for the few that wait.
        `SELECT id, job_id, accepted_at FROM leases INDEXED BY leases_unsettled
         WHERE market = @market AND ${AWAITED} AND accepted_at >= @at
           AND (accepted_at, id) > (@at, @row) AND (accepted_at, id) < (@beforeAt, @beforeRow)
         ORDER BY accepted_at, id LIMIT @limit`,
      ),
      acceptedTotal: db
        .prepare<[number], number>(
          `SELECT coalesce(sum(accepted), 0) FROM job_slots WHERE market IN (${MARKETS}) AND slot = ?`,
        )
        .pluck(),
      transitions: db.prepare<[number], { state: JobState; at: number; note: string | null }>(
        "SELECT state, at, note FROM transitions WHERE lease = ? ORDER BY rowid",
      ),
    };
  }

  /** A lease that has just been granted; false when the ledger knows it already. */
  insert(lease: Lease, now: number): number | null {
    const result = this.#statements.insert.run({
      market: lease.market,
      leaseId: lease.leaseId,
      jobId: lease.jobId,
      attempt: lease.attempt,
      kind: lease.work.kind,
      model: lease.model,
      units: lease.work.kind === "unsupported" ? null : unitsOf(lease.work),
      work: keptWork(lease.work),
      feeCurrency: lease.fee?.currency ?? null,
      feeMinor: lease.fee?.minor ?? null,
      expectedMinor: expectedMinor(lease.market, lease.fee),
      payment: lease.payment,
      now,
      grantedAt: lease.grantedAt,
      expiresAt: lease.expiresAt,
      maxRuntimeMs: lease.maxRuntimeMs,
    });
    if (result.changes === 0) return null;
    const row = Number(result.lastInsertRowid);
    this.#statements.history.run(row, now, "lease", "leased", null);
    return row;
  }

  /** Move a lease along one edge of the job machine. Throws ILLEGAL_TRANSITION for any other move. */
  apply(row: number, event: JobEvent, now: number, fields: TransitionFields = {}): JobState {
    const current = this.#statements.stateOf.get(row);
    if (current === undefined) throw unknownLease(String(row));
    const state = nextState(current, event);
    const terminal = TERMINAL.has(state);
    this.#statements.update.run({
      row,
      state,
      run: event === "run" ? 1 : 0,
      device: fields.device ?? null,
      acceptedAt: event === "accept" ? now : null,
      finishedAt: terminal ? now : null,
      error: fields.error === undefined ? null : JSON.stringify(fields.error),
      // From "computed" on only the receipt's input hash is needed.
      dropWork: terminal || state === "computed" ? 1 : 0,
    });
    if (state !== current) {
      this.#statements.history.run(row, now, event, state, fields.note ?? fields.error?.message ?? null);
    }
    return state;
  }

  setExpiry(row: number, expiresAt: number): void {
    this.#statements.setExpiry.run(expiresAt, row);
  }

  held(): HeldLease[] {
    return this.#statements.held.all().map(toHeld);
  }

  get(row: number): HeldLease {
    const record = this.#statements.one.get(row);
    if (!record) throw unknownLease(String(row));
    return toHeld(record);
  }

  /** What a lease is called, also when it has ended; null: there is none. */
  names(row: number): { lease: string; job: string; attempt: number } | null {
    return this.#statements.names.get(row) ?? null;
  }

  /** What the market offered for the job; null: it did not say, or there is no such lease. */
  offered(row: number): Money | null {
    const record = this.#statements.offered.get(row);
    return record === undefined ? null : moneyOf(record.fee_currency, record.fee_minor);
  }

  rowOf(market: MarketId, leaseId: string): number | null {
    return this.#statements.rowOf.get(market, leaseId) ?? null;
  }

  /**
   * Accepted by the market and not credited yet: the newest, and of those before them as many, in turn from `after` on.
   * `next` is where the next turn begins. Jobs that are never paid keep no other from being asked about.
   */
  unsettled(
    market: MarketId,
    limit: number,
    after: UnsettledPlace = OLDEST_FIRST,
  ): { jobs: UnsettledJob[]; next: UnsettledPlace } {
    const newest = this.#statements.newestUnsettled.all(market, Math.ceil(limit / 2));
    const before = newest.at(-1);
    if (before === undefined) return { jobs: [], next: OLDEST_FIRST };
    const room = limit - newest.length;
    const older = this.#statements.olderUnsettled.all({
      market,
      ...{ at: after.acceptedAt, row: after.row, limit: room },
      ...{ beforeAt: before.accepted_at, beforeRow: before.id },
    });
    const last = older.at(-1);
    const goesOn = last !== undefined && older.length === room;
    return {
      jobs: [...newest, ...older].map((r) => ({ row: r.id, jobId: r.job_id, acceptedAt: r.accepted_at })),
      next: goesOn ? { acceptedAt: last.accepted_at, row: last.id } : OLDEST_FIRST,
    };
  }

  /** The newest that match. A page may be short, or empty, and still have a next one. */
  list(filter: JobFilter, { limit, skip, before }: PagePlace): { rows: JobRow[]; next: number | null } {
    const { ids, next } = this.finder.page(filter, {
      limit,
      ...(skip && { skip }),
      ...(before && { before }),
    });
    return { rows: this.#statements.rows.all(JSON.stringify(ids)).map(toJobRow), next };
  }

  find(leaseId: string): { row: number; job: JobRow; device: string | null; attempts: number } | null {
    const record = this.#statements.byLeaseId.get(leaseId);
    if (!record) return null;
    return { row: record.id, job: toJobRow(record), device: record.device, attempts: record.runs };
  }

  acceptedTotal(): number {
    return this.#statements.acceptedTotal.get(ALL_TIME) ?? 0;
  }

  timeline(row: number): { state: JobState; at: number; note: string | null }[] {
    return this.#statements.transitions.all(row);
  }
}

function unknownLease(id: string): AppError {
  return new AppError({ code: "UNKNOWN_LEASE", message: `The ledger has no lease ${id}`, actor: "user" });
}

function keptWork(work: LeasedWork): Uint8Array {
  return work.kind === "unsupported" ? encodeCanonical(declinedToCbor(work)) : encodeWork(work);
}

function declinedToCbor({ kind, reason, code }: UnsupportedWork): CborValue {
  return code === undefined ? { kind, reason } : { kind, reason, code };
}

function leasedWork(bytes: Uint8Array | null): LeasedWork {
  if (bytes === null) return { kind: "unsupported", reason: "The work is no longer kept" };
  const refused = UnsupportedSchema.safeParse(decodeCanonical(bytes));
  return refused.success ? refused.data : decodeWork(bytes);
}

function toHeld(record: LeaseRecord): HeldLease {
  return {
    row: record.id,
    market: record.market,
    leaseId: record.lease_id,
    jobId: record.job_id,
    attempt: record.attempt,
    model: record.model,
    work: leasedWork(record.work),
    state: record.state,
    leasedAt: record.leased_at,
    grantedAt: record.granted_at,
    expiresAt: record.expires_at,
    lengthMs: record.expires_at === null ? null : record.expires_at - record.granted_at,
    maxRuntimeMs: record.max_runtime_ms,
    fee: moneyOf(record.fee_currency, record.fee_minor),
    payment: record.payment,
    runs: record.runs,
    device: record.device,
  };
}

function moneyOf(currency: CurrencyCode | null, minor: string | null): Money | null {
  return currency === null || minor === null ? null : money(currency, BigInt(minor));
}

function toJobRow(record: RowRecord): JobRow {
  const fee = moneyOf(record.fee_currency, record.fee_minor);
  const earned = moneyOf(record.earned_currency, record.earned_minor);
  return {
    leaseId: record.lease_id,
    jobId: record.job_id,
    market: record.market,
    kind: record.kind,
    model: record.model,
    units: record.units,
    state: record.state,
    leasedAt: record.leased_at,
    finishedAt: record.finished_at,
    digest: record.sha3_512,
    fee: fee && toMoneyValue(fee),
    earned: earned && toMoneyValue(earned),
    error: record.error === null ? null : (JSON.parse(record.error) as ErrorValue),
  };
}
