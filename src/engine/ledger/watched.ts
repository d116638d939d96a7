/**
 * Notices whether SQLite ever said that something was wrong with the file itself: who closes such a ledger must not
 * vouch for it (clean-note.ts), whoever heard the error and whatever became of it.
 */
import type { Database } from "./database.ts";

/** Said of a wish or of another's lock, not of the file. */
const NOT_ABOUT_THE_FILE = /^SQLITE_(BUSY|LOCKED|CONSTRAINT|RANGE|MISUSE|INTERRUPT)/;

const METHODS = ["run", "get", "all"] as const;

export class FileTrouble {
  #seen = false;

  /** Watches every statement that is prepared from now on. */
  constructor(db: Database) {
    const prepare = db.prepare.bind(db) as (sql: string) => Watched;
    db.prepare = ((sql: string) => this.#watch(prepare(sql))) as Database["prepare"];
  }

  get seen(): boolean {
    return this.#seen;
  }

  note(thrown: unknown): void {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
    if (code.startsWith("SQLITE_") && !NOT_ABOUT_THE_FILE.test(code)) this.#seen = true;
  }

  #watch(statement: Watched): Watched {
    for (const name of METHODS) {
      const method = statement[name];
      if (method === undefined) continue;
      const own = method.bind(statement);
      statement[name] = (...values) => {
        try {
          return own(...values);
        } catch (thrown) {
          this.note(thrown);
          throw thrown;
        }
      };
    }
    return statement;
  }
}

type Method = (...values: unknown[]) => unknown;
type Watched = Partial<Record<(typeof METHODS)[number], Method>>;
