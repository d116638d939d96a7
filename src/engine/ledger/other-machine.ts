/**
 * A ledger that was copied from another machine, which works on with the original. What that one did stays to be read
 * here, job by job; it is none of this machine's work, and its money is in no sum, list of payments or series here: with
 * one key both would count the same credits.
 */
import type { ErrorValue } from "../../shared/errors.ts";
import type { Database } from "./database.ts";
import type { Ledger } from "./ledger.ts";

const HELD_ELSEWHERE: ErrorValue = {
  code: "HELD_ELSEWHERE",
  message: "The machine this data folder was copied from holds it",
  actor: "user",
};
const PAID_ELSEWHERE = "Paid to the machine this data folder was copied from, or waited for there";

/** In `settings`: the name this machine has at the markets, once the rest was left to the other one. */
const LEFT_BY = "copied.left_by";
/** In `settings`: the newest row of a table that is the other machine's. */
const lastCopied = (table: "leases" | "bookings"): string => `copied.${table}`;
/** As SQL, to be asked for in the query itself: rows above it are this machine's. */
const above = (table: "leases" | "bookings"): string =>
  `coalesce((SELECT CAST(value AS INTEGER) FROM settings WHERE key = '${lastCopied(table)}'), 0)`;
export const COPIED_LEASES = above("leases");
export const COPIED_BOOKINGS = above("bookings");

/** Kept by triggers or by us as sums over all rows: here they begin anew. */
const SUMS = [
  ...["job_slots", "job_ends", "earning_slots", "pending_slots", "written_off_sums"],
  ...["energy_slots", "energy_devices", "heartbeats"],
];

export class CopiedPart {
  readonly #statements;

  constructor(db: Database) {
    const remember = (key: string, value: string) =>
      db.prepare<unknown[]>(
        `INSERT INTO settings (key, value) SELECT '${key}', ${value} WHERE true
         ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      );
    this.#statements = {
      leftBy: db.prepare<[], string>(`SELECT value FROM settings WHERE key = '${LEFT_BY}'`).pluck(),
      note: db.prepare<[number, string]>(
        `INSERT INTO transitions (lease, at, event, state, note)
         SELECT id, ?, 'copied', state, ? FROM leases WHERE state = 'accepted' AND written_off_by IS NOT 'copied'`,
      ),
      writeOff: db.prepare<[number]>(
        `UPDATE leases SET written_off_at = ?, written_off_by = 'copied'
         WHERE state = 'accepted' AND written_off_by IS NOT 'copied'`,
      ),
      forget: [
        ...SUMS.map((table) => db.prepare(`DELETE FROM ${table}`)),
        // What the guard holds against that one's line (sla/lost-leases.ts).
        db.prepare("DELETE FROM settings WHERE key LIKE 'lost-leases.%'"),
      ],
      remember: [
        remember(lastCopied("leases"), "(SELECT CAST(coalesce(max(id), 0) AS TEXT) FROM leases)"),
        remember(lastCopied("bookings"), "(SELECT CAST(coalesce(max(id), 0) AS TEXT) FROM bookings)"),
      ],
      rememberWho: remember(LEFT_BY, "?"),
    };
  }

  /** Under which name this machine left all there was to the other one; null: it never did. */
  get leftBy(): string | null {
    return this.#statements.leftBy.get() ?? null;
  }

  /** In a transaction, once no job is held any more. */
  leave(name: string, now: number): void {
    const { note, writeOff, forget, remember, rememberWho } = this.#statements;
    note.run(now, PAID_ELSEWHERE);
    writeOff.run(now);
    for (const each of forget) each.run();
    for (const each of remember) each.run();
    rememberWho.run(name);
  }
}

/**
 * The copy named `name` begins: what the other machine holds is let go, and nobody is told. Once for each name and
 * ledger: a snapshot of before, restored, is the other machine's again.
 */
export function leaveToOther(ledger: Ledger, name: string, now: number): void {
  if (ledger.copied.leftBy === name) return;
  ledger.transaction(() => {
    ledger.offers.clear();
    ledger.outbox.clear();
    for (const { row } of ledger.leases.held())
      ledger.leases.apply(row, "lose", now, { error: HELD_ELSEWHERE });
    ledger.copied.leave(name, now);
  });
}
