/** GPUs offered for rent by the hour, and what the market asks for GPUs like them. */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";
import { MoneyValueSchema } from "../money.ts";
import { MarketIdSchema } from "./views.ts";

const TimeMs = z.number().int().nonnegative();
const Text = z.string().max(2000);

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
  /** What we ask an hour. */
  price: MoneyValueSchema,
  /** What the market shows; null: nothing, or nothing that can be read. */
  listedPrice: MoneyValueSchema.nullable(),
  /** The market's own word for its status; null: it is not listed. */
  marketStatus: Text.nullable(),
  /** How what the market shows differs from what we want, and what is done about it; null: it does not. */
  drift: Text.nullable(),
  booking: z.object({ id: Text, endsAt: TimeMs.nullable(), total: MoneyValueSchema.nullable() }).nullable(),
  /** When the market's list was last read; null: not yet. */
  checkedAt: TimeMs.nullable(),
  error: ErrorValueSchema.nullable(),
});
export type OfferView = z.infer<typeof OfferViewSchema>;

/** Prices per hour of GPUs like one, with how much they are worth knowing. */
export const PriceQuoteSchema = z.object({
  model: Text,
  /** market: offers of others. guide: the market's published advice. */
  source: z.enum(["market", "guide"]),
  low: MoneyValueSchema,
  middle: MoneyValueSchema,
  high: MoneyValueSchema,
  /** Offers behind it; 0 for the guide's. */
  sample: z.number().int().nonnegative(),
  /** Age of the newest of them, ms; null for the guide's. */
  ageMs: z.number().int().nonnegative().nullable(),
});
export type PriceQuote = z.infer<typeof PriceQuoteSchema>;
