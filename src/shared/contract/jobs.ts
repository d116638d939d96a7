/** Jobs as they are asked for: a filter, a page of what it matches, and how many there are. */
import { z } from "zod";
import { MarketIdSchema } from "./market-id.ts";
import { JobRowSchema, JobStateSchema } from "./views.ts";

const Text = z.string().min(1).max(200);
const Count = z.number().int().nonnegative();

/** Every part narrows it; absent: any. */
export const JobFilterSchema = z.strictObject({
  market: MarketIdSchema.optional(),
  state: JobStateSchema.optional(),
  /** Any of them. */
  states: z.array(JobStateSchema).min(1).max(12).optional(),
  /** As the market named it. */
  model: Text.optional(),
  device: Text.optional(),
  /** What the lease's or the job's id begins with. */
  text: Text.optional(),
});
export type JobFilter = z.infer<typeof JobFilterSchema>;

export const JobsListInput = JobFilterSchema.extend({
  limit: z.number().int().min(1).max(1000).default(50),
  /** Rows older than this lease (exclusive), from a previous page's `next`. */
  before: z.string().max(200).optional(),
  /** So many matches are left out first, newest first. With `text` at most what `jobs.count` can count. */
  skip: Count.optional(),
});

export const JobsListAnswer = z.strictObject({
  jobs: z.array(JobRowSchema),
  /** Where the next page begins; null: this was the last. A page may be short, or empty, and still have a next. */
  next: z.string().nullable(),
});

export const JobsCountAnswer = z.strictObject({
  /** null: more than are counted one by one. */
  count: Count.nullable(),
  /** Stands for now: with it as `before`, pages and `skip` hold still while new jobs come. */
  before: z.string(),
});

/** Bytes of an output handed out at once. */
export const OUTPUT_PIECE = 384 * 1024;

export const JobOutputInput = z.strictObject({
  leaseId: Text,
  /** Of the bytes; a piece before ended there. */
  from: Count.default(0),
});

/** The result's canonical bytes (shared/results.ts), those that the digests commit to, piece by piece. */
export const JobOutputAnswer = z.strictObject({
  /** Bytes in all. */
  size: Count,
  base64: z.string(),
  /** Where the next piece begins; null: this was the last. */
  next: Count.nullable(),
});

/** What there is to choose from, with how many jobs each has. */
export const JobChoicesAnswer = z.strictObject({
  models: z.array(z.strictObject({ model: z.string(), jobs: Count })),
  devices: z.array(z.strictObject({ device: z.string(), jobs: Count })),
});
export type JobChoices = z.infer<typeof JobChoicesAnswer>;
