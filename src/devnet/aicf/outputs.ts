/** Result bytes under their SHA3-512: what a completion names is kept with its job, the rest is dropped after a while. */
import { sha3_512 } from "../../shared/digest.ts";
import type { Clock } from "../clock.ts";
import type { Store } from "../store.ts";

export class Outputs {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** True when the bytes were new. */
  put(bytes: Uint8Array): boolean {
    const digest = sha3_512(bytes);
    return this.#store.transact(() => {
      const sql =
        "INSERT INTO aicf_outputs VALUES (?, ?, ?) ON CONFLICT (sha3_512) DO UPDATE SET stored_at = excluded.stored_at";
      const known = this.has(digest);
      this.#store.db.prepare(sql).run(digest, Buffer.from(bytes), this.#clock());
      if (!known)
        this.#store.log.record("aicf", { event: "output-stored", sha3_512: digest, bytes: bytes.length });
      return !known;
    });
  }

  get(digest: string): Uint8Array | null {
    const sql = "SELECT bytes FROM aicf_outputs WHERE sha3_512 = ?";
    return this.#store.db.prepare<[string], { bytes: Buffer }>(sql).get(digest)?.bytes ?? null;
  }

  has(digest: string): boolean {
    return this.#store.db.prepare("SELECT 1 FROM aicf_outputs WHERE sha3_512 = ?").get(digest) !== undefined;
  }

  forgetUnnamedBefore(at: number): void {
    this.#store.db
      .prepare(
        `DELETE FROM aicf_outputs WHERE stored_at < ?
           AND sha3_512 NOT IN (SELECT output_sha3_512 FROM aicf_results)`,
      )
      .run(at);
  }
}
