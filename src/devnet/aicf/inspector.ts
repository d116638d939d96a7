/**
 * Judges service windows as they end and books the penalties: stake is cut, three penalties within an hour jail, both
 * are told on the event stream. A provider that was not on duty for a whole window is not judged for being away.
 */
import type { BlockClock, Clock } from "../clock.ts";
import type { Store } from "../store.ts";
import type { EventHub } from "./events.ts";
import {
  breaches,
  JAIL_AFTER,
  JAIL_BLOCKS,
  JAIL_SPAN_MS,
  type SlashReason,
  slashAmount,
} from "./penalties.ts";
import type { Provider, Providers } from "./providers.ts";
import type { ServiceBook } from "./service-book.ts";
import { ALIVE_MS } from "./sla.ts";

export interface InspectorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly blocks: BlockClock;
  readonly providers: Providers;
  readonly book: ServiceBook;
  readonly events: EventHub;
  readonly windowMs: number;
  /** false: windows are measured and nobody is punished. */
  readonly slashing: boolean;
}

export class Inspector {
  readonly #parts: InspectorParts;

  constructor(parts: InspectorParts) {
    this.#parts = parts;
  }

  /** Call every tick: judges what ended since the last call. */
  inspect(): void {
    const { clock, providers, windowMs } = this.#parts;
    const now = clock();
    for (const provider of providers.windowsOver(now - windowMs)) this.#judge(provider, now);
  }

  /** Cuts the stake for cause; `jobId` names the job it is about. */
  slash(provider: Provider, reason: SlashReason, jobId: string | null): void {
    const { store, clock, blocks, providers, book, events } = this.#parts;
    const height = blocks.height();
    const amount = slashAmount(provider.stake, reason);
    const jailedUntil = store.transact(() => {
      const at = clock();
      providers.addStake(provider.id, -amount);
      book.recordSlash(provider.id, { reason, amount, height, at, jobId });
      const many = book.slashes(provider.id, at - JAIL_SPAN_MS).length >= JAIL_AFTER;
      const until = many ? height + JAIL_BLOCKS : null;
      if (until !== null) providers.jail(provider.id, until);
      store.log.record("aicf", {
        event: "slashed",
        providerId: provider.id,
        reason,
        amount: String(amount),
        jobId,
        jailedUntilHeight: until,
      });
      return until;
    });
    events.publish("aicf.providerSlashed", {
      providerId: provider.id,
      reason,
      height,
      penalty: amount,
      ...(jailedUntil === null ? {} : { jailedUntilHeight: jailedUntil }),
    });
  }

  /** The window that ended first; the ones after it follow at the next ticks. */
  #judge(provider: Provider, now: number): void {
    const { book, providers, windowMs, slashing, store } = this.#parts;
    const [from, to] = [provider.windowFrom, provider.windowFrom + windowMs];
    // Windows nobody was there for are skipped together.
    const next = now - to > windowMs ? now - ((now - to) % windowMs) : to;
    store.transact(() => providers.startWindow(provider.id, next));
    const reasons = breaches(
      book.measure(provider.id, from, to),
      book.wasOnDuty(provider.id, from, to, ALIVE_MS),
    );
    if (!slashing) return;
    for (const reason of reasons) {
      const current = providers.get(provider.id);
      const jobId = reason === "traps" ? book.lastFailedTrap(provider.id, from, to) : null;
      if (current) this.slash(current, reason, jobId);
    }
  }
}
