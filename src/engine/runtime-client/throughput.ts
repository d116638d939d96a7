/** Texts per second over the last minute of work: time without work does not count, so an idle pause changes nothing. */
import { MINUTE, SECOND } from "../../shared/durations.ts";

export class Throughput {
  #batches: { texts: number; busyMs: number }[] = [];

  add(texts: number, busyMs: number): void {
    this.#batches.push({ texts, busyMs });
    let busy = 0;
    const oldest = this.#batches.findLastIndex((batch) => {
      busy += batch.busyMs;
      return busy >= MINUTE;
    });
    if (oldest > 0) this.#batches.splice(0, oldest);
  }

  /** Null before the first batch. */
  get textsPerSecond(): number | null {
    const busyMs = this.#batches.reduce((sum, batch) => sum + batch.busyMs, 0);
    const texts = this.#batches.reduce((sum, batch) => sum + batch.texts, 0);
    return busyMs === 0 ? null : texts / (busyMs / SECOND);
  }
}
