/** Catalogue entries of text models that a test's Ollama has. */
import type { CatalogueModel } from "../../src/shared/catalogue.ts";
import { CatalogueModelSchema } from "../../src/shared/catalogue.ts";

export const WEIGHTS = "ab".repeat(32);

export function textModel(
  change: Partial<{ id: string; weights: string; contextTokens: number; aliases: string[] }> = {},
) {
  const { id = "alphabet", weights = WEIGHTS, contextTokens = 64, aliases = [] } = change;
  return CatalogueModelSchema.parse({
    id,
    version: "1",
    task: "generate",
    aliases,
    licence: "MIT",
    sources: [{ kind: "ollama", name: `${id}:latest` }],
    files: [{ path: "model.gguf", from: "model.gguf", bytes: 1000, sha256: weights }],
    precision: "q4",
    vramMb: 1,
    batchTable: [{ freeMb: 0, jobs: 1 }],
    tolerance: { cosine: 1, maxAbs: 0 },
    generate: { file: "model.gguf", contextTokens, chat: { format: "chatml", system: "Be brief." } },
  }) satisfies CatalogueModel;
}
