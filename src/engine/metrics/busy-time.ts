/** How long each device had a job: from when the first was handed to it until none was left, over all such spans. */
import { SECOND } from "../../shared/durations.ts";
import type { BoardChange } from "../work/board.ts";

export class BusyTime {
  /** By row, what runs: on which device. */
  readonly #running = new Map<number, string>();
  /** By device that has something: since when, ms. */
  readonly #since = new Map<string, number>();
  readonly #seconds = new Map<string, number>();

  /** `now`: by a clock that only goes on, ms. */
  note({ row, event, device }: Pick<BoardChange, "row" | "event" | "device">, now: number): void {
    const before = this.#running.get(row);
    if (before !== undefined) {
      this.#running.delete(row);
      if (![...this.#running.values()].includes(before)) this.#end(before, now);
    }
    if (event !== "run" || device === null) return;
    this.#running.set(row, device);
    if (!this.#since.has(device)) this.#since.set(device, now);
  }

  /** By device, with the span that is not over. */
  seconds(now: number): ReadonlyMap<string, number> {
    const open = [...this.#since].map(
      ([device, since]) => [device, this.#before(device, now - since)] as const,
    );
    return new Map([...this.#seconds, ...open]);
  }

  #end(device: string, now: number): void {
    const since = this.#since.get(device);
    if (since === undefined) return;
    this.#since.delete(device);
    this.#seconds.set(device, this.#before(device, now - since));
  }

  #before(device: string, ms: number): number {
    return (this.#seconds.get(device) ?? 0) + ms / SECOND;
  }
}
