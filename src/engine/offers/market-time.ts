/** How long each GPU was free to be rented, and rented: what the utilisation strategy goes by. */
import type { MarketId } from "../../shared/contract/views.ts";
import { DAY, MINUTE } from "../../shared/durations.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { isRented } from "./reconcile.ts";

/** Between two looks lies no more time on the market than this: a machine that slept offered nothing. */
const LONGEST_GAP = MINUTE;
const KEPT = 90 * DAY;

export class MarketTime {
  readonly #ledger: Ledger;
  /** Until when it is written down, by market and device. */
  readonly #until = new Map<string, number>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** After a look at any board of the market. */
  note(market: MarketId, at: number): void {
    const { offers } = this.#ledger;
    const byDevice = Map.groupBy(
      offers.list().filter((offer) => offer.market === market),
      ({ device }) => device,
    );
    for (const [device, its] of byDevice) {
      const key = `${market}/${device}`;
      const until = this.#until.get(key);
      this.#until.set(key, at);
      if (until === undefined || at <= until) continue;
      const ms = Math.min(at - until, LONGEST_GAP);
      if (its.some(({ state, held }) => isRented(state) && !held))
        offers.addTime(market, device, "rented", ms, at);
      else if (its.some(({ state }) => state === "listed")) offers.addTime(market, device, "open", ms, at);
    }
    offers.forgetTime(at - KEPT);
  }
}
