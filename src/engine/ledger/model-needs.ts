/** GPU memory that models were seen to need, by model, kind of GPU and driver. */
import type { Database } from "./database.ts";

/** What a need holds for. */
export interface NeedKey {
  readonly model: string;
  readonly version: string;
  /** The GPU's name. */
  readonly gpu: string;
  readonly driver: string;
}

export class ModelNeedTable {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      get: db
        .prepare<[string, string, string, string], number>(
          "SELECT used_mb FROM model_needs WHERE model = ? AND version = ? AND gpu = ? AND driver = ?",
        )
        .pluck(),
      put: db.prepare<[string, string, string, string, number, number]>(
        `INSERT INTO model_needs (model, version, gpu, driver, used_mb, seen_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET used_mb = max(used_mb, excluded.used_mb), seen_at = excluded.seen_at`,
      ),
    };
  }

  /** MiB; null: never seen. */
  get({ model, version, gpu, driver }: NeedKey): number | null {
    return this.#statements.get.get(model, version, gpu, driver) ?? null;
  }

  /** The larger of this and what was seen before stays. */
  put({ model, version, gpu, driver }: NeedKey, usedMb: number, now: number): void {
    this.#statements.put.run(model, version, gpu, driver, usedMb, now);
  }
}
