/** What a market asks of a provider before and while it works: known without being connected to it. */
import { z } from "zod";
import { MoneyValueSchema } from "../money.ts";
import { MarketIdSchema } from "./market-id.ts";

export const MarketTermsSchema = z.object({
  market: MarketIdSchema,
  /** null: it asks for none. */
  stake: z
    .object({
      minimum: MoneyValueSchema,
      /** market: it said so to this provider. published: it says so of itself, and this provider has not heard it yet. */
      from: z.enum(["market", "published"]),
      /** Until a released stake is back, ms by the market's usual pace of blocks; null: not said. */
      backAfterMs: z.number().int().nonnegative().nullable(),
    })
    .nullable(),
  /** What is taken of the stake for service below a limit, the dearest first; empty: nothing. */
  losses: z.array(
    z.object({
      measure: z.enum(["availability", "traps", "qos"]),
      /** 0…1. */
      limit: z.number(),
      /** Of the stake, in 1/10 000. */
      bps: z.number().int().positive(),
    }),
  ),
  /** So many penalties within the span, and no work is given for a while; null: never. */
  jail: z
    .object({
      penalties: z.number().int().positive(),
      spanMs: z.number().int().positive(),
      /** By the market's usual pace of blocks. */
      lengthMs: z.number().int().positive(),
    })
    .nullable(),
});
export type MarketTerms = z.infer<typeof MarketTermsSchema>;
