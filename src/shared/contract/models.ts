/** What is shown of a model, and what the commands about models answer. */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";

const Bytes = z.number().int().nonnegative();

export const ModelViewSchema = z.object({
  id: z.string(),
  version: z.string(),
  task: z.string(),
  /** present: whole, and good as far as it was checked. missing, corrupt: it can be downloaded. */
  state: z.enum(["present", "missing", "corrupt", "downloading", "paused", "failed"]),
  /** Of `bytesTotal`, those that are here. */
  bytes: Bytes,
  bytesTotal: Bytes,
  /** While it downloads; null before there is anything to measure. */
  bytesPerSecond: Bytes.nullable(),
  etaMs: Bytes.nullable(),
  /** Why it failed, is missing or is corrupt. */
  error: ErrorValueSchema.nullable(),
  /** Unix ms; null: never, as far as is known. */
  lastUsedAt: z.number().int().nonnegative().nullable(),
  /** Never pruned. */
  pinned: z.boolean(),
  /** False: neither offered nor run, by MODEL_ALLOWLIST or because the person said so. */
  allowed: z.boolean(),
});
export type ModelView = z.infer<typeof ModelViewSchema>;

export const ModelInput = z.strictObject({ id: z.string().min(1).max(200) });
export const ModelAnswer = z.strictObject({ model: ModelViewSchema });

export const ModelDownloadInput = ModelInput.extend({
  /** Bytes per second at most, for this download; absent: only the limit that holds for all. */
  bytesPerSecond: z.number().int().positive().optional(),
});
export const ModelDownloadAnswer = z.strictObject({
  model: ModelViewSchema,
  /** What has to be fetched yet; 0: nothing, it is here. */
  bytesToFetch: Bytes,
  freeBytes: Bytes,
});
export type ModelDownloadStarted = z.infer<typeof ModelDownloadAnswer>;

export const PruneInput = z.strictObject({
  /** Remove until the models take no more than this; absent: the configured cap. */
  toBytes: Bytes.optional(),
});
export const PruneAnswer = z.strictObject({
  removed: z.array(z.strictObject({ id: z.string(), bytes: Bytes })),
  /** Taken by the models that Bellows fetched and that are left. */
  bytesLeft: Bytes,
});
export type Pruned = z.infer<typeof PruneAnswer>;
