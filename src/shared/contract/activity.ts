/** What the engine did and why, as it was written down at the time. Nothing in it is ever changed; chatter is forgotten in time. */
import { z } from "zod";
import { SaidSchema } from "../words/said.ts";
import { MarketIdSchema } from "./market-id.ts";

const Text = z.string().max(4000);

/** All that is written down. Each has its name, its level and its sentence in tables that the compiler holds to this list. */
export const ACTIVITY_TYPES = [
  "engine-started",
  "engine-stopped",
  "ledger-restored",
  "snapshot-failed",
  "intent-changed",
  "registered",
  "offer-changed",
  "offer-repriced",
  "receipt-unverified",
  "stake-changed",
  "lease-adopted",
  "lease-declined",
  "runtime-failed",
  "devices-changed",
  "device-paused",
  "device-resumed",
  "self-tested",
  "market-error",
  "market-recovered",
  "standing-changed",
  "written-off",
  "write-off-taken-back",
  "guard-acted",
  "key-used",
  "settings-changed",
  "noticed",
] as const;
export type ActivityType = (typeof ACTIVITY_TYPES)[number];

/** problem: something went wrong. notice: worth a look. info: for the record. */
export const ActivityLevelSchema = z.enum(["info", "notice", "problem"]);
export type ActivityLevel = z.infer<typeof ActivityLevelSchema>;

export const ActivityEventSchema = z.object({
  id: z.number().int().positive(),
  at: z.number().int().nonnegative(),
  /** Stable, for scripts and for its name in the app. */
  type: Text,
  level: ActivityLevelSchema,
  market: MarketIdSchema.nullable(),
  leaseId: Text.nullable(),
  /** What happened, in the engine's words; null: its type says it all. */
  text: Text.nullable(),
  /** The same by key, for other languages. */
  said: SaidSchema.optional(),
  /** All that was written down, JSON. */
  detail: z.string(),
});
export type ActivityEvent = z.infer<typeof ActivityEventSchema>;

export const ActivityFilterSchema = z.strictObject({
  /** Stands somewhere in the type or the detail; upper and lower case are the same. */
  text: z.string().min(1).max(200).optional(),
  type: z.string().min(1).max(100).optional(),
  market: MarketIdSchema.optional(),
  /** This level or a worse one. */
  level: ActivityLevelSchema.optional(),
  /** Written down from then on, and before then; unix ms. */
  since: z.number().int().nonnegative().optional(),
  until: z.number().int().nonnegative().optional(),
});
export type ActivityFilter = z.infer<typeof ActivityFilterSchema>;

export const ACTIVITY_COMMANDS = {
  /** The newest first. A page may be short, or empty, and still have a next: a search looks a part through at a time. */
  "activity.list": {
    input: ActivityFilterSchema.extend({
      before: z.number().int().positive().optional(),
      limit: z.number().int().min(1).max(1000).default(100),
    }),
    output: z.strictObject({
      events: z.array(ActivityEventSchema),
      next: z.number().int().positive().nullable(),
    }),
  },
  /** Every type that has been written down here. */
  "activity.types": {
    input: z.strictObject({}),
    output: z.strictObject({ types: z.array(z.string()) }),
  },
} as const;
