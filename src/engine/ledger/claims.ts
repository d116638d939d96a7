/** What was claimed, job by job, written down before anything is made of it: a claim's answer comes once. */
import type { MarketId } from "../../shared/contract/views.ts";
import { type CurrencyCode, money } from "../../shared/money.ts";
import type { ClaimBook, JobCredit } from "../market/port.ts";
import { asLedgerError, type Database } from "./database.ts";

interface ClaimRecord {
  job_id: string;
  currency: CurrencyCode;
  net_minor: string;
  claimed_at: number;
  reference: string | null;
}

export class ClaimTable {
  readonly #statements;
  readonly #all: (work: () => void) => void;

  constructor(db: Database) {
    this.#all = (work) => {
      try {
        db.transaction(work).immediate();
      } catch (thrown) {
        throw asLedgerError(thrown);
      }
    };
    this.#statements = {
      // A job is paid once: what was said of it first stands, whatever is said again.
      put: db.prepare(
        `INSERT INTO claims (market, job_id, currency, net_minor, claimed_at, reference) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      ),
      // Minor units can pass 2^53, so they leave SQLite as text.
      of: db.prepare<[string, string], ClaimRecord>(
        `SELECT c.job_id, c.currency, CAST(c.net_minor AS TEXT) AS net_minor, c.claimed_at, c.reference
         FROM json_each(?) wanted CROSS JOIN claims c ON c.job_id = wanted.value AND c.market = ?`,
      ),
    };
  }

  /** One market's part of it, as its adapter writes and reads it. */
  bookOf(market: MarketId): ClaimBook {
    return {
      put: (claimed) =>
        this.#all(() => {
          for (const { jobId, net, settledAt, reference } of claimed)
            this.#statements.put.run(market, jobId, net.currency, net.minor, settledAt, reference);
        }),
      of: (jobIds) =>
        this.#statements.of.all(JSON.stringify(jobIds), market).map(
          (record): JobCredit => ({
            jobId: record.job_id,
            net: money(record.currency, BigInt(record.net_minor)),
            gross: null,
            settledAt: record.claimed_at,
            reference: record.reference,
          }),
        ),
    };
  }
}
