/** What a self-test of one device found. */
import { z } from "zod";
import { ComputedBySchema } from "../runtime/backend.ts";
import { SaidSchema } from "../words/said.ts";

const Reading = z.number().nullable();

export const SelfTestStepSchema = z.object({
  name: z.enum(["device", "backend", "answer", "throughput", "memory", "temperature", "text"]),
  /** null: could not be measured, which is no failure. */
  ok: z.boolean().nullable(),
  /** One sentence without its full stop. */
  detail: z.string(),
  said: SaidSchema.optional(),
});
export type SelfTestStep = z.infer<typeof SelfTestStepSchema>;

/** A self-test that runs now: what it has found so far. */
export const SelfTestProgressSchema = z.object({
  /** Unix ms. */
  startedAt: z.number().int().nonnegative(),
  /** Done, in their order. */
  steps: z.array(SelfTestStepSchema),
  /** Of the last batch; null before the first. */
  textsPerSecond: Reading,
});
export type SelfTestProgress = z.infer<typeof SelfTestProgressSchema>;

export const SelfTestReportSchema = z.object({
  device: z.object({ id: z.string(), name: z.string(), driver: z.string().nullable() }),
  /** Unix ms of its end. */
  at: z.number().int().nonnegative(),
  /** No step failed. */
  ok: z.boolean(),
  summary: z.string(),
  said: SaidSchema.optional(),
  tookMs: z.number().nonnegative(),
  steps: z.array(SelfTestStepSchema),
  model: z.object({ id: z.string(), version: z.string(), manifestSha256: z.string() }).nullable(),
  backend: ComputedBySchema.nullable(),
  /** Of the worst of the known texts, against the reference. */
  answer: z.object({ cosine: z.number(), maxAbs: z.number() }).nullable(),
  textsPerSecond: Reading,
  memoryUsedMb: Reading,
  temperatureC: Reading,
  /** What CUDA was run with, as one digest (engine/gpu-pack/identity.ts); absent: not known, or nothing of it. */
  gpuPack: z.string().optional(),
});
export type SelfTestReport = z.infer<typeof SelfTestReportSchema>;
