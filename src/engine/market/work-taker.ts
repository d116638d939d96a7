/** The taking of work: asks a market for it while there is room. */
import type { MarketView } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { Moment } from "../../shared/moment.ts";
import { backoffMs, pause, Wakeup } from "../../shared/wait.ts";
import { LeaseReconciler } from "./lease-reconciler.ts";
import type { MarketLink, SessionDeps } from "./market-link.ts";
import { longPollWait, RETRY, rethrowUnlessRetryable, retryAfter, withinPoll } from "./pace.ts";
import type { Lease } from "./port.ts";
import { isOurGuess } from "./restraint.ts";

/** Pauses between polls at a market that answers at once: 100 polls a minute and IP is AITBC's limit. */
const POLL_BUSY = 700;
const POLL_IDLE = 3 * SECOND;
/** A market that was busy a moment ago is asked again sooner. */
const POLL_PACE = { base: SECOND, cap: POLL_IDLE, factor: 1.5 };

export class WorkTaker {
  readonly leases: LeaseReconciler;
  readonly #deps: SessionDeps;
  readonly #link: MarketLink;
  /** Rings when the market says there may be work: nobody waits out an idle pause then. */
  readonly #workWanted = new Wakeup();
  #lastPollAt: Moment | null = null;
  #lastAnswer: MarketView["lastPollAnswer"] = null;
  /** The last question: the models it names, and what cuts it short when they are no longer ours. */
  #poll: { readonly models: string; readonly outdated: AbortController } | null = null;
  /** Failed polls in a row. */
  #failures = 0;
  #emptyPolls = 0;

  constructor(deps: SessionDeps, link: MarketLink) {
    this.#deps = deps;
    this.#link = link;
    this.leases = new LeaseReconciler(deps, link, (leases) => this.adopt(leases));
  }

  view(): Pick<MarketView, "lastPollAt" | "lastPollAnswer"> {
    return {
      lastPollAt: this.#lastPollAt?.at(this.#deps.now()) ?? null,
      lastPollAnswer: this.#lastAnswer,
    };
  }

  /** There may be work. A market that just failed is not asked sooner for that. */
  wake(): void {
    this.#workWanted.ring();
  }

  /** A market that holds a question open does so for the models it names: it is asked anew when they are others. */
  noteModels(models: string): void {
    if (this.#deps.adapter.capabilities.longPoll && models !== (this.#poll?.models ?? models))
      this.#poll?.outdated.abort(new DOMException("The models changed", "AbortError"));
  }

  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      signal.throwIfAborted();
      const wish = this.#wish();
      if (typeof wish === "function") await wish(signal);
      else await this.#ask(wish, signal);
    }
  }

  /** What to ask for now, or what to wait for. */
  #wish(): { max: number; models: readonly string[] } | ((signal: AbortSignal) => Promise<void>) {
    const { adapter, board, control, quota, room, profile } = this.#deps;
    const { restraint } = this.#link;
    if (control.intent !== "running") {
      this.#link.noteOver("poll");
      return (signal) => control.changed.wait(signal);
    }
    const { models } = profile();
    if (models.length === 0) {
      this.#link.noteOver("poll");
      return (signal) => control.changed.wait(signal, POLL_IDLE);
    }
    const most = quota();
    const max = room?.wish(adapter.id, most) ?? most - board.countUnsent(adapter.id);
    if (max <= 0) {
      this.#link.noteOver("poll");
      return (signal) => board.roomFreed.wait(signal, POLL_IDLE);
    }
    if (restraint.left("poll") > 0)
      return (signal) => restraint.over("poll", AbortSignal.any([signal, control.takingSignal]));
    return { max, models };
  }

  async #ask({ max, models }: { max: number; models: readonly string[] }, signal: AbortSignal) {
    const { adapter, board, control, now, room } = this.#deps;
    const answered = room?.asking(adapter.id, max);
    const outdated = new AbortController();
    const taking = AbortSignal.any([signal, control.takingSignal, outdated.signal]);
    this.#poll = { models: models.join("\n"), outdated };
    try {
      const waitMs = adapter.capabilities.longPoll ? longPollWait() : 0;
      const leases = await adapter
        .acquire({ max, waitMs, models }, withinPoll(taking, waitMs))
        .finally(answered);
      this.#lastPollAt = new Moment(now());
      this.#lastAnswer = leases.length > 0 ? "work" : "none";
      this.#failures = 0;
      this.#emptyPolls = leases.length > 0 ? 0 : this.#emptyPolls + 1;
      if (leases.length > 0) this.adopt(leases);
      this.#link.noteAnswered("poll");
      // News of work don't end this wait: they may be of the very jobs that went back.
      const declined = board.pauseAfter(leases);
      if (declined > 0) await pause(declined, taking);
      if (!adapter.capabilities.longPoll) {
        const idle = this.#emptyPolls === 0 ? POLL_BUSY : backoffMs(this.#emptyPolls, POLL_PACE);
        await this.#pauseForWork(idle, taking);
      }
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      // The poll was cut short: what the market granted meanwhile is adopted, and after a pause goes back.
      if (control.intent !== "running" || outdated.signal.aborted) return this.leases.look(signal);
      this.leases.noteLost();
      await this.#waitOut(thrown, signal, taking);
    }
  }

  async #waitOut(thrown: unknown, signal: AbortSignal, taking: AbortSignal): Promise<void> {
    this.#lastPollAt = new Moment(this.#deps.now());
    this.#lastAnswer = "error";
    rethrowUnlessRetryable(thrown, signal);
    this.#link.noteError(thrown, "poll");
    const wait = Math.max(retryAfter(thrown), backoffMs(++this.#failures, RETRY));
    // Whom a market refuses for its standing it may want again with its next word.
    if (isOurGuess(thrown)) await this.#pauseForWork(wait, taking);
    else await pause(wait, taking);
  }

  /**
   * Written down first; and what came while the person pressed pause or stop goes straight back ("finish" keeps what
   * was on its way). Returns how many were new.
   */
  adopt(leases: readonly Lease[]): number {
    const { adapter, board, control } = this.#deps;
    const adopted = board.grant(leases);
    if (control.intent === "paused" || control.intent === "stopped")
      board.giveBack("Not taking work", { running: false, market: adapter.id });
    return adopted;
  }

  async #pauseForWork(ms: number, signal: AbortSignal): Promise<void> {
    await this.#workWanted.wait(signal, ms).catch(() => undefined);
  }
}
