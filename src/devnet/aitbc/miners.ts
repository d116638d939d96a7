/** The coordinator's miners, as rows. */
import type Database from "better-sqlite3";
import { dumpPython, isPyObject, type PyObject, parsePython } from "../python-json.ts";

export interface Miner {
  readonly id: string;
  readonly capabilities: PyObject;
  readonly concurrency: number;
  readonly region: string | null;
  /** Free text: heartbeats write what they like. */
  readonly status: string;
  /** What the coordinator believes; heartbeats overwrite it (protocols/aitbc.md §2.5.3). */
  readonly inflight: number;
  readonly metadata: PyObject;
  readonly sessionToken: string;
  readonly lastHeartbeat: number;
  readonly jobsCompleted: number;
  readonly jobsFailed: number;
}

interface MinerRow {
  id: string;
  capabilities: string;
  concurrency: number;
  region: string | null;
  status: string;
  inflight: number;
  metadata: string;
  session_token: string;
  last_heartbeat: number;
  jobs_completed: number;
  jobs_failed: number;
}

export class Miners {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  get(id: string): Miner | null {
    const row = this.#db.prepare<[string], MinerRow>("SELECT * FROM aitbc_miners WHERE id = ?").get(id);
    return row ? fromRow(row) : null;
  }

  /** Known or new: inflight starts at 0 and the status at ONLINE, counts are kept. */
  upsert(
    miner: Pick<Miner, "id" | "capabilities" | "concurrency" | "region" | "sessionToken">,
    now: number,
  ): void {
    this.#db
      .prepare(
        `INSERT INTO aitbc_miners (id, capabilities, concurrency, region, status, inflight, metadata, session_token, last_heartbeat)
         VALUES (@id, @capabilities, @concurrency, @region, 'ONLINE', 0, '{}', @sessionToken, @now)
         ON CONFLICT (id) DO UPDATE SET capabilities = @capabilities, concurrency = @concurrency, region = @region,
           status = 'ONLINE', inflight = 0, session_token = @sessionToken, last_heartbeat = @now`,
      )
      .run({ ...miner, capabilities: dumpPython(miner.capabilities), now });
  }

  heartbeat(id: string, beat: { inflight: number; status: string; metadata: PyObject }, now: number): void {
    this.#db
      .prepare(
        "UPDATE aitbc_miners SET inflight = ?, status = ?, metadata = ?, last_heartbeat = ? WHERE id = ?",
      )
      .run(beat.inflight, beat.status, dumpPython(beat.metadata), now, id);
  }

  setStatus(id: string, status: string): void {
    this.#db.prepare("UPDATE aitbc_miners SET status = ? WHERE id = ?").run(status, id);
  }

  tookJob(id: string): void {
    this.#db.prepare("UPDATE aitbc_miners SET inflight = inflight + 1 WHERE id = ?").run(id);
  }

  completedJob(id: string): void {
    this.#db
      .prepare(
        "UPDATE aitbc_miners SET inflight = MAX(0, inflight - 1), jobs_completed = jobs_completed + 1 WHERE id = ?",
      )
      .run(id);
  }

  /** Upstream keeps the slot taken (protocols/aitbc.md §2.5.2). */
  failedJob(id: string, { keepsSlot }: { keepsSlot: boolean }): void {
    this.#db
      .prepare(
        "UPDATE aitbc_miners SET jobs_failed = jobs_failed + 1, inflight = MAX(0, inflight - ?) WHERE id = ?",
      )
      .run(keepsSlot ? 0 : 1, id);
  }
}

function fromRow(row: MinerRow): Miner {
  return {
    id: row.id,
    capabilities: object(row.capabilities),
    concurrency: row.concurrency,
    region: row.region,
    status: row.status,
    inflight: row.inflight,
    metadata: object(row.metadata),
    sessionToken: row.session_token,
    lastHeartbeat: row.last_heartbeat,
    jobsCompleted: row.jobs_completed,
    jobsFailed: row.jobs_failed,
  };
}

function object(text: string): PyObject {
  const value = parsePython(text);
  return isPyObject(value) ? value : {};
}
