/** Ollama's HTTP API as far as we speak it (docs.ollama.com, openapi.yaml): what comes is read, the rest is left out. */
import { z } from "zod";

const Count = z.number().int().nonnegative();
/** Durations are nanoseconds. */
const Nanoseconds = z.number().nonnegative();

export const VersionSchema = z.object({ version: z.string().max(100) });

/** A digest is that of the manifest: another one means another model under the same name. */
const ModelSchema = z.object({ name: z.string().min(1).max(400), digest: z.string().max(200).default("") });
export const TagsSchema = z.object({ models: z.array(ModelSchema).max(10_000).nullable().default([]) });
export type OllamaTag = z.infer<typeof ModelSchema>;

const RunningSchema = ModelSchema.extend({ size: Count.default(0), size_vram: Count.default(0) });
export const RunningListSchema = z.object({
  models: z.array(RunningSchema).max(1000).nullable().default([]),
});
export type OllamaRunning = z.infer<typeof RunningSchema>;

/** `model_info` holds the GGUF's own metadata; its lists come only when asked for in full. */
export const ShownSchema = z.object({
  modelfile: z.string().default(""),
  model_info: z.record(z.string(), z.unknown()).nullable().default({}),
});
export type OllamaShown = z.infer<typeof ShownSchema>;

/** `bytes` are the token's own, also where they are only a part of a character. */
const TokenSchema = z.object({
  token: z.string().default(""),
  bytes: z.array(z.number().int().min(0).max(255)).nullish(),
});
export const ChunkSchema = z.object({
  response: z.string().default(""),
  done: z.boolean().default(false),
  done_reason: z.string().optional(),
  logprobs: z.array(TokenSchema).nullish(),
  prompt_eval_count: Count.optional(),
  eval_count: Count.optional(),
  eval_duration: Nanoseconds.optional(),
  prompt_eval_duration: Nanoseconds.optional(),
  error: z.string().optional(),
});
export type OllamaChunk = z.infer<typeof ChunkSchema>;

export const FailureSchema = z.object({ error: z.string() });

/** Every one is said, because a Modelfile may say otherwise, and a reload follows where one of the last two differs. */
export interface OllamaOptions {
  readonly seed: number;
  readonly temperature: number;
  readonly num_predict: number;
  readonly top_k: number;
  readonly top_p: number;
  readonly min_p: number;
  readonly typical_p: number;
  readonly repeat_last_n: number;
  readonly repeat_penalty: number;
  readonly presence_penalty: number;
  readonly frequency_penalty: number;
  readonly mirostat: number;
  readonly stop: readonly string[];
  readonly num_ctx: number;
}
