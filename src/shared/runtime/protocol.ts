/**
 * What the engine and a runtime process say to each other. The runtime owns one device; it has no network, no
 * database and no secret: texts go in, canonical result bytes and their digests come out.
 */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";

export const BackendSchema = z.enum(["cuda", "cpu", "webgpu", "dml"]);
export type Backend = z.infer<typeof BackendSchema>;

/** A model the runtime may load: files are checked against sha256 before a session is made from them. */
export const ModelSpecSchema = z.object({
  id: z.string(),
  version: z.string(),
  folder: z.string(),
  files: z.array(z.object({ path: z.string(), bytes: z.number().int(), sha256: z.string().length(64) })),
  embed: z.object({
    graph: z.string(),
    tokenizer: z.string(),
    dimensions: z.number().int().positive(),
    maxTokens: z.number().int().positive(),
    precision: z.string(),
  }),
});
export type ModelSpec = z.infer<typeof ModelSpecSchema>;

export const ToRuntimeSchema = z.discriminatedUnion("type", [
  /** First message: which device, which back end (`auto` takes the best that works), how many CPU threads. */
  z.object({
    type: z.literal("init"),
    device: z.object({ id: z.string(), kind: z.enum(["gpu", "cpu"]), index: z.number().int().nonnegative() }),
    backend: z.enum(["auto", "cuda", "cpu"]),
    threads: z.number().int().positive(),
  }),
  /** Check, load and warm a model. Answered by `loaded` or `load-failed`. */
  z.object({ type: z.literal("load"), model: ModelSpecSchema }),
  /** One batch of one model. Answered by exactly one `done` carrying every item. */
  z.object({
    type: z.literal("run"),
    batchId: z.number().int(),
    model: z.string(),
    items: z.array(z.object({ key: z.string(), texts: z.array(z.string()) })),
  }),
  z.object({ type: z.literal("shutdown") }),
]);
export type ToRuntime = z.infer<typeof ToRuntimeSchema>;

export const RuntimeClassSchema = z.object({
  backend: BackendSchema,
  /** Why not a faster back end; null when the best was taken. */
  reason: z.string().nullable(),
  onnxruntime: z.string(),
  node: z.string(),
  threads: z.number().int().positive(),
  /** CPU brand or GPU name as far as the runtime knows it. */
  hardware: z.string(),
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
    shape: z.array(z.number().int()),
    /** Tokens fed to the model, padding not counted. */
    tokens: z.number().int(),
  }),
  z.object({ key: z.string(), ok: z.literal(false), error: ErrorValueSchema }),
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
  }),
  z.object({ type: z.literal("load-failed"), model: z.string(), error: ErrorValueSchema }),
  z.object({
    type: z.literal("done"),
    batchId: z.number().int(),
    items: z.array(ItemResultSchema),
    /** Milliseconds spent inside session.run for this batch. */
    inferMs: z.number(),
    totalMs: z.number(),
  }),
  /** The process will exit: it can't serve its device. */
  z.object({ type: z.literal("fatal"), error: ErrorValueSchema }),
]);
export type FromRuntime = z.infer<typeof FromRuntimeSchema>;
