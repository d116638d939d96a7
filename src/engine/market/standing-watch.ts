/**
 * What a market says of this provider: asked after a heartbeat when it may have changed, else once a minute, and what
 * changed since is written down.
 */
import type { ProviderStanding } from "../../shared/contract/views.ts";
import { MINUTE } from "../../shared/durations.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { toMoneyValue } from "../../shared/money.ts";
import { hasPassed, Wakeup } from "../../shared/wait.ts";
import type { MarketLink, SessionDeps } from "./market-link.ts";
import { rethrowUnlessRetryable, within } from "./pace.ts";

/** Of a provider that all is well with: a penalty is pushed besides, and shows in the next heartbeat's answer. */
export const CALM_LOOK = MINUTE;

export class StandingWatch {
  readonly #deps: Pick<SessionDeps, "adapter" | "ledger" | "now">;
  readonly #link: MarketLink;
  readonly #onChange: () => void;
  #last: ProviderStanding | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** As the last heartbeat's answer had it. */
  #health: string | null = null;
  #heard: string | null = null;
  readonly #beaten = new Wakeup();

  /** `onChange`: the market thinks otherwise of us than before. */
  constructor(deps: Pick<SessionDeps, "adapter" | "ledger" | "now">, link: MarketLink, onChange: () => void) {
    this.#deps = deps;
    this.#link = link;
    this.#onChange = onChange;
  }

  /** What it last said; null before, and where it keeps no such books. */
  get last(): ProviderStanding | null {
    return this.#last;
  }

  /** A heartbeat was answered: what follows is asked beside the next ones, which it must not hold up. */
  noteHeartbeat(health: string | null): void {
    this.#heard = health;
    this.#beaten.ring();
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.#beaten.wait(signal);
      await this.afterHeartbeat(this.#heard, signal);
    }
  }

  /** `health`: in the market's own word, as the heartbeat's answer has it; null: it has none. */
  async afterHeartbeat(health: string | null, signal: AbortSignal): Promise<void> {
    const isCalm = this.#last?.state === "eligible" && this.#last.reasons.length === 0;
    const isSame = health === this.#health;
    this.#health = health;
    if (isCalm && isSame && !hasPassed(CALM_LOOK, this.#askedAt, this.#deps.now())) return;
    await this.refresh(signal);
  }

  /** What it said before stands when it does not answer. */
  async refresh(signal: AbortSignal): Promise<void> {
    const { account } = this.#deps.adapter;
    if (account === undefined || this.#link.restraint.left("standing") > 0) return;
    try {
      const before = this.#last;
      const after = await account.standing(within(signal));
      this.#last = after;
      this.#askedAt = this.#deps.now();
      this.#noteStakes(after);
      if (before !== null && before.state !== after.state) this.#noteChange(before, after);
      this.#link.noteOver("standing");
      this.#link.tell();
    } catch (thrown) {
      this.#link.restraint.note("standing", thrown);
      rethrowUnlessRetryable(thrown, signal);
    }
  }

  /** Work is withheld, and the market has said why: shown for as long as it says so. */
  withheld(): ErrorValue | null {
    const standing = this.#last;
    if (standing === null || standing.reasons.length === 0) return null;
    return {
      code: standing.state === "jailed" ? "JAILED" : "NOT_ELIGIBLE",
      message: `No work is given to this provider: ${standing.reasons.map((reason) => reason.text).join("; ")}`,
      actor: "user",
      help: standing.reasons.map((reason) => reason.help).join(" "),
    };
  }

  #noteStakes({ stake }: ProviderStanding): void {
    const { adapter, ledger, now } = this.#deps;
    if (stake.parts === undefined) return;
    for (const { what, kind, reference, amount } of ledger.stakes.put(adapter.id, stake.parts, now())) {
      const detail = { what, kind, reference, amount: toMoneyValue(amount) };
      ledger.audit("stake-changed", now(), detail, { market: adapter.id });
    }
  }

  #noteChange(before: ProviderStanding, after: ProviderStanding): void {
    const { adapter, ledger, now } = this.#deps;
    const detail = { from: before.state, to: after.state, reasons: after.reasons, slashes: after.slashes };
    ledger.audit("standing-changed", now(), detail, { market: adapter.id });
    this.#onChange();
  }
}
