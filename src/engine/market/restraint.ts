/**
 * Retry-After: a question that the market asked not to hear for a while is not asked before that, whatever bell rings
 * and however the dice fall. Kept for each kind of question: a limit on polls is no reason to fall silent altogether,
 * for which some markets take a stake away.
 */
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { pause } from "../../shared/wait.ts";
import type { MarketCall } from "./market-call.ts";
import { retryAfter } from "./pace.ts";

/** Many may have been told the same moment: they come up to so much of the wait later, never earlier. */
const LATER = 0.2;
const LATEST = 10 * SECOND;
/** Their wait is our own guess, and the market's next word may end it. */
const OUR_GUESS: ReadonlySet<string> = new Set(["JAILED", "NOT_ELIGIBLE"]);

/** `Call`: the kinds of question. */
export class Restraint<Call extends string = MarketCall> {
  /** By a clock that only goes on, ms. */
  readonly #until = new Map<Call, number>();
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  note(call: Call, thrown: unknown): void {
    const asked = retryAfter(thrown);
    if (asked <= 0 || isOurGuess(thrown)) return;
    const until = performance.now() + asked + this.#random() * Math.min(LATEST, LATER * asked);
    this.#until.set(call, Math.max(until, this.#until.get(call) ?? 0));
  }

  /** How long this must not be asked yet, ms; 0: it may. */
  left(call: Call): number {
    return Math.max(0, (this.#until.get(call) ?? 0) - performance.now());
  }

  /** Resolves when it may be asked, or when the signal aborts. */
  async over(call: Call, signal: AbortSignal): Promise<void> {
    for (let left = this.left(call); left > 0 && !signal.aborted; left = this.left(call))
      await pause(Math.ceil(left), signal);
  }
}

export function isOurGuess(thrown: unknown): boolean {
  return thrown instanceof AppError && OUR_GUESS.has(thrown.code);
}
