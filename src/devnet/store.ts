/**
 * The devnet's one file: SQLite in WAL mode with full sync, so that what was answered survives `kill -9`.
 * All changes go through `transact`, which also carries the log lines to their file before it returns.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { SECOND } from "../shared/durations.ts";
import { AppError } from "../shared/errors.ts";
import { AICF_QUEUE_ORDER, AICF_SERVICE_TABLES, AICF_TABLES } from "./aicf/tables.ts";
import { AITBC_TABLES } from "./aitbc/tables.ts";
import type { Clock } from "./clock.ts";
import { LogWriter } from "./log-writer.ts";

/** A process whose parent was killed a moment ago may still hold the file (ORPHAN_STAYS in entry.ts). */
const LOCK_TIMEOUT_MS = 4 * SECOND;
const COMMON_TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE log_lines (seq INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL) STRICT;
`;

/** The schema's history: a data folder takes the steps it has not had; `user_version` counts them. */
const SCHEMA_STEPS: readonly (readonly string[])[] = [
  [COMMON_TABLES, AITBC_TABLES, AICF_TABLES],
  [AICF_SERVICE_TABLES],
  [AICF_QUEUE_ORDER],
];

export class Store {
  readonly db: Database.Database;
  readonly log: LogWriter;
  readonly #run: Database.Transaction<(change: () => unknown) => unknown>;

  private constructor(db: Database.Database, log: LogWriter) {
    this.db = db;
    this.log = log;
    this.#run = db.transaction((change) => change());
  }

  /** Opens or creates `<folder>/devnet.sqlite` and `<folder>/log.jsonl`, for this process alone. */
  static open(folder: string, clock: Clock): Store {
    mkdirSync(folder, { recursive: true });
    const db = new Database(join(folder, "devnet.sqlite"), { timeout: LOCK_TIMEOUT_MS });
    try {
      db.pragma("locking_mode = EXCLUSIVE");
      db.pragma("journal_mode = WAL");
      db.pragma("synchronous = FULL");
      migrate(db);
      compileOnce(db);
      const log = LogWriter.open(db, join(folder, "log.jsonl"), clock);
      return new Store(db, log);
    } catch (error) {
      db.close();
      throw explained(error, folder);
    }
  }

  /** All or nothing, durable when it returns; its log lines stand in the file by then. */
  transact<T>(change: () => T): T {
    const result = this.#run.immediate(change) as T;
    if (!this.db.inTransaction) this.log.flush();
    return result;
  }

  getMeta(key: string): string | null {
    const row = this.db.prepare<[string], { value: string }>("SELECT value FROM meta WHERE key = ?").get(key);
    return row?.value ?? null;
  }

  setMeta(key: string, value: string): void {
    this.db
      .prepare("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
      .run(key, value);
  }

  /** The value under `key`, made once and then kept for the life of the data folder. */
  metaOnce(key: string, make: () => string): string {
    const known = this.getMeta(key);
    if (known !== null) return known;
    const value = make();
    this.setMeta(key, value);
    return value;
  }

  close(): void {
    this.log.close();
    this.db.close();
  }
}

/** A text is compiled the first time it is prepared: compiling was a quarter of a busy market's time. */
function compileOnce(db: Database.Database): void {
  const compile = db.prepare.bind(db) as (sql: string) => Database.Statement;
  const compiled = new Map<string, Database.Statement>();
  db.prepare = ((sql: string) => {
    const statement = compiled.get(sql) ?? compile(sql);
    compiled.set(sql, statement);
    return statement;
  }) as Database.Database["prepare"];
}

function migrate(db: Database.Database): void {
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version > SCHEMA_STEPS.length) {
    throw new AppError({
      code: "DEVNET_DATA_VERSION",
      message: `The devnet's data folder was written by a newer version of Bellows (${version})`,
      actor: "user",
      help: "Delete the devnet's data folder, or name another one: it holds demo data only.",
    });
  }
  if (version === SCHEMA_STEPS.length) return;
  db.transaction(() => {
    for (const step of SCHEMA_STEPS.slice(version)) for (const tables of step) db.exec(tables);
    db.pragma(`user_version = ${SCHEMA_STEPS.length}`);
  }).immediate();
}

/** SQLite's refusals that a person can do something about, in words. */
function explained(error: unknown, folder: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  if (error.code.startsWith("SQLITE_BUSY")) {
    return new AppError({
      code: "DEVNET_RUNNING",
      message: `Another devnet is already using the data folder ${folder}`,
      actor: "user",
      help: "End the other one, or name another data folder.",
      cause: error,
    });
  }
  return new AppError({
    code: "DEVNET_DATA_DAMAGED",
    message: `The devnet's database in ${folder} cannot be opened: ${error.message}`,
    actor: "user",
    help: "Delete the devnet's data folder: it holds demo data only.",
    cause: error,
  });
}
