/** The ledger: the one durable truth of the engine. Its tables are reached only through here, from one process. */
import { join } from "node:path";
import type { ActivityType } from "../../shared/contract/activity.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { ActivityTable } from "./activity.ts";
import { ClaimTable } from "./claims.ts";
import { leaveCleanNote } from "./clean-note.ts";
import {
  asLedgerError,
  type Database,
  LEDGER_FILE,
  loadSqlite,
  type OpenedDatabase,
  openDatabase,
} from "./database.ts";
import { DeviceTable } from "./devices.ts";
import { EntryReader } from "./earning-entries.ts";
import { EarningsTable } from "./earnings.ts";
import { EnergyTable } from "./energy.ts";
import { LeaseTable } from "./leases.ts";
import { ModelNeedTable } from "./model-needs.ts";
import { OfferTable } from "./offers.ts";
import { Outbox } from "./outbox.ts";
import { PriceTable } from "./prices.ts";
import { ResultTable } from "./results.ts";
import { ServiceTable } from "./service.ts";
import { newestSnapshotAt, snapshotHabit, takeSnapshot } from "./snapshots.ts";
import { StakeTable } from "./stakes.ts";
import { TallyTable } from "./tallies.ts";

export interface AuditRow {
  readonly type: ActivityType;
  readonly detail: unknown;
  readonly about: { readonly market?: MarketId; readonly row?: number };
}

export class Ledger {
  readonly leases: LeaseTable;
  readonly outbox: Outbox;
  readonly results: ResultTable;
  readonly earnings: EarningsTable;
  readonly claims: ClaimTable;
  readonly entries: EntryReader;
  readonly energy: EnergyTable;
  readonly activity: ActivityTable;
  readonly service: ServiceTable;
  readonly offers: OfferTable;
  readonly stakes: StakeTable;
  readonly devices: DeviceTable;
  readonly modelNeeds: ModelNeedTable;
  readonly prices: PriceTable;
  readonly tallies: TallyTable;
  /** What a person should know about how the ledger was opened. */
  readonly notices: readonly ErrorValue[];
  readonly #db: Database;
  readonly #folder: string;
  readonly #checkedAt: number;
  #snapshotting: Promise<void> | null = null;
  readonly #auditListeners = new Set<(row: AuditRow) => void>();
  readonly #statements;

  private constructor({ db, checkedAt, notices }: OpenedDatabase, folder: string) {
    this.#db = db;
    this.#folder = folder;
    this.#checkedAt = checkedAt;
    this.notices = notices;
    this.leases = new LeaseTable(db);
    this.outbox = new Outbox(db);
    this.results = new ResultTable(db);
    this.earnings = new EarningsTable(db);
    this.claims = new ClaimTable(db);
    this.entries = new EntryReader(db);
    this.energy = new EnergyTable(db);
    this.activity = new ActivityTable(db);
    this.service = new ServiceTable(db);
    this.offers = new OfferTable(db);
    this.stakes = new StakeTable(db);
    this.devices = new DeviceTable(db);
    this.modelNeeds = new ModelNeedTable(db);
    this.prices = new PriceTable(db);
    this.tallies = new TallyTable(db);
    this.#statements = {
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
    return new Ledger(await openDatabase(folder), folder);
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
    type: ActivityType,
    now: number,
    detail: unknown,
    about: { market?: MarketId; row?: number } = {},
  ): void {
    this.activity.add(type, now, detail, about);
    for (const listener of this.#auditListeners) listener({ type, detail, about });
  }

  /** Hears every audit row as it is written; what stands in a transaction that fails is heard all the same. */
  onAudit(listener: (row: AuditRow) => void): () => void {
    this.#auditListeners.add(listener);
    return () => this.#auditListeners.delete(listener);
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

  /**
   * A copy to fall back to, made between other work. Without the room for one the ledger itself goes on, and the audit
   * log says so. Resolves when it is there, or when there can't be one.
   */
  snapshot(now: number): Promise<void> {
    this.#snapshotting ??= this.#takeSnapshot(now).finally(() => {
      this.#snapshotting = null;
    });
    return this.#snapshotting;
  }

  /** As `snapshot`, if the newest one is old enough for a ledger of this size. */
  async snapshotIfDue(now: number): Promise<void> {
    const newest = newestSnapshotAt(this.#folder, now);
    const { everyMs } = snapshotHabit(this.bytes());
    if (newest === null || now - newest >= everyMs) await this.snapshot(now);
  }

  /** Of the ledger's file, without what is only in its log yet. */
  bytes(): number {
    const [pages, size] = [this.#pragma("page_count"), this.#pragma("page_size")];
    return pages * size;
  }

  close(): void {
    try {
      this.#db.pragma("optimize");
    } catch {
      // Only a help for the planner: a full disk must not keep the ledger from being closed.
    }
    this.#db.close();
    leaveCleanNote(join(this.#folder, LEDGER_FILE), this.#checkedAt);
  }

  async #takeSnapshot(now: number): Promise<void> {
    try {
      await takeSnapshot(await loadSqlite(), this.#db, this.#folder, now);
    } catch (thrown) {
      // Closed meanwhile: the copy is given up, and there is nowhere to say so.
      if (this.#db.open) this.audit("snapshot-failed", now, toErrorValue(asLedgerError(thrown)));
    }
  }

  #pragma(name: string): number {
    return this.#db.pragma(name, { simple: true }) as number;
  }
}
