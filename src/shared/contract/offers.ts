/** GPUs offered for rent by the hour: how a price is found, what came of each offer, and what GPUs like them cost. */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";
import { MoneyValueSchema } from "../money.ts";
import { SaidSchema } from "../words/said.ts";
import { MarketIdSchema } from "./market-id.ts";

const TimeMs = z.number().int().nonnegative();
const Text = z.string().max(2000);
const Share = z.number().min(0).max(1);
/** `text` and `help` by key, for other languages. */
const BY_KEY = { said: SaidSchema.optional(), helpSaid: SaidSchema.optional() };

/**
 * planned: to be published. listed: can be rented. booked/in-use: rented, the GPU is kept for the renter.
 * refused: the market does not take it (see error).
 */
export const OfferStateSchema = z.enum([
  "planned",
  "publishing",
  "listed",
  "booked",
  "in-use",
  "withdrawn",
  "refused",
]);
export type OfferState = z.infer<typeof OfferStateSchema>;

/** A strategy never asks less than `lowest`, nor less than the electricity of the hour; null: no limit of one's own. */
const Lowest = MoneyValueSchema.nullable();

/** How the price of an hour is found (docs/aitbc.md, "Prices"). */
export const PriceStrategySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("fixed"), price: MoneyValueSchema }),
  z.strictObject({ kind: z.literal("median"), lowest: Lowest }),
  /** So many in a hundred offers of the same GPU are cheaper. */
  z.strictObject({
    kind: z.literal("percentile"),
    percentile: z.number().int().min(1).max(99),
    lowest: Lowest,
  }),
  /** Dearer the more it is rented. */
  z.strictObject({ kind: z.literal("utilisation"), lowest: Lowest }),
]);
export type PriceStrategy = z.infer<typeof PriceStrategySchema>;

/** What a GPU's last self-test came to: without a passed one with its driver and model no offer is published. */
export const ListingTestSchema = z.object({
  state: z.enum(["passed", "due", "running", "failed", "impossible"]),
  /** One sentence. */
  text: Text,
  help: Text.nullable(),
  ...BY_KEY,
});
export type ListingTest = z.infer<typeof ListingTestSchema>;

/** How much of its time on the market it was rented, over the last days. */
export const OccupancySchema = z.object({ share: Share, hours: z.number().nonnegative() });
export type Occupancy = z.infer<typeof OccupancySchema>;

export const OfferViewSchema = z.object({
  market: MarketIdSchema,
  /** A market may have several boards that know nothing of each other. */
  board: Text,
  boardName: Text,
  device: Text,
  model: Text,
  /** null until the market knows it. */
  offerId: Text.nullable(),
  state: OfferStateSchema,
  /** False: to be taken back. */
  wanted: z.boolean(),
  strategy: PriceStrategySchema,
  /** What we ask an hour. */
  price: MoneyValueSchema,
  /** When it was last changed. */
  pricedAt: TimeMs.nullable(),
  /** What the market shows; null: nothing, or nothing that can be read. */
  listedPrice: MoneyValueSchema.nullable(),
  /** The market's own word for its status; null: it is not listed. */
  marketStatus: Text.nullable(),
  /** Why it is not on the market although it is wanted; null: nothing keeps it off. */
  waiting: z.object({ text: Text, help: Text.nullable(), ...BY_KEY }).nullable(),
  /** How what the market shows differs from what we want, and what is done about it; null: it does not. */
  drift: Text.nullable(),
  driftSaid: SaidSchema.optional(),
  booking: z.object({ id: Text, endsAt: TimeMs.nullable(), total: MoneyValueSchema.nullable() }).nullable(),
  /** null: not long enough on the market to tell. */
  occupancy: OccupancySchema.nullable(),
  /** When the market's list was last read; null: not yet. */
  checkedAt: TimeMs.nullable(),
  error: ErrorValueSchema.nullable(),
});
export type OfferView = z.infer<typeof OfferViewSchema>;

/** Everything about renting out: where it can be done, with which GPUs, and what is offered. */
export const OffersViewSchema = z.object({
  boards: z.array(
    z.object({
      market: MarketIdSchema,
      id: Text,
      name: Text,
      endpoint: Text,
      /** null: not learnt yet. */
      canReprice: z.boolean().nullable(),
      canWithdraw: z.boolean().nullable(),
      /** When it last answered; null: it did not yet. */
      checkedAt: TimeMs.nullable(),
      error: ErrorValueSchema.nullable(),
    }),
  ),
  gpus: z.array(z.object({ device: Text, model: Text, test: ListingTestSchema })),
  offers: z.array(OfferViewSchema),
});
export type OffersView = z.infer<typeof OffersViewSchema>;

/** Prices per hour of GPUs like one, with how much they are worth knowing. */
export const PriceQuoteSchema = z.object({
  model: Text,
  /** market: offers of others. guide: the market's published advice. */
  source: z.enum(["market", "guide"]),
  low: MoneyValueSchema,
  middle: MoneyValueSchema,
  high: MoneyValueSchema,
  /** At 0 %, 5 %, … 100 % of the offers; empty for the guide's. */
  quantiles: z.array(MoneyValueSchema),
  /** Offers behind it; 0 for the guide's. */
  sample: z.number().int().nonnegative(),
  /** Age of the newest of them, ms; null for the guide's. */
  ageMs: z.number().int().nonnegative().nullable(),
});
export type PriceQuote = z.infer<typeof PriceQuoteSchema>;

/** An amount of the currency that electricity is paid in: millionths of it. */
export const EnergyCostSchema = z.object({ currency: Text, micros: z.string().regex(/^\d+$/) });
export type EnergyCost = z.infer<typeof EnergyCostSchema>;

/** Below this an hour costs more electricity than it brings. */
export const PriceFloorSchema = z.object({
  watts: z.number().nonnegative().nullable(),
  /** measured: while it worked here. limit: the most the card may draw. */
  wattsFrom: z.enum(["measured", "limit"]).nullable(),
  /** Of one hour's electricity; null: power or its price is not known. */
  cost: EnergyCostSchema.nullable(),
  /** The same in the market's currency; null: what that is worth is not known. */
  price: MoneyValueSchema.nullable(),
  /** What is missing to know it, one sentence; null: nothing. */
  missing: Text.nullable(),
  missingSaid: SaidSchema.optional(),
});
export type PriceFloor = z.infer<typeof PriceFloorSchema>;

/** What a strategy would come to now, before anything is published. */
export const OfferPreviewSchema = z.object({
  device: Text,
  model: Text,
  /** null: this strategy finds no price; `how` says why. */
  price: MoneyValueSchema.nullable(),
  /** Where the price comes from, one sentence. */
  how: Text,
  howSaid: SaidSchema.optional(),
  /** So many in a hundred of the others' offers it aims to be dearer than; null: a fixed price. */
  percentile: z.number().nullable(),
  /** What it was raised to. */
  bound: z.enum(["none", "lowest", "floor"]),
  quote: PriceQuoteSchema.nullable(),
  /** Share of the others' offers that ask less; null: too few are seen. */
  cheaper: Share.nullable(),
  floor: PriceFloorSchema,
  occupancy: z.object({ share: Share, from: z.enum(["measured", "asked", "assumed"]) }),
  /** On average over all hours, at that occupancy; null without a price. */
  perHour: z
    .object({
      gross: MoneyValueSchema,
      fee: MoneyValueSchema,
      net: MoneyValueSchema,
      energy: EnergyCostSchema.nullable(),
      /** Net less electricity; may be below zero; null where the one can't be counted in the other. */
      afterEnergy: MoneyValueSchema.nullable(),
    })
    .nullable(),
  test: ListingTestSchema,
});
export type OfferPreview = z.infer<typeof OfferPreviewSchema>;

const OffersAnswer = z.strictObject({ offers: z.array(OfferViewSchema) });
const OfferTarget = z.strictObject({
  market: MarketIdSchema,
  /** A GPU's id; absent: all of them. */
  device: z.string().min(1).max(200).optional(),
  board: z.string().min(1).max(60).optional(),
});

/** The contract's commands about offers, input and output. */
export const OFFER_COMMANDS = {
  /** GPUs offered for rent, and what became of each offer. */
  "offers.list": { input: z.strictObject({}), output: OffersAnswer },
  /**
   * Offer one GPU (or all), on one board of a market (or all); again with another strategy: reprice. Published once the
   * GPU passed its self-test. Throws NO_MARKET_PRICE where a strategy has nothing to go by.
   */
  "offers.offer": { input: OfferTarget.extend({ strategy: PriceStrategySchema }), output: OffersAnswer },
  /** Take offers back; a rented GPU's ends with its booking. */
  "offers.withdraw": { input: OfferTarget, output: OffersAnswer },
  /** What a strategy would come to; changes nothing. */
  "offers.preview": {
    input: z.strictObject({
      market: MarketIdSchema,
      device: z.string().min(1).max(200),
      strategy: PriceStrategySchema,
      /** Share of its time that it is rented; absent: as measured, else half. */
      occupancy: Share.optional(),
    }),
    output: OfferPreviewSchema,
  },
  /** What GPUs of a model cost an hour; null: nobody knows. */
  "prices.quote": {
    input: z.strictObject({ market: MarketIdSchema, model: z.string().min(1).max(200) }),
    output: z.strictObject({ quote: PriceQuoteSchema.nullable() }),
  },
} as const;
