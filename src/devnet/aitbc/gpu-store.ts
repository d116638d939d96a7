/** The gpu service's rows (protocols/aitbc.md §1.6): GPUs that are offers, and a queue whose payloads never come back. */
import type Database from "better-sqlite3";
import { dumpPython, type PyValue, parsePython } from "../python-json.ts";

const TABLES = `
  CREATE TABLE IF NOT EXISTS aitbc_gpus (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    miner TEXT NOT NULL,
    model TEXT NOT NULL,
    memory_gb TEXT NOT NULL,
    cuda TEXT NOT NULL,
    region TEXT NOT NULL,
    price REAL NOT NULL,
    status TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS aitbc_gpu_queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    gpu TEXT NOT NULL,
    client TEXT NOT NULL,
    priority INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
`;

export interface Gpu {
  readonly id: string;
  readonly miner: string;
  readonly model: string;
  /** As it was sent: 80, 15.99, "24". */
  readonly memoryGb: PyValue;
  readonly cuda: string;
  readonly region: string;
  /** AIT per hour. */
  readonly price: number;
  readonly status: string;
  readonly capabilities: PyValue;
  readonly createdAt: number;
}

interface GpuRow {
  id: string;
  miner: string;
  model: string;
  memory_gb: string;
  cuda: string;
  region: string;
  price: number;
  status: string;
  capabilities: string;
  created_at: number;
}

export interface QueuedJob {
  readonly id: string;
  readonly client: string;
  readonly priority: number;
  readonly status: string;
  readonly created_at: number;
}

export class GpuStore {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    db.exec(TABLES);
    this.#db = db;
  }

  get(id: string): Gpu | null {
    const row = this.#db.prepare<[string], GpuRow>("SELECT * FROM aitbc_gpus WHERE id = ?").get(id);
    return row ? fromRow(row) : null;
  }

  /** Oldest first; of everybody without `miner`. */
  list(filter: { miner?: string | null; status?: string | null } = {}): Gpu[] {
    return this.#db
      .prepare<[{ miner: string | null; status: string | null }], GpuRow>(
        `SELECT * FROM aitbc_gpus WHERE (@miner IS NULL OR miner = @miner) AND (@status IS NULL OR status = @status)
         ORDER BY seq`,
      )
      .all({ miner: filter.miner ?? null, status: filter.status ?? null })
      .map(fromRow);
  }

  insert(gpu: Gpu): void {
    this.#db
      .prepare(
        `INSERT INTO aitbc_gpus (id, miner, model, memory_gb, cuda, region, price, status, capabilities, created_at)
         VALUES (@id, @miner, @model, @memoryGb, @cuda, @region, @price, @status, @capabilities, @createdAt)`,
      )
      .run({ ...gpu, memoryGb: dumpPython(gpu.memoryGb), capabilities: dumpPython(gpu.capabilities) });
  }

  update(id: string, change: { status?: string | undefined; price?: number | undefined }): void {
    this.#db
      .prepare("UPDATE aitbc_gpus SET status = coalesce(?, status), price = coalesce(?, price) WHERE id = ?")
      .run(change.status ?? null, change.price ?? null, id);
  }

  respecify(
    gpu: Pick<Gpu, "id" | "miner" | "model" | "memoryGb" | "region" | "capabilities" | "status">,
  ): void {
    this.#db
      .prepare(
        `UPDATE aitbc_gpus SET miner = @miner, model = @model, memory_gb = @memoryGb, region = @region,
           capabilities = @capabilities, status = @status WHERE id = @id`,
      )
      .run({ ...gpu, memoryGb: dumpPython(gpu.memoryGb), capabilities: dumpPython(gpu.capabilities) });
  }

  setStatusOfMiner(miner: string, status: string): void {
    this.#db.prepare("UPDATE aitbc_gpus SET status = ? WHERE miner = ?").run(status, miner);
  }

  remove(id: string): boolean {
    return this.#db.prepare("DELETE FROM aitbc_gpus WHERE id = ?").run(id).changes > 0;
  }

  enqueue(job: QueuedJob & { gpu: string }): void {
    this.#db
      .prepare(
        `INSERT INTO aitbc_gpu_queue (id, gpu, client, priority, status, created_at)
         VALUES (@id, @gpu, @client, @priority, @status, @created_at)`,
      )
      .run(job);
  }

  queue(gpu: string, status: string | null): QueuedJob[] {
    return this.#db
      .prepare<[string, string | null, string | null], QueuedJob>(
        "SELECT id, client, priority, status, created_at FROM aitbc_gpu_queue WHERE gpu = ? AND (? IS NULL OR status = ?) ORDER BY seq",
      )
      .all(gpu, status, status);
  }

  setQueued(id: string, status: string): boolean {
    return this.#db.prepare("UPDATE aitbc_gpu_queue SET status = ? WHERE id = ?").run(status, id).changes > 0;
  }
}

function fromRow(row: GpuRow): Gpu {
  const { memory_gb, capabilities, created_at, ...rest } = row;
  return {
    ...rest,
    memoryGb: parsePython(memory_gb),
    capabilities: parsePython(capabilities),
    createdAt: created_at,
  };
}
