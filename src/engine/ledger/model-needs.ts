/** GPU memory that models were seen to need, by model, kind of GPU and driver, and by the jobs of a batch. */
import type { Database } from "./database.ts";

/** What a need holds for. */
export interface NeedKey {
  readonly model: string;
  readonly version: string;
  /** The GPU's name. */
  readonly gpu: string;
  readonly driver: string;
}

export interface ModelNeed {
  /** Of the largest batch that was run until then. */
  readonly jobs: number;
  /** MiB */
  readonly usedMb: number;
}

export class ModelNeedTable {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      all: db.prepare<[string, string, string, string], ModelNeed>(
        `SELECT jobs, used_mb AS usedMb FROM model_needs
         WHERE model = ? AND version = ? AND gpu = ? AND driver = ? ORDER BY jobs`,
      ),
      put: db.prepare<[string, string, string, string, number, number, number]>(
        `INSERT INTO model_needs (model, version, gpu, driver, jobs, used_mb, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET used_mb = max(used_mb, excluded.used_mb), seen_at = excluded.seen_at`,
      ),
    };
  }

  /** The smallest batch first; empty: never seen. */
  all({ model, version, gpu, driver }: NeedKey): ModelNeed[] {
    return this.#statements.all.all(model, version, gpu, driver);
  }

  /** The larger of this and what was seen before of such batches stays. */
  put({ model, version, gpu, driver }: NeedKey, { jobs, usedMb }: ModelNeed, now: number): void {
    this.#statements.put.run(model, version, gpu, driver, jobs, usedMb, now);
  }
}
