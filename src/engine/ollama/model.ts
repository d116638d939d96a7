/** A model of the catalogue that an Ollama on this machine has, by the very file that the catalogue pins. */
import type { z } from "zod";
import type { GenerateSettingsSchema } from "../../shared/catalogue.ts";
import type { ModelSpec } from "../../shared/runtime/protocol.ts";

export interface OllamaModel {
  readonly task: "generate";
  readonly id: string;
  readonly version: string;
  readonly generate: z.infer<typeof GenerateSettingsSchema>;
  readonly ollama: {
    /** What Ollama calls it. */
    readonly name: string;
    /** SHA-256 of its one file, as the catalogue pins it. */
    readonly weightsSha256: string;
  };
}

/** Runs in a process of ours, or in Ollama. */
export type RunnableModel = ModelSpec | OllamaModel;

export function isOllamaModel(model: RunnableModel | null): model is OllamaModel {
  return model !== null && "ollama" in model;
}
