/**
 * Writes log.jsonl exactly once per event: a line is first a row of the same transaction as its change, then a line of
 * the file. After a kill between the two, the rows that the file lacks are appended when the log is opened again.
 */
import { appendFileSync, closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import type Database from "better-sqlite3";
import type { MarketId } from "../shared/contract/views.ts";
import { KIB } from "../shared/durations.ts";
import { AppError } from "../shared/errors.ts";
import type { Clock } from "./clock.ts";
import type { DevnetEvent } from "./log.ts";

const TAIL_CHUNK = 64 * KIB;
/** Rows already in the file are swept in lots, not one by one. */
const SWEEP_EVERY = 256;

interface LineRow {
  seq: number;
  line: string;
}

export class LogWriter {
  readonly file: string;
  readonly #db: Database.Database;
  readonly #fd: number;
  readonly #clock: Clock;
  #written: number;
  #swept: number;

  private constructor(db: Database.Database, file: string, fd: number, clock: Clock, written: number) {
    this.#db = db;
    this.file = file;
    this.#fd = fd;
    this.#clock = clock;
    this.#written = written;
    this.#swept = written;
  }

  static open(db: Database.Database, file: string, clock: Clock): LogWriter {
    const fd = openSync(file, "a+");
    try {
      let written = repairTail(fd);
      if (written > lastSeq(db)) {
        // A log without its database: the lines of another life would hide the new ones behind higher numbers.
        ftruncateSync(fd, 0);
        written = 0;
      }
      const log = new LogWriter(db, file, fd, clock, written);
      log.flush();
      return log;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Call inside the transaction of the change. */
  record(market: MarketId, event: DevnetEvent): void {
    if (!this.#db.inTransaction) {
      throw new AppError({
        code: "LOG_OUTSIDE",
        message: `"${event.event}" was logged outside a transaction`,
        actor: "bug",
      });
    }
    const line = JSON.stringify({ at: this.#clock(), market, ...event });
    this.#db.prepare("INSERT INTO log_lines (line) VALUES (?)").run(line);
  }

  /** Append what is committed and not yet in the file. */
  flush(): void {
    const rows = this.#db
      .prepare<[number], LineRow>("SELECT seq, line FROM log_lines WHERE seq > ? ORDER BY seq")
      .all(this.#written);
    const last = rows.at(-1);
    if (!last) return;
    appendFileSync(this.#fd, rows.map((row) => `{"seq":${row.seq},${row.line.slice(1)}\n`).join(""));
    this.#written = last.seq;
    if (this.#written - this.#swept >= SWEEP_EVERY) this.#sweep();
  }

  close(): void {
    closeSync(this.#fd);
  }

  #sweep(): void {
    this.#db.prepare("DELETE FROM log_lines WHERE seq <= ?").run(this.#written);
    this.#swept = this.#written;
  }
}

function lastSeq(db: Database.Database): number {
  const row = db
    .prepare<[], { seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'log_lines'")
    .get();
  return row?.seq ?? 0;
}

/** Cuts a torn last line off and returns the seq of the last whole one, 0 for an empty log. */
function repairTail(fd: number): number {
  const { size } = fstatSync(fd);
  let tail = Buffer.alloc(0);
  for (let start = size; start > 0; ) {
    const from = Math.max(0, start - TAIL_CHUNK);
    const chunk = Buffer.alloc(start - from);
    readSync(fd, chunk, 0, chunk.length, from);
    tail = Buffer.concat([chunk, tail]);
    start = from;
    const end = tail.lastIndexOf("\n");
    const before = end <= 0 ? -1 : tail.lastIndexOf("\n", end - 1);
    if (end >= 0 && (before >= 0 || start === 0)) {
      ftruncateSync(fd, start + end + 1);
      const line: unknown = JSON.parse(tail.subarray(before + 1, end).toString("utf8"));
      return typeof line === "object" && line !== null && "seq" in line && typeof line.seq === "number"
        ? line.seq
        : 0;
    }
  }
  ftruncateSync(fd, 0);
  return 0;
}
