/** The model catalogue (resources/models/catalogue.json): the only models that are ever loaded, pinned by sha256. */
import { z } from "zod";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const CatalogueModelSchema = z.object({
  id: z.string().min(1),
  version: z.string().min(1),
  task: z.literal("embed"),
  /** Names under which markets ask for exactly this model; declared here, so never a silent replacement. */
  aliases: z.array(z.string()),
  licence: z.string(),
  source: z.object({ kind: z.literal("npm"), package: z.string(), version: z.string(), folder: z.string() }),
  files: z.array(
    z.object({ path: z.string(), from: z.string(), bytes: z.number().int().positive(), sha256: Sha256 }),
  ),
  embed: z.object({
    graph: z.string(),
    tokenizer: z.string(),
    dimensions: z.number().int().positive(),
    maxTokens: z.number().int().positive(),
    pooling: z.literal("mean"),
    normalise: z.literal(true),
    precision: z.string(),
  }),
  /** How far a recomputation on another device may differ (design.md §7). */
  tolerance: z.object({ cosine: z.number(), maxAbs: z.number() }),
});
export type CatalogueModel = z.infer<typeof CatalogueModelSchema>;

export const CatalogueSchema = z.object({ version: z.literal(1), models: z.array(CatalogueModelSchema) });
export type Catalogue = z.infer<typeof CatalogueSchema>;
