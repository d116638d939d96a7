/**
 * Tells the market which models there are: some learn of models only when we register, which may be done again at any
 * time. A registration that fails is tried again at a pace of its own, beside the heartbeats.
 */
import { backoffMs, pause, Wakeup } from "../../shared/wait.ts";
import type { MarketLink, SessionDeps } from "./market-link.ts";
import { RETRY, rethrowUnlessRetryable, within } from "./pace.ts";
import type { Registration } from "./port.ts";

export class Announcer {
  readonly #deps: Pick<SessionDeps, "adapter" | "control" | "profile">;
  readonly #link: MarketLink;
  readonly #onTold: (models: string) => void;
  readonly #changed = new Wakeup();
  /** The models the market was told of when it last registered us. */
  #told = "";

  /** `onTold`: the market knows of other models now. */
  constructor(deps: SessionDeps, link: MarketLink, onTold: (models: string) => void) {
    this.#deps = deps;
    this.#link = link;
    this.#onTold = onTold;
  }

  /** The market is told now; throws when it does not answer. */
  async register(signal: AbortSignal): Promise<Registration> {
    const about = this.#deps.profile();
    const registration = await this.#deps.adapter.register(about, within(signal));
    this.#told = about.models.join("\n");
    this.#link.noteOver("register");
    return registration;
  }

  /** Models may have come or gone. */
  look(): void {
    if (this.#isOutdated) this.#changed.ring();
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<never> {
    for (let failures = 0; ; ) {
      signal.throwIfAborted();
      // A provider that was stopped does not claim to be online.
      if (!this.#isOutdated || this.#deps.control.intent === "stopped") {
        failures = 0;
        this.#link.noteOver("register");
        await this.#changed.wait(signal);
        continue;
      }
      await this.#link.restraint.over("register", signal);
      signal.throwIfAborted();
      try {
        await this.register(signal);
        this.#onTold(this.#told);
      } catch (thrown) {
        rethrowUnlessRetryable(thrown, signal);
        this.#link.noteError(thrown, "register");
        failures += 1;
        await pause(backoffMs(failures, RETRY), signal);
      }
    }
  }

  get #isOutdated(): boolean {
    return this.#deps.profile().models.join("\n") !== this.#told;
  }
}
