/** What lies at the markets settled and unclaimed: asked for now and then, because only the market knows. */
import type { MarketId } from "../../shared/contract/views.ts";
import { HOUR, MINUTE, SECOND } from "../../shared/durations.ts";
import type { MoneyValue } from "../../shared/money.ts";
import { pause } from "../../shared/wait.ts";
import type { MarketAdapter } from "../market/port.ts";

const LOOK = 10 * MINUTE;
/** The first look waits until the market has had time to know us. */
const FIRST_LOOK = 20 * SECOND;
const TIMEOUT = 30 * SECOND;
/** An answer older than this is no answer. */
const STALE = HOUR;

export class UnclaimedMoney {
  readonly #adapters: readonly MarketAdapter[];
  readonly #seen = new Map<MarketId, { readonly amount: MoneyValue; readonly at: number }>();

  constructor(adapters: readonly MarketAdapter[]) {
    this.#adapters = adapters;
  }

  /** Fresh answers only. */
  amounts(): ReadonlyMap<MarketId, MoneyValue> {
    const fresh = [...this.#seen].filter(([, { at }]) => performance.now() - at < STALE);
    return new Map(fresh.map(([market, { amount }]) => [market, amount]));
  }

  async run(signal: AbortSignal): Promise<void> {
    await pause(FIRST_LOOK, signal);
    while (!signal.aborted) {
      await Promise.all(this.#adapters.map((adapter) => this.#look(adapter, signal)));
      await pause(LOOK, signal);
    }
  }

  async #look({ id, account }: MarketAdapter, signal: AbortSignal): Promise<void> {
    if (account === undefined) return;
    try {
      const { pending } = await account.balance(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]));
      this.#seen.set(id, { amount: pending, at: performance.now() });
    } catch {
      // Whether the market answers is told by its own series; what it said before grows stale.
    }
  }
}
