/** What is shown of a model, and what the commands about models answer. */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";

const Bytes = z.number().int().nonnegative();

export const ModelViewSchema = z.object({
  id: z.string(),
  version: z.string(),
  task: z.string(),
  /** Other names under which markets ask for it. */
  aliases: z.array(z.string()),
  licence: z.string(),
  /** Of the weights: fp32, q4, … */
  precision: z.string(),
  /** Weights and working memory on a GPU at the largest batch, MiB. */
  vramMb: z.number().int().nonnegative(),
  /** Where it is fetched from, tried in order. */
  sources: z.array(z.object({ kind: z.enum(["npm", "https", "ollama"]), name: z.string() })),
  /** present: whole, and good as far as it was checked. missing, corrupt: it can be downloaded. */
  state: z.enum(["present", "missing", "corrupt", "downloading", "paused", "failed"]),
  /** Of `bytesTotal`, those that are here. */
  bytes: Bytes,
  bytesTotal: Bytes,
  /** While it downloads; null before there is anything to measure. */
  bytesPerSecond: Bytes.nullable(),
  etaMs: Bytes.nullable(),
  /** Who was asked, since when (unix ms), and has not sent a byte; at the how manieth try in a row. */
  waiting: z
    .object({
      host: z.string(),
      since: z.number().int().nonnegative(),
      tries: z.number().int().positive(),
    })
    .optional(),
  /** Why it failed, is missing or is corrupt. */
  error: ErrorValueSchema.nullable(),
  /** What Ollama calls it, while it can be run there and is not here; absent: it can't. */
  ollama: z.string().optional(),
  /** The folder it is loaded from; null while it is not present. */
  folder: z.string().nullable(),
  /** What its whole files take in the folder that Bellows fetches into: that much can be removed. */
  ownBytes: Bytes,
  /** Unix ms; null: never, as far as is known. */
  lastUsedAt: z.number().int().nonnegative().nullable(),
  /** Never pruned. */
  pinned: z.boolean(),
  /** False: neither offered nor run, by MODEL_ALLOWLIST or because the person said so. */
  allowed: z.boolean(),
  /** Who keeps it from running: MODEL_ALLOWLIST, which only the environment changes, or the person. */
  heldBackBy: z.enum(["list", "person"]).nullable(),
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
  /** Only say what would go. */
  dryRun: z.boolean().optional(),
});
export const PruneAnswer = z.strictObject({
  removed: z.array(z.strictObject({ id: z.string(), bytes: Bytes })),
  /** Taken by the models that Bellows fetched and that are left. */
  bytesLeft: Bytes,
});
export type Pruned = z.infer<typeof PruneAnswer>;

/** The folder that Bellows fetches models into. */
export const ModelDiskAnswer = z.strictObject({
  folder: z.string(),
  /** Taken by whole files, and by what is on its way. */
  modelBytes: Bytes,
  partialBytes: Bytes,
  /** null: no cap. */
  maxBytes: Bytes.nullable(),
  /** Left on that disk; null: not known. */
  freeBytes: Bytes.nullable(),
});
export type ModelDisk = z.infer<typeof ModelDiskAnswer>;
