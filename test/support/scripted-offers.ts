/** The contract's commands about offers, answered from a view that a test makes; what was asked for is in it afterwards. */
import type { CommandParsed, ContractHandlers } from "../../src/shared/contract/contract.ts";
import type {
  ListingTest,
  OFFER_COMMANDS,
  OfferPreview,
  OffersView,
  OfferView,
} from "../../src/shared/contract/offers.ts";

export const NO_OFFERS: OffersView = { boards: [], gpus: [], offers: [] };
export const PASSED: ListingTest = {
  state: "passed",
  text: "Right answer on CUDA, 1840 texts/s at 61 °C",
  help: null,
};

/** A GPU on one board of AITBC, listed as it should be. */
export function anOffer(change: Partial<OfferView> = {}): OfferView {
  const price = { currency: "AIT", minor: "18450000000" } as const;
  return {
    market: "aitbc",
    board: "gpu-service",
    boardName: "GPU service",
    device: "GPU-1",
    model: "NVIDIA GeForce RTX 4090",
    offerId: "rig-7-5e1a8f0c7b1e",
    state: "listed",
    wanted: true,
    strategy: { kind: "fixed", price },
    price,
    pricedAt: null,
    listedPrice: price,
    marketStatus: "online",
    waiting: null,
    drift: null,
    booking: null,
    occupancy: null,
    checkedAt: null,
    error: null,
    ...change,
  };
}

type OfferHandlers = Pick<ContractHandlers, keyof typeof OFFER_COMMANDS>;

export function scriptedOfferHandlers(
  view: () => OffersView = () => NO_OFFERS,
  preview: (input: CommandParsed<"offers.preview">) => Partial<OfferPreview> = () => ({}),
): OfferHandlers {
  return {
    "offers.list": async () => ({ offers: view().offers }),
    "offers.offer": async () => ({ offers: view().offers }),
    "offers.withdraw": async () => ({ offers: view().offers }),
    "offers.preview": async ({ market, device, strategy, occupancy }) => ({
      device,
      model: view().gpus.find((gpu) => gpu.device === device)?.model ?? device,
      price: strategy.kind === "fixed" ? strategy.price : null,
      how: strategy.kind === "fixed" ? "The price that was set" : "Nothing is known",
      percentile: null,
      bound: "none",
      quote: null,
      cheaper: null,
      floor: {
        watts: null,
        wattsFrom: null,
        cost: null,
        price: null,
        missing: "The card does not tell what power it draws",
      },
      occupancy:
        occupancy === undefined ? { share: 0.5, from: "assumed" } : { share: occupancy, from: "asked" },
      perHour: null,
      test: PASSED,
      ...preview({ market, device, strategy, occupancy }),
    }),
    "prices.quote": async () => ({ quote: null }),
  };
}
