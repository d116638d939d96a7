/** Checking a past job: its receipt, its digests, and on wish the result itself, computed again. */
import { z } from "zod";
import { SaidSchema } from "../words/said.ts";

const Text = z.string().max(2000);

export const JobVerifyInput = z.strictObject({
  leaseId: z.string().min(1).max(200),
  /** Run the kept input through the model again and compare with the kept output. Takes as long as the job did. */
  recompute: z.boolean().default(false),
  /** A receipt as JSON text, to be checked in place of the ledger's own. */
  receipt: z
    .string()
    .max(256 * 1024)
    .optional(),
});

export const VerifyCheckSchema = z.object({
  /** Stable: format, provider-key, signature, model-manifest, model-catalogue, output, input, recompute, … */
  name: Text,
  ok: z.boolean(),
  /** One sentence, good or bad. */
  detail: Text,
  /** The same by key, for other languages. */
  said: SaidSchema.optional(),
});
export type VerifyCheck = z.infer<typeof VerifyCheckSchema>;

export const JobVerifyAnswer = z.strictObject({
  verified: z.boolean(),
  checks: z.array(VerifyCheckSchema),
  /** What a recomputation found; null when none was asked for. */
  recomputed: z
    .object({
      device: Text,
      backend: Text,
      /** Bytes equal to the kept output. */
      identical: z.boolean(),
      /** Of the worst row and the worst element; null where results are compared by tokens. */
      cosine: z.number().nullable(),
      maxAbs: z.number().nullable(),
    })
    .nullable(),
});
export type JobVerified = z.infer<typeof JobVerifyAnswer>;
