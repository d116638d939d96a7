/** The ledger: the one durable truth of the engine. Its tables are reached only through here, from one process. */
import { join } from "node:path";
import type { ActivityType } from "../../shared/contract/activity.ts";
import { type MarketId, MarketIdSchema } from "../../shared/contract/views.ts";
import { HOUR } from "../../shared/durations.ts";
import { AppError, type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { hasPassed } from "../../shared/wait.ts";
import type { TellStart } from "../starting.ts";
import { ActivityTable } from "./activity.ts";
import { BookingTable } from "./bookings.ts";
import { ClaimTable } from "./claims.ts";
import { leaveCleanNote } from "./clean-note.ts";
import { bytesOf } from "./copies.ts";
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
import { CopiedPart } from "./other-machine.ts";
import { Outbox } from "./outbox.ts";
import { PriceTable } from "./prices.ts";
import { ResultTable } from "./results.ts";
import { ServiceTable } from "./service.ts";
import { newestSnapshotAt, snapshotHabit, takeSnapshot } from "./snapshots.ts";
import { StakeTable } from "./stakes.ts";
import { TallyTable } from "./tallies.ts";
import { FileTrouble } from "./watched.ts";
import { WriteOffTable } from "./write-offs.ts";

/** Where one failed for want of room, the next try fails too, and each costs the disk what is left of it. */
const SNAPSHOT_AGAIN = HOUR;

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
  readonly writeOffs: WriteOffTable;
  readonly bookings: BookingTable;
  readonly energy: EnergyTable;
  readonly activity: ActivityTable;
  readonly service: ServiceTable;
  readonly offers: OfferTable;
  readonly stakes: StakeTable;
  readonly devices: DeviceTable;
  readonly modelNeeds: ModelNeedTable;
  readonly prices: PriceTable;
  readonly tallies: TallyTable;
  readonly copied: CopiedPart;
  /** What a person should know about how the ledger was opened. */
  readonly notices: readonly ErrorValue[];
  readonly #db: Database;
  readonly #folder: string;
  readonly #checkedAt: number;
  readonly #trouble: FileTrouble;
  #snapshotting: Promise<void> | null = null;
  #snapshotTrouble: { readonly at: number; readonly error: ErrorValue } | null = null;
  readonly #auditListeners = new Set<(row: AuditRow) => void>();
  readonly #statements;

  private constructor({ db, checkedAt, notices }: OpenedDatabase, folder: string) {
    this.#db = db;
    this.#trouble = new FileTrouble(db);
    this.#folder = folder;
    this.#checkedAt = checkedAt;
    this.notices = notices;
    this.leases = new LeaseTable(db);
    this.outbox = new Outbox(db);
    this.results = new ResultTable(db);
    this.earnings = new EarningsTable(db);
    this.claims = new ClaimTable(db);
    this.entries = new EntryReader(db);
    this.writeOffs = new WriteOffTable(db);
    this.bookings = new BookingTable(db);
    this.energy = new EnergyTable(db);
    this.activity = new ActivityTable(db);
    this.service = new ServiceTable(db);
    this.offers = new OfferTable(db);
    this.stakes = new StakeTable(db);
    this.devices = new DeviceTable(db);
    this.modelNeeds = new ModelNeedTable(db);
    this.prices = new PriceTable(db);
    this.tallies = new TallyTable(db);
    this.copied = new CopiedPart(db);
    this.#statements = {
      keeps: db
        .prepare<[{ market: string }], number>(
          `SELECT EXISTS (SELECT 1 FROM leases WHERE market = @market)
             OR EXISTS (SELECT 1 FROM bookings WHERE market = @market)`,
        )
        .pluck(),
      getSetting: db.prepare<[string], string>("SELECT value FROM settings WHERE key = ?").pluck(),
      setSetting: db.prepare(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      ),
      provider: db.prepare(
        `INSERT INTO providers (market, provider_id, registered_at) VALUES (?, ?, ?)
         ON CONFLICT (market) DO UPDATE SET provider_id = excluded.provider_id, registered_at =
           CASE WHEN provider_id = excluded.provider_id THEN registered_at ELSE excluded.registered_at END`,
      ),
      providerAt: db.prepare<[string], string>("SELECT provider_id FROM providers WHERE market = ?").pluck(),
      registeredAt: db
        .prepare<[string], number>("SELECT registered_at FROM providers WHERE market = ?")
        .pluck(),
    };
  }

  /** Opens or creates the ledger in `folder`; `tell` and `goesBack`, and what it throws: see database.ts. */
  static async open(folder: string, tell?: TellStart, goesBack?: boolean): Promise<Ledger> {
    return new Ledger(await openDatabase(folder, Date.now, tell, goesBack), folder);
  }

  /** Everything `work` writes becomes durable together (one fsync), or not at all. */
  transaction<T>(work: () => T): T {
    try {
      return this.#db.transaction(work).immediate();
    } catch (thrown) {
      this.#trouble.note(thrown);
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

  /** Markets that something is written down of: jobs, rentals. */
  marketsKept(): MarketId[] {
    return MarketIdSchema.options.filter((market) => this.#statements.keeps.get({ market }) === 1);
  }

  rememberProvider(market: MarketId, providerId: string, now: number): void {
    this.#statements.provider.run(market, providerId, now);
  }

  /** As whom this machine last registered; null: it never did. */
  providerAt(market: MarketId): string | null {
    return this.#statements.providerAt.get(market) ?? null;
  }

  /** When this provider first became known to the market, unix ms; null: never. */
  registeredAt(market: MarketId): number | null {
    return this.#statements.registeredAt.get(market) ?? null;
  }

  /**
   * A copy to fall back to, made between other work. Without the room for one the ledger itself goes on; the audit log
   * says so once, until one is made again. Resolves when it is there, or when there can't be one.
   */
  snapshot(now: number): Promise<void> {
    this.#snapshotting ??= this.#takeSnapshot(now).finally(() => {
      this.#snapshotting = null;
    });
    return this.#snapshotting;
  }

  /** As `snapshot`, if the newest one is old enough for a ledger of this size, and the last try was not just now. */
  async snapshotIfDue(now: number): Promise<void> {
    const failed = this.#snapshotTrouble;
    if (failed !== null && !hasPassed(SNAPSHOT_AGAIN, failed.at, now)) return;
    const newest = this.newestCopyAt(now);
    const { everyMs } = snapshotHabit(this.bytes());
    if (newest === null || now - newest >= everyMs) await this.snapshot(now);
  }

  /** Unix ms; null: there is none. */
  newestCopyAt(now: number): number | null {
    return newestSnapshotAt(this.#folder, now);
  }

  /** Why there is no new copy, since the last try; null: there is one, or none was due. */
  get snapshotTrouble(): ErrorValue | null {
    return this.#snapshotTrouble?.error ?? null;
  }

  /** Of the ledger's file, without what is only in its log yet. */
  bytes(): number {
    return bytesOf(this.#db);
  }

  close(): void {
    try {
      this.service.writeHeartbeats();
      this.#db.pragma("optimize");
    } catch {
      // The beats of a minute, and a help for the planner: a full disk must not keep the ledger from being closed.
    }
    this.#db.close();
    if (this.#trouble.seen) return; // The next start reads the file through.
    leaveCleanNote(join(this.#folder, LEDGER_FILE), this.#checkedAt);
  }

  async #takeSnapshot(now: number): Promise<void> {
    try {
      await takeSnapshot(await loadSqlite(), this.#db, this.#folder, now);
      this.#snapshotTrouble = null;
    } catch (thrown) {
      if (!this.#db.open) return; // Closed meanwhile: the copy is given up, and there is nowhere to say so.
      this.#trouble.note(thrown);
      const isNew = this.#snapshotTrouble === null;
      const error = snapshotFailed(thrown).toValue();
      this.#snapshotTrouble = { at: now, error };
      if (isNew) this.audit("snapshot-failed", now, error);
    }
  }
}

function snapshotFailed(thrown: unknown): AppError {
  const { message, help } = toErrorValue(asLedgerError(thrown));
  return new AppError({
    code: "SNAPSHOT_FAILED",
    message: `No copy of the ledger could be made: ${message}`,
    actor: "machine",
    help: `${thrown instanceof AppError ? help : "Free some space on the disk of the data folder."} It is tried again every hour.`,
    cause: thrown,
  });
}
