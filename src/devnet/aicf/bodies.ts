/** Request bodies of profile v1, checked on entry (docs/markets-devnet.md "Calls"). */
import { z } from "zod";
import {
  DEFAULT_JOB_TTL_MS,
  DEFAULT_MAX_RUNTIME_MS,
  MAX_EXTEND_MS,
  MAX_JOB_TTL_MS,
  MAX_LEASES_PER_CALL,
  MAX_WAIT_MS,
} from "./constants.ts";
import { badRequest } from "./errors.ts";
import { PUBLIC_KEY_BYTES } from "./sign-bytes.ts";

const Id = z.string().min(1).max(200);
const Hex = z
  .string()
  .regex(/^(0x)?([0-9a-fA-F]{2})*$/, "must be hex")
  .transform((text) => text.replace(/^0x/, "").toLowerCase());
/** Nano: an integer, or a decimal string of one. */
const Nano = z
  .union([
    z.number().int(),
    z
      .string()
      .regex(/^\d{1,16}$/)
      .transform(Number),
  ])
  .pipe(z.number().int().min(1).max(Number.MAX_SAFE_INTEGER));
const Free = z.record(z.string(), z.unknown());

const stamp = {
  op: z.string(),
  provider_id: Id,
  timestamp_ms: z.number().int(),
  nonce: z.string().regex(/^(0x)?[0-9a-fA-F]{32}$/, "must be 16 bytes of hex"),
};
const holder = { ...stamp, worker_id: Id.nullish() };

export const RegisterBody = z.object({
  ...stamp,
  name: z.string().max(200).nullish(),
  capabilities: z.array(z.enum(["AI", "QUANTUM"])).min(1),
  endpoint: z.string().max(500).nullish(),
  region: z.string().max(100).nullish(),
  public_key: Hex.refine((hex) => hex.length === 2 * PUBLIC_KEY_BYTES, `must be ${PUBLIC_KEY_BYTES} bytes`),
  address: z.string(),
  attestation: Free.nullish(),
  secret: z.string().min(16).max(200).nullish(),
});
export const AmountBody = z.object({ ...stamp, amount: Nano });
export const HeartbeatBody = z.object({
  ...stamp,
  capacity_ai: z.number().nullish(),
  height: z.number().nullish(),
  qos: z.number().min(0).max(1).nullish(),
  load: z
    .object({
      leases_active: z.number().int().min(0).nullish(),
      leases_capacity: z.number().int().min(0).max(4096).nullish(),
    })
    .nullish(),
  devices: z.array(Free).nullish(),
  models: z.array(z.string()).nullish(),
  metrics: Free.nullish(),
});
export const AcquireBody = z.object({
  ...stamp,
  worker_id: Id,
  max: z.number().int().min(1).max(MAX_LEASES_PER_CALL).default(1),
  wait_ms: z.number().int().min(0).max(MAX_WAIT_MS).default(0),
  models: z.array(z.string()).nullish(),
  kinds: z.array(z.string()).nullish(),
  free_vram_mb: z.number().nullish(),
});
export const RenewBody = z.object({ ...holder, extend_ms: z.number().int().min(1).max(MAX_EXTEND_MS) });
export const CompleteBody = z.object({
  ...holder,
  job_id: Id,
  output_digest: Hex.refine(
    (hex) => hex.length === 64 || hex.length === 128,
    "digest must be 32 or 64 bytes",
  ),
  proof_refs: z.array(z.unknown()).max(64).default([]),
  meta: Free.default({}),
  receipt: Hex,
  output: z.base64().nullish(),
});
export const FailBody = z.object({
  ...holder,
  code: z.string().min(1).max(200),
  message: z.string().max(2000),
  retryable: z.boolean(),
});
export const ReturnBody = z.object({ ...holder, reason: z.string().max(500) });

export const JobBody = z.object({
  kind: z.enum(["AI", "embed", "generate"]),
  model: Id,
  /** Texts to embed, or (kind generate) what a text is made of; how, say the params. */
  input: z.union([
    z.string().transform((text) => [text]),
    z.array(z.string()).min(1).max(4096),
    z.strictObject({ prompt: z.string() }),
    z.strictObject({ messages: z.array(z.object({ role: z.string(), content: z.string() })).min(1) }),
  ]),
  params: Free.default({}),
  fee: Nano,
  tier: z.enum(["gold", "premium", "standard"]).default("standard"),
  ttl_ms: z.number().int().min(1).max(MAX_JOB_TTL_MS).default(DEFAULT_JOB_TTL_MS),
  max_runtime_ms: z.number().int().min(1).default(DEFAULT_MAX_RUNTIME_MS),
  region: z.string().max(100).nullish(),
  requester: z.string().max(200).nullish(),
});

/** Throws Refusal 400 with what is wrong, field by field. */
export function parseBody<S extends z.ZodType>(schema: S, raw: Uint8Array): z.output<S> {
  const parsed = schema.safeParse(parseJson(raw));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw badRequest("the body is malformed", { issues });
}

function parseJson(raw: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(raw).toString("utf8"));
  } catch {
    throw badRequest("the body is not JSON");
  }
}
