/**
 * The kinds of work a provider can do, as every part of the house hands them on: typed, sized, free of any market's
 * wire format (protocols/aicf-profile.md "Job kinds and their canonical input/output").
 *
 * Work has one canonical encoding too (the ledger keeps it, a receipt names its hash): a CBOR map of `kind` and the
 * fields of that kind, tensors as in results, images as byte strings, snake_case as the markets spell them.
 */
import { z } from "zod";
import {
  type CborValue,
  decodeCanonical,
  encodeCanonical,
  isCborRecord,
  tensorFromCbor,
  tensorToCbor,
} from "./canonical.ts";
import { AppError, unreachable } from "./errors.ts";

export const WORK_KINDS = ["embed", "vector", "rerank", "clip", "generate"] as const;
export const WorkKindSchema = z.enum(WORK_KINDS);
export type WorkKind = z.infer<typeof WorkKindSchema>;

const Texts = z.array(z.string()).readonly();
const Image = z.custom<Uint8Array>((value) => value instanceof Uint8Array, "not bytes");
const Tensor = z.object({
  shape: z.array(z.number().int().nonnegative()).readonly(),
  data: z.custom<Float32Array>((value) => value instanceof Float32Array, "not float32 values"),
});

const EmbedWorkSchema = z.object({ kind: z.literal("embed"), texts: Texts });

export const VECTOR_OPS = ["dot", "cosine", "topk", "matmul"] as const;
/** What each operation does with `a` and `b`, and the shape of its result: src/runtime/tasks/vector.ts. */
const VectorWorkSchema = z.object({
  kind: z.literal("vector"),
  op: z.enum(VECTOR_OPS),
  a: Tensor,
  b: Tensor,
  /** Only of topk. */
  k: z.number().int().positive().optional(),
});

const RerankWorkSchema = z.object({ kind: z.literal("rerank"), query: z.string(), documents: Texts });

/** Images are PNG or JPEG files, still encoded. */
const ClipWorkSchema = z.object({ kind: z.literal("clip"), texts: Texts, images: z.array(Image).readonly() });

const MessageSchema = z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() });
const GenerateWorkSchema = z.object({
  kind: z.literal("generate"),
  /** A text to continue, or a conversation to answer by the model's own chat template. */
  prompt: z.union([z.string(), z.array(MessageSchema).readonly()]),
  maxTokens: z.number().int().positive(),
  /** 0: always the likeliest token. */
  temperature: z.number().nonnegative(),
  seed: z.number().int().nonnegative(),
  /** The answer ends before the first of these texts. */
  stop: Texts,
});

export const WorkSchema = z.discriminatedUnion("kind", [
  EmbedWorkSchema,
  VectorWorkSchema,
  RerankWorkSchema,
  ClipWorkSchema,
  GenerateWorkSchema,
]);
export type EmbedWork = z.infer<typeof EmbedWorkSchema>;
export type VectorWork = z.infer<typeof VectorWorkSchema>;
export type RerankWork = z.infer<typeof RerankWorkSchema>;
export type ClipWork = z.infer<typeof ClipWorkSchema>;
export type GenerateWork = z.infer<typeof GenerateWorkSchema>;
export type ChatMessage = z.infer<typeof MessageSchema>;
export type Work = z.infer<typeof WorkSchema>;

/** Which work a model of each task can do. `vector` needs no model. */
export const WORK_OF_TASK = {
  embed: ["embed", "rerank"],
  rerank: ["rerank"],
  clip: ["clip"],
  generate: ["generate"],
} as const satisfies Record<string, readonly WorkKind[]>;
export type ModelTask = keyof typeof WORK_OF_TASK;

export function needsModel(kind: WorkKind): boolean {
  return kind !== "vector";
}

/** How much of it there is: texts, documents, texts and images, tokens asked for at most, rows of `a`. */
export function unitsOf(work: Work): number {
  switch (work.kind) {
    case "embed":
      return work.texts.length;
    case "rerank":
      return work.documents.length;
    case "clip":
      return work.texts.length + work.images.length;
    case "generate":
      return work.maxTokens;
    case "vector":
      return work.a.shape.length < 2 ? 1 : (work.a.shape[0] ?? 0);
    default:
      return unreachable(work);
  }
}

export function encodeWork(work: Work): Uint8Array {
  return encodeCanonical(toCbor(work));
}

/** Throws BAD_CBOR, BAD_WORK. */
export function decodeWork(bytes: Uint8Array): Work {
  const value = decodeCanonical(bytes);
  const parsed = WorkSchema.safeParse(isCborRecord(value) ? fromCbor(value) : value);
  if (parsed.success) return parsed.data;
  throw new AppError({
    code: "BAD_WORK",
    message: `These bytes are not work: ${z.prettifyError(parsed.error).replaceAll("\n", " ").slice(0, 300)}`,
    actor: "bug",
  });
}

function toCbor(work: Work): CborValue {
  switch (work.kind) {
    case "embed":
    case "rerank":
    case "clip":
      return work;
    case "vector": {
      const { kind, op, a, b, k } = work;
      const operands = { kind, op, a: tensorToCbor(a), b: tensorToCbor(b) };
      return k === undefined ? operands : { ...operands, k };
    }
    case "generate": {
      const { kind, prompt, maxTokens, temperature, seed, stop } = work;
      const input = typeof prompt === "string" ? { prompt } : { messages: prompt };
      return { kind, ...input, max_tokens: maxTokens, temperature, seed, stop };
    }
    default:
      return unreachable(work);
  }
}

/** What it is, the schema says: here only names and tensors are turned back. */
function fromCbor(value: { readonly [key: string]: CborValue }): unknown {
  if (value.kind === "vector") return { ...value, a: tensorFromCbor(value.a), b: tensorFromCbor(value.b) };
  if (value.kind !== "generate") return value;
  const { messages, prompt = messages, max_tokens: maxTokens, ...rest } = value;
  return { ...rest, prompt, maxTokens };
}
