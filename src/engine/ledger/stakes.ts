/** What markets hold of ours: stakes and bonds as they last told, and which of them have ended. */
import type { MarketId, ProviderStanding } from "../../shared/contract/views.ts";
import { HOUR } from "../../shared/durations.ts";
import { type CurrencyCode, fromMoneyValue, type Money, money } from "../../shared/money.ts";
import { hasPassed } from "../../shared/wait.ts";
import type { Database } from "./database.ts";

export type StakePart = NonNullable<ProviderStanding["stake"]["parts"]>[number];

export interface StakeRow {
  readonly kind: StakePart["kind"];
  readonly reference: string;
  readonly amount: Money;
  readonly status: string | null;
  /** Unix ms; null: not said. */
  readonly lockedUntil: number | null;
  readonly firstSeen: number;
  /** To the hour. */
  readonly lastSeen: number;
  /** When the market first no longer told of it; null: it stands. */
  readonly endedAt: number | null;
}

export type StakeChange = {
  readonly what: "appeared" | "changed" | "ended";
  readonly kind: StakePart["kind"];
  readonly reference: string;
  readonly amount: Money;
};

interface StakeRecord {
  kind: StakePart["kind"];
  reference: string;
  currency: CurrencyCode;
  amount_minor: string;
  status: string | null;
  locked_until: number | null;
  first_seen: number;
  last_seen: number;
  ended_at: number | null;
}

/** Told every minute, mostly the same: that alone is no reason to wake a disk. */
const SEEN_AGAIN = HOUR;

export class StakeTable {
  readonly #db: Database;
  readonly #statements;

  constructor(db: Database) {
    this.#db = db;
    this.#statements = {
      put: db.prepare(
        `INSERT INTO stakes (market, kind, reference, currency, amount_minor, status, locked_until, first_seen, last_seen)
         VALUES (@market, @kind, @reference, @currency, CAST(@minor AS INTEGER), @status, @lockedUntil, @now, @now)
         ON CONFLICT (market, kind, reference) DO UPDATE SET currency = excluded.currency,
           amount_minor = excluded.amount_minor, status = excluded.status, locked_until = excluded.locked_until,
           last_seen = excluded.last_seen, ended_at = NULL`,
      ),
      end: db.prepare<[number, string, string, string]>(
        "UPDATE stakes SET ended_at = ? WHERE market = ? AND kind = ? AND reference = ?",
      ),
      of: db.prepare<[string], StakeRecord>(
        `SELECT kind, reference, currency, CAST(amount_minor AS TEXT) AS amount_minor, status, locked_until, first_seen,
           last_seen, ended_at FROM stakes WHERE market = ? ORDER BY first_seen, kind, reference`,
      ),
    };
  }

  /** All that a market holds now; returns what is different from before. */
  put(market: MarketId, parts: readonly StakePart[], now: number): StakeChange[] {
    return this.#db.transaction(() => {
      const before = this.of(market);
      const changes: StakeChange[] = [];
      for (const part of parts) {
        const { kind, reference, status, lockedUntil } = part;
        const amount = fromMoneyValue(part.amount);
        const known = before.find((row) => row.kind === kind && row.reference === reference);
        if (known === undefined || known.endedAt !== null)
          changes.push({ what: "appeared", kind, reference, amount });
        else if (known.amount.minor !== amount.minor || known.status !== status)
          changes.push({ what: "changed", kind, reference, amount });
        else if (known.lockedUntil === lockedUntil && !hasPassed(SEEN_AGAIN, known.lastSeen, now)) continue;
        const { currency, minor } = part.amount;
        this.#statements.put.run({ market, kind, reference, currency, minor, status, lockedUntil, now });
      }
      for (const { kind, reference, amount, endedAt } of before) {
        const gone = !parts.some((part) => part.kind === kind && part.reference === reference);
        if (endedAt !== null || !gone) continue;
        this.#statements.end.run(now, market, kind, reference);
        changes.push({ what: "ended", kind, reference, amount });
      }
      return changes;
    })();
  }

  /** Those that ended too, the oldest first. */
  of(market: MarketId): StakeRow[] {
    return this.#statements.of.all(market).map((record) => ({
      kind: record.kind,
      reference: record.reference,
      amount: money(record.currency, BigInt(record.amount_minor)),
      status: record.status,
      lockedUntil: record.locked_until,
      firstSeen: record.first_seen,
      lastSeen: record.last_seen,
      endedAt: record.ended_at,
    }));
  }
}
