/**
 * What the engine and a runtime process say to each other. The runtime owns one device; it has no network, no
 * database and no secret: work goes in, canonical result bytes and their digests come out.
 */
import { z } from "zod";
import {
  ClipSettingsSchema,
  EmbedSettingsSchema,
  GenerateSettingsSchema,
  RerankSettingsSchema,
} from "../catalogue.ts";
import { ErrorValueSchema } from "../errors.ts";
import { WorkSchema } from "../work.ts";
import { BackendSchema, RunsOnSchema } from "./backend.ts";

export type Backend = z.infer<typeof BackendSchema>;

/** GPU_BACKEND: `auto` takes the best that proves to work, anything else is that one or an error. */
export const WantedBackendSchema = z.enum(["auto", ...BackendSchema.options]);
export type WantedBackend = z.infer<typeof WantedBackendSchema>;

/** A back end that was tried or looked at, and not taken. */
export const SkippedBackendSchema = z.object({
  backend: RunsOnSchema,
  /** What stood in its way: a clause without a full stop, such as "libcudnn.so.9 is missing". */
  reason: z.string(),
});
export type SkippedBackend = z.infer<typeof SkippedBackendSchema>;

const AnyModelSchema = z.object({
  id: z.string(),
  version: z.string(),
  folder: z.string(),
  files: z.array(
    z.object({
      path: z.string(),
      bytes: z.number().int(),
      sha256: z.string().length(64),
      /** Its state (`fileState`) when it was read and found right; absent: it was not, or is not known to be. */
      checked: z.string().optional(),
    }),
  ),
  /** Device memory it takes at work; absent: estimated from its files. */
  memoryBytes: z.number().int().positive().optional(),
});

/** A model the runtime may load: files are checked against sha256 before a session is made from them. */
export const ModelSpecSchema = z.discriminatedUnion("task", [
  AnyModelSchema.extend({ task: z.literal("embed"), embed: EmbedSettingsSchema }),
  AnyModelSchema.extend({ task: z.literal("rerank"), rerank: RerankSettingsSchema }),
  AnyModelSchema.extend({ task: z.literal("clip"), clip: ClipSettingsSchema }),
  AnyModelSchema.extend({ task: z.literal("generate"), generate: GenerateSettingsSchema }),
]);
export type ModelSpec = z.infer<typeof ModelSpecSchema>;
/** The spec of one task's models. */
export type SpecOf<Task extends ModelSpec["task"]> = Extract<ModelSpec, { task: Task }>;

export const ToRuntimeSchema = z.discriminatedUnion("type", [
  /** First message: which device, which back end (`auto` takes the best that works), how many CPU threads. */
  z.object({
    type: z.literal("init"),
    device: z.object({ id: z.string(), kind: z.enum(["gpu", "cpu"]), index: z.number().int().nonnegative() }),
    backend: WantedBackendSchema,
    /** Back ends that were seen to compute on another GPU, with the reason why they are no way to this one. */
    without: z.array(SkippedBackendSchema).optional(),
    threads: z.number().int().positive(),
    /** Memory of the device that models may fill, bytes; null: unknown. */
    memoryBytes: z.number().int().nonnegative().nullable(),
  }),
  /** Check, load and warm a model. Answered by `loaded` or `load-failed`. */
  z.object({ type: z.literal("load"), model: ModelSpecSchema }),
  /** One batch of one model, or of work that needs none. Answered by exactly one `done` carrying every item. */
  z.object({
    type: z.literal("run"),
    batchId: z.number().int(),
    model: z.string().nullable(),
    items: z.array(z.object({ key: z.string(), work: WorkSchema })),
  }),
  z.object({ type: z.literal("shutdown") }),
]);
export type ToRuntime = z.infer<typeof ToRuntimeSchema>;

export const RuntimeClassSchema = z.object({
  backend: RunsOnSchema,
  /** Why not a faster back end, in one sentence; null when the best was taken. */
  reason: z.string().nullable(),
  /** The steps down the ladder that led here, fastest first. */
  skipped: z.array(SkippedBackendSchema),
  onnxruntime: z.string(),
  node: z.string(),
  threads: z.number().int().positive(),
  /** CPU brand or GPU name as far as the runtime knows it. */
  hardware: z.string(),
  /** What else does a part of the work: the processor, where a model does not fit into the GPU whole. */
  alsoOn: z.string().optional(),
});
export type RuntimeClass = z.infer<typeof RuntimeClassSchema>;

const ItemResultSchema = z.discriminatedUnion("ok", [
  z.object({
    key: z.string(),
    ok: z.literal(true),
    /** Canonical CBOR of the result (design.md §7). */
    bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
    sha3_512: z.string().length(128),
    sha3_256: z.string().length(64),
    /** Of the result (src/shared/results.ts `shapeOf`). */
    shape: z.array(z.number().int()),
    /** Tokens fed to the model, padding not counted, and tokens it wrote. */
    tokens: z.number().int(),
    /** Where one kind of work can be done in more than one way: which it was. */
    method: z.enum(["cross-encoder", "embedding-cosine"]).optional(),
  }),
  z.object({
    key: z.string(),
    ok: z.literal(false),
    error: ErrorValueSchema,
    /** May the same work come out in another run, or on another device? */
    retryable: z.boolean().optional(),
  }),
]);
export type ItemResult = z.infer<typeof ItemResultSchema>;

export const FromRuntimeSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), pid: z.number().int(), runtimeClass: RuntimeClassSchema }),
  /** `runtimeClass` is this model's own: loading it can fall back to the CPU although the device's probe went well. */
  z.object({
    type: z.literal("loaded"),
    model: z.string(),
    loadMs: z.number(),
    runtimeClass: RuntimeClassSchema,
    /** Ids of the models loaded now: others may have made room for this one. */
    held: z.array(z.string()),
  }),
  z.object({
    type: z.literal("load-failed"),
    model: z.string(),
    error: ErrorValueSchema,
    held: z.array(z.string()),
  }),
  z.object({
    type: z.literal("done"),
    batchId: z.number().int(),
    items: z.array(ItemResultSchema),
    /** Milliseconds spent inside session.run for this batch. */
    inferMs: z.number(),
    totalMs: z.number(),
    /** Ids of the models loaded now: others may have had to go for this batch. */
    held: z.array(z.string()),
  }),
  /** The process will exit: it can't serve its device. */
  z.object({ type: z.literal("fatal"), error: ErrorValueSchema }),
]);
export type FromRuntime = z.infer<typeof FromRuntimeSchema>;
