/** The ledger of an engine that does not run, opened to look at it: nothing in it can change, and no lock is held. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import { asLedgerError, LEDGER_FILE, loadSqlite } from "./database.ts";
import type { JobTables } from "./job-reader.ts";
import { LeaseTable } from "./leases.ts";
import { MIGRATIONS } from "./migrations.ts";
import { ResultTable } from "./results.ts";

export interface ReadOnlyLedger extends JobTables {
  close(): void;
}

/** null: there is no ledger in `folder`. Throws LEDGER_FAILED, or LEDGER_OTHER_VERSION for one this version can't read. */
export async function openLedgerToRead(folder: string): Promise<ReadOnlyLedger | null> {
  const file = join(folder, LEDGER_FILE);
  if (!existsSync(file)) return null;
  const Sqlite = await loadSqlite();
  try {
    const db = new Sqlite(file, { readonly: true });
    try {
      const version = db.pragma("user_version", { simple: true });
      if (version !== MIGRATIONS.length) throw otherVersion(file);
      return { leases: new LeaseTable(db), results: new ResultTable(db), close: () => db.close() };
    } catch (thrown) {
      db.close();
      throw thrown;
    }
  } catch (thrown) {
    throw asLedgerError(thrown);
  }
}

function otherVersion(file: string): AppError {
  return new AppError({
    code: "LEDGER_OTHER_VERSION",
    message: `The ledger ${file} was written by another version of Bellows`,
    actor: "user",
    help: "Start the engine once, which brings it up to date, or says that a newer version wrote it.",
  });
}
