/**
 * An engine that runs but no longer answers is as gone as a dead one. Silence is normal while it is idle, so it is
 * asked first; only an unanswered question makes it hang.
 */
import type { ContractClient } from "../shared/contract/contract.ts";
import { SECOND } from "../shared/durations.ts";

/** Counted in ticks, so that a suspended machine does not age the question; few, as each wakes an idle app. */
export const TICK = 5 * SECOND;
/** Ticks without any word before the engine is asked; the first of them may have begun with one. */
const ASK_AFTER = 2;
/** Ticks an answer may take: the worst honest pause (a big ledger commit, a swapped-out process) is far shorter. */
const HANGS_AFTER = 2;

export interface HangWatchOptions {
  readonly client: Pick<ContractClient, "invoke" | "on">;
  /** Is an engine expected to answer right now? */
  readonly isUp: () => boolean;
  readonly onHang: () => void;
}

export class HangWatch {
  readonly #options: HangWatchOptions;
  readonly #unsubscribe: () => void;
  #quietTicks = 0;
  #openTicks: number | null = null;

  constructor(options: HangWatchOptions) {
    this.#options = options;
    this.#unsubscribe = options.client.on("state.delta", () => this.#heard());
  }

  tick(): void {
    const { isUp, onHang } = this.#options;
    if (!isUp()) {
      this.#heard();
      return;
    }
    if (this.#openTicks !== null) {
      this.#openTicks += 1;
      if (this.#openTicks < HANGS_AFTER) return;
      this.#heard();
      onHang();
      return;
    }
    this.#quietTicks += 1;
    if (this.#quietTicks >= ASK_AFTER) this.#ask();
  }

  dispose(): void {
    this.#unsubscribe();
  }

  #ask(): void {
    this.#openTicks = 0;
    // A refusal is an answer as well; a lost channel ends the process, and its supervisor sees that.
    const heard = () => this.#heard();
    this.#options.client.invoke("devices.list", {}).then(heard, heard);
  }

  #heard(): void {
    this.#quietTicks = 0;
    this.#openTicks = null;
  }
}
