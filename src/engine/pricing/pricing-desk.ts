/** Everything that a price of one GPU at one market is found from, and what it would come to: for previews and repricing. */
import type {
  EnergyCost,
  ListingTest,
  Occupancy,
  OfferPreview,
  PriceQuote,
  PriceStrategy,
} from "../../shared/contract/offers.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { DAY, HOUR } from "../../shared/durations.ts";
import { fromMoneyValue, type Money, money, toMoneyValue } from "../../shared/money.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { MarketAdapter } from "../market/port.ts";
import { type Asking, asking, lowestOf } from "./asking.ts";
import { type Electricity, energyCost, floorOf, inCoin, type Power } from "./floor.ts";
import { quotePrice, shareCheaper } from "./quantiles.ts";

/** Prices older than this say nothing about today. */
export const PRICES_KEPT = DAY;
/** How far back it is counted how much a GPU was rented. */
const OCCUPANCY_WINDOW = 7 * DAY;
/** Less time on the market than this says nothing about how much it is rented. */
const OCCUPANCY_LEAST = 6 * HOUR;
const ASSUMED_OCCUPANCY = 0.5;
/** Occupancy is drawn from a slider: parts in ten thousand are exact enough. */
const PARTS = 10_000;

export interface PricingDeps {
  readonly adapters: readonly MarketAdapter[];
  readonly ledger: Ledger;
  /** Power of a GPU. */
  readonly power: (device: string) => Power;
  /** null: the person did not say what a kWh costs. */
  readonly electricity: () => Electricity | null;
  readonly now: () => number;
}

export interface PricedGpu {
  readonly id: string;
  readonly name: string;
}

export class PricingDesk {
  readonly #deps: PricingDeps;

  constructor(deps: PricingDeps) {
    this.#deps = deps;
  }

  /** What GPUs like this one cost an hour; null: nobody knows. */
  quote(market: MarketId, model: string): PriceQuote | null {
    const bands = this.#adapter(market)?.offers?.priceBands ?? [];
    return quotePrice(model, this.#seen(market), bands, this.#deps.now());
  }

  /** null: not long enough on the market to tell. */
  occupancy(market: MarketId, device: string): Occupancy | null {
    const { ledger, now } = this.#deps;
    const { openMs, rentedMs } = ledger.offers.timeOf(market, device, now() - OCCUPANCY_WINDOW);
    const all = openMs + rentedMs;
    return all < OCCUPANCY_LEAST ? null : { share: rentedMs / all, hours: all / HOUR };
  }

  ask(market: MarketId, gpu: PricedGpu, strategy: PriceStrategy): Asking & { readonly lowest: Money | null } {
    const floor = this.#floor(market, gpu.id).price;
    const facts = {
      quote: this.quote(market, gpu.name),
      occupancy: this.occupancy(market, gpu.id)?.share ?? null,
      floor: floor && fromMoneyValue(floor),
    };
    return { ...asking(strategy, facts), lowest: lowestOf(strategy, facts.floor) };
  }

  preview(
    market: MarketId,
    gpu: PricedGpu,
    strategy: PriceStrategy,
    about: { readonly test: ListingTest; readonly occupancy: number | undefined },
  ): OfferPreview {
    const { price, percentile, how, bound } = this.ask(market, gpu, strategy);
    const measured = this.occupancy(market, gpu.id);
    const occupancy: OfferPreview["occupancy"] =
      about.occupancy !== undefined
        ? { share: about.occupancy, from: "asked" }
        : measured !== null
          ? { share: measured.share, from: "measured" }
          : { share: ASSUMED_OCCUPANCY, from: "assumed" };
    return {
      device: gpu.id,
      model: gpu.name,
      price: price && toMoneyValue(price),
      how: how.text,
      howSaid: how.said,
      percentile,
      bound,
      quote: this.quote(market, gpu.name),
      cheaper: price && shareCheaper(gpu.name, this.#seen(market), price),
      floor: this.#floor(market, gpu.id),
      occupancy,
      perHour: price && this.#perHour(market, gpu.id, price, occupancy.share),
      test: about.test,
    };
  }

  /** On average over all hours: an hour that nobody rents brings nothing and, as far as renting goes, costs nothing. */
  #perHour(market: MarketId, device: string, price: Money, share: number): OfferPreview["perHour"] {
    const gross = money(price.currency, (price.minor * BigInt(Math.round(share * PARTS))) / BigInt(PARTS));
    const net = this.#adapter(market)?.expectedNet(gross) ?? gross;
    const electricity = this.#deps.electricity();
    const { watts } = this.#floor(market, device);
    const energy: EnergyCost | null =
      electricity === null || watts === null ? null : energyCost(watts, share, electricity);
    const worth = electricity?.worthOf(price.currency) ?? null;
    const afterEnergy =
      energy === null || worth === null || worth <= 0n
        ? null
        : money(price.currency, net.minor - inCoin(energy, worth, price.currency).minor);
    return {
      gross: toMoneyValue(gross),
      fee: toMoneyValue(money(price.currency, gross.minor - net.minor)),
      net: toMoneyValue(net),
      energy,
      afterEnergy: afterEnergy && toMoneyValue(afterEnergy),
    };
  }

  #floor(market: MarketId, device: string) {
    const currency = this.#adapter(market)?.currency ?? "AIT";
    return floorOf(this.#deps.power(device), this.#deps.electricity(), currency);
  }

  #seen(market: MarketId) {
    return this.#deps.ledger.prices.since(market, this.#deps.now() - PRICES_KEPT);
  }

  #adapter(market: MarketId): MarketAdapter | undefined {
    return this.#deps.adapters.find(({ id }) => id === market);
  }
}
