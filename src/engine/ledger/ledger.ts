/** The ledger: the one durable truth of the engine. Its tables are reached only through here, from one process. */
import type { MarketId } from "../../shared/contract/views.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { type Database, openDatabase, takeSnapshot } from "./database.ts";
import { EarningsTable } from "./earnings.ts";
import { LeaseTable } from "./leases.ts";
import { Outbox } from "./outbox.ts";
import { ResultTable } from "./results.ts";

export type AuditType =
  | "engine-started"
  | "engine-stopped"
  | "ledger-restored"
  | "intent-changed"
  | "registered"
  | "lease-adopted"
  | "lease-declined"
  | "runtime-failed"
  | "market-error"
  | "reconciled";

export class Ledger {
  readonly leases: LeaseTable;
  readonly outbox: Outbox;
  readonly results: ResultTable;
  readonly earnings: EarningsTable;
  /** What a person should know about how the ledger was opened. */
  readonly notices: readonly ErrorValue[];
  readonly #db: Database;
  readonly #folder: string;
  readonly #statements;

  private constructor(db: Database, folder: string, notices: readonly ErrorValue[]) {
    this.#db = db;
    this.#folder = folder;
    this.notices = notices;
    this.leases = new LeaseTable(db);
    this.outbox = new Outbox(db);
    this.results = new ResultTable(db);
    this.earnings = new EarningsTable(db);
    this.#statements = {
      event: db.prepare("INSERT INTO events (at, type, market, lease, detail) VALUES (?, ?, ?, ?, ?)"),
      getSetting: db.prepare<[string], string>("SELECT value FROM settings WHERE key = ?").pluck(),
      setSetting: db.prepare(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      ),
      provider: db.prepare(
        `INSERT INTO providers (market, provider_id, registered_at) VALUES (?, ?, ?)
         ON CONFLICT (market) DO UPDATE SET provider_id = excluded.provider_id, registered_at = excluded.registered_at`,
      ),
    };
  }

  /** Opens or creates the ledger in `folder`. Throws AppError, see database.ts. */
  static async open(folder: string): Promise<Ledger> {
    const { db, notices } = await openDatabase(folder);
    return new Ledger(db, folder, notices);
  }

  /** Everything `work` writes becomes durable together (one fsync), or not at all. */
  transaction<T>(work: () => T): T {
    return this.#db.transaction(work).immediate();
  }

  audit(
    type: AuditType,
    now: number,
    detail: unknown,
    about: { market?: MarketId; row?: number } = {},
  ): void {
    this.#statements.event.run(now, type, about.market ?? null, about.row ?? null, JSON.stringify(detail));
  }

  setting(key: string): string | null {
    return this.#statements.getSetting.get(key) ?? null;
  }

  setSetting(key: string, value: string): void {
    this.#statements.setSetting.run(key, value);
  }

  rememberProvider(market: MarketId, providerId: string, now: number): void {
    this.#statements.provider.run(market, providerId, now);
  }

  snapshot(now: number): void {
    takeSnapshot(this.#db, this.#folder, now);
  }

  close(): void {
    this.#db.pragma("optimize");
    this.#db.close();
  }
}
