/** Bytes per second over the last few seconds: steady enough to read, quick enough to show a stall. */
import { SECOND } from "../../shared/durations.ts";

const WINDOW = 5 * SECOND;
const GRAIN = SECOND / 4;

export class SpeedMeter {
  #samples: { readonly at: number; readonly bytes: number }[] = [];

  /** `bytes`: all that are here, at `now` (ms). */
  note(bytes: number, now: number): void {
    const last = this.#samples.at(-1);
    // A file begun again counts from its new start.
    if (last && bytes < last.bytes) this.#samples = [];
    if (last && bytes >= last.bytes && now - last.at < GRAIN) return;
    this.#samples.push({ at: now, bytes });
    while ((this.#samples[1]?.at ?? now) < now - WINDOW) this.#samples.shift();
  }

  /** Null before there is anything to measure. */
  perSecond(bytes: number, now: number): number | null {
    const first = this.#samples.find(({ at }) => at >= now - WINDOW) ?? this.#samples.at(-1);
    if (!first || now - first.at < GRAIN) return null;
    return Math.max(0, Math.round(((bytes - first.bytes) / (now - first.at)) * SECOND));
  }
}
