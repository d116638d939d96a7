/** The ledger: the one durable truth of the engine. Its tables are reached only through here, from one process. */
import type { MarketId } from "../../shared/contract/views.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { asLedgerError, type Database, openDatabase, takeSnapshot } from "./database.ts";
import { DeviceTable } from "./devices.ts";
import { EarningsTable } from "./earnings.ts";
import { LeaseTable } from "./leases.ts";
import { OfferTable } from "./offers.ts";
import { Outbox } from "./outbox.ts";
import { PriceTable } from "./prices.ts";
import { ResultTable } from "./results.ts";
import { ServiceTable } from "./service.ts";

export type AuditType =
  | "engine-started"
  | "engine-stopped"
  | "ledger-restored"
  | "snapshot-failed"
  | "intent-changed"
  | "registered"
  | "offer-changed"
  | "lease-adopted"
  | "lease-declined"
  | "runtime-failed"
  | "devices-changed"
  | "self-tested"
  | "market-error"
  | "standing-changed"
  | "guard-acted";

export class Ledger {
  readonly leases: LeaseTable;
  readonly outbox: Outbox;
  readonly results: ResultTable;
  readonly earnings: EarningsTable;
  readonly service: ServiceTable;
  readonly offers: OfferTable;
  readonly devices: DeviceTable;
  readonly prices: PriceTable;
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
    this.service = new ServiceTable(db);
    this.offers = new OfferTable(db);
    this.devices = new DeviceTable(db);
    this.prices = new PriceTable(db);
    this.#statements = {
      event: db.prepare("INSERT INTO events (at, type, market, lease, detail) VALUES (?, ?, ?, ?, ?)"),
      getSetting: db.prepare<[string], string>("SELECT value FROM settings WHERE key = ?").pluck(),
      setSetting: db.prepare(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      ),
      provider: db.prepare(
        `INSERT INTO providers (market, provider_id, registered_at) VALUES (?, ?, ?)
         ON CONFLICT (market) DO UPDATE SET provider_id = excluded.provider_id, registered_at =
           CASE WHEN provider_id = excluded.provider_id THEN registered_at ELSE excluded.registered_at END`,
      ),
      registeredAt: db
        .prepare<[string], number>("SELECT registered_at FROM providers WHERE market = ?")
        .pluck(),
    };
  }

  /** Opens or creates the ledger in `folder`. Throws AppError, see database.ts. */
  static async open(folder: string): Promise<Ledger> {
    const { db, notices } = await openDatabase(folder);
    return new Ledger(db, folder, notices);
  }

  /** Everything `work` writes becomes durable together (one fsync), or not at all. */
  transaction<T>(work: () => T): T {
    try {
      return this.#db.transaction(work).immediate();
    } catch (thrown) {
      throw asLedgerError(thrown);
    }
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

  /** When this provider first became known to the market, unix ms; null: never. */
  registeredAt(market: MarketId): number | null {
    return this.#statements.registeredAt.get(market) ?? null;
  }

  /** A copy to fall back to. Without the room for one the ledger itself goes on, and the audit log says so. */
  snapshot(now: number): void {
    try {
      takeSnapshot(this.#db, this.#folder, now);
    } catch (thrown) {
      this.audit("snapshot-failed", now, toErrorValue(asLedgerError(thrown)));
    }
  }

  close(): void {
    this.#db.pragma("optimize");
    this.#db.close();
  }
}
