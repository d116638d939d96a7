/**
 * The receipt: what one result claims about itself, signed by the provider, checkable by anyone (design.md §7).
 *
 * It is one record of text, numbers and hex digests, the same tree in canonical CBOR and in JSON; only the public key
 * and the signature are bytes (base64 in JSON). Signed: SHA3-512("bellows/receipt/v1" ‖ canonical CBOR of the record
 * without its signature), with ML-DSA-65. The provider's whole public key travels in the signature, so that a
 * receipt can be verified with nothing else at hand; its hash stands in the signed part.
 */
import { z } from "zod";
import { type CborValue, decodeCanonical, encodeCanonical } from "../../shared/canonical.ts";
import { MarketIdSchema } from "../../shared/contract/views.ts";
import { MERKLE_CHUNK, merkleRoot, sha3_256, sha3_512 } from "../../shared/digest.ts";
import { AppError } from "../../shared/errors.ts";
import { ComputedBySchema } from "../../shared/runtime/backend.ts";
import { type Work, WorkKindSchema } from "../../shared/work.ts";
import { workDigest } from "../../shared/work-digest.ts";
import { ML_DSA_65, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from "../identity/ml-dsa.ts";

export const RECEIPT_DOMAIN = "bellows/receipt/v1";
/** An absurd size for a receipt (a real one has about 6.5 kB). */
const MAX_RECEIPT_BYTES = 256 * 1024;

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const Name = z.string().max(400);
const UnixMs = z.number().int().nonnegative();
const Ms = z.number().nonnegative().finite();
const Count = z.number().int().nonnegative();
const bytesOf = (length: number) =>
  z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length === length,
    `not ${length} bytes`,
  );

const ReceiptBodySchema = z.strictObject({
  v: z.literal(1),
  provider: z.strictObject({ id: Name, public_key_sha3_256: hexOf(32) }),
  market: MarketIdSchema,
  lease_id: Name,
  job_id: Name,
  /** null: the work needs no model. */
  model: z
    .strictObject({
      id: Name,
      version: Name,
      manifest_sha256: hexOf(32),
      files: z.array(z.strictObject({ path: Name, sha256: hexOf(32) })).max(1000),
    })
    .nullable(),
  task: WorkKindSchema,
  /** Where the task can be done in more than one way: which it was. */
  method: Name.optional(),
  /** SHA3-256 of the canonical CBOR of the work (src/shared/work.ts), such as {"kind":"embed","texts":[…]}. */
  input_sha3_256: hexOf(32),
  output: z.strictObject({
    bytes: Count,
    sha3_512: hexOf(64),
    sha3_256: hexOf(32),
    /** Present exactly when the output is longer than one 64 KiB chunk. */
    merkle_root_64k: hexOf(32).optional(),
  }),
  runtime: z.strictObject({
    execution_provider: ComputedBySchema,
    precision: Name,
    onnxruntime: Name,
    node: Name,
    /** Of the processor; 0: not known, Ollama chooses them. */
    threads: Count,
    hardware: Name,
  }),
  timing: z.strictObject({
    leased_at_ms: UnixMs,
    started_at_ms: UnixMs,
    computed_at_ms: UnixMs,
    infer_ms: Ms,
    queue_ms: Ms,
  }),
  qos: z.strictObject({ attempt: Count, batch_size: Count, tokens: Count }),
});
const SignatureSchema = z.strictObject({
  alg: z.literal(ML_DSA_65),
  public_key: bytesOf(PUBLIC_KEY_BYTES),
  value: bytesOf(SIGNATURE_BYTES),
});
export const ReceiptSchema = ReceiptBodySchema.extend({ signature: SignatureSchema });

export type ReceiptBody = z.infer<typeof ReceiptBodySchema>;
export type Receipt = z.infer<typeof ReceiptSchema>;

/** What the engine knows of a finished job; the digests are made here, from the bytes. */
export interface ReceiptFacts {
  readonly market: Receipt["market"];
  readonly leaseId: string;
  readonly jobId: string;
  /** The id under which the market knows this provider. */
  readonly providerId: string;
  readonly model: {
    readonly id: string;
    readonly version: string;
    readonly manifestSha256: string;
    readonly files: readonly { readonly path: string; readonly sha256: string }[];
  } | null;
  readonly work: Work;
  readonly method?: string | undefined;
  /** Canonical result bytes. */
  readonly output: Uint8Array;
  readonly runtime: {
    readonly backend: Receipt["runtime"]["execution_provider"];
    readonly precision: string;
    readonly onnxruntime: string;
    readonly node: string;
    readonly threads: number;
    readonly hardware: string;
  };
  /** Unix ms; durations in ms. */
  readonly timing: {
    readonly leasedAt: number;
    readonly startedAt: number;
    readonly computedAt: number;
    readonly inferMs: number;
    readonly queueMs: number;
  };
  readonly qos: { readonly attempt: number; readonly batchSize: number; readonly tokens: number };
}

/** Whoever holds the provider key. */
export interface ReceiptSigner {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export function buildReceipt(facts: ReceiptFacts, signer: ReceiptSigner): Receipt {
  const body: ReceiptBody = {
    v: 1,
    provider: { id: facts.providerId, public_key_sha3_256: sha3_256(signer.publicKey) },
    market: facts.market,
    lease_id: facts.leaseId,
    job_id: facts.jobId,
    model: facts.model && {
      id: facts.model.id,
      version: facts.model.version,
      manifest_sha256: facts.model.manifestSha256,
      files: facts.model.files.map(({ path, sha256 }) => ({ path, sha256 })),
    },
    task: facts.work.kind,
    ...(facts.method === undefined ? {} : { method: facts.method }),
    input_sha3_256: workDigest(facts.work),
    output: outputDigests(facts.output),
    runtime: {
      execution_provider: facts.runtime.backend,
      precision: facts.runtime.precision,
      onnxruntime: facts.runtime.onnxruntime,
      node: facts.runtime.node,
      threads: facts.runtime.threads,
      hardware: facts.runtime.hardware,
    },
    timing: {
      leased_at_ms: Math.round(facts.timing.leasedAt),
      started_at_ms: Math.round(facts.timing.startedAt),
      computed_at_ms: Math.round(facts.timing.computedAt),
      infer_ms: toMicroseconds(facts.timing.inferMs),
      queue_ms: toMicroseconds(facts.timing.queueMs),
    },
    qos: { attempt: facts.qos.attempt, batch_size: facts.qos.batchSize, tokens: facts.qos.tokens },
  };
  const checked = ReceiptBodySchema.safeParse(body);
  if (!checked.success) throw malformed(checked.error, "bug");
  const value = signer.sign(signedDigest(body));
  return { ...body, signature: { alg: ML_DSA_65, public_key: signer.publicKey, value } };
}

/** The canonical bytes that are stored and sent. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeCanonical(toCbor(receipt));
}

/** Strict: the bytes must be the one canonical form of a well-formed receipt. Whether it is true, `verifyReceipt` says. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  if (bytes.length > MAX_RECEIPT_BYTES) throw notAReceipt("it is far too big");
  const receipt = parse(decodeCanonical(bytes));
  if (Buffer.compare(encodeReceipt(receipt), bytes) !== 0)
    throw notAReceipt("its encoding is not the canonical one");
  return receipt;
}

/** The form people see and `bellows verify` reads. */
export function receiptToJson(receipt: Receipt): string {
  const { signature, ...body } = receipt;
  const { alg, public_key, value } = signature;
  const text = { alg, public_key: base64(public_key), value: base64(value) };
  return JSON.stringify({ ...body, signature: text }, null, 2);
}

export function receiptFromJson(text: string): Receipt {
  if (text.length > MAX_RECEIPT_BYTES) throw notAReceipt("it is far too big");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notAReceipt("it is not JSON");
  }
  return parse(withBytes(value));
}

export function outputDigests(bytes: Uint8Array): Receipt["output"] {
  const digests = { bytes: bytes.length, sha3_512: sha3_512(bytes), sha3_256: sha3_256(bytes) };
  return bytes.length > MERKLE_CHUNK ? { ...digests, merkle_root_64k: merkleRoot(bytes) } : digests;
}

/** Canonical CBOR of everything but the signature. */
export function encodeBody(body: ReceiptBody): Uint8Array {
  return encodeCanonical(toCbor(body));
}

/** The 64 bytes the provider signs. */
export function signedDigest(body: ReceiptBody): Uint8Array {
  const message = Buffer.concat([Buffer.from(RECEIPT_DOMAIN, "ascii"), encodeBody(body)]);
  return Buffer.from(sha3_512(message), "hex");
}

export function bodyOf(receipt: Receipt): ReceiptBody {
  const { signature: _, ...body } = receipt;
  return body;
}

function parse(value: unknown): Receipt {
  const parsed = ReceiptSchema.safeParse(value);
  if (!parsed.success) throw malformed(parsed.error, "user");
  return parsed.data;
}

/** JSON's base64 texts as bytes; a text that is not the one base64 of its bytes stays text and is refused by the schema. */
function withBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("signature" in value)) return value;
  const { signature } = value;
  if (typeof signature !== "object" || signature === null) return value;
  const decode = (text: unknown) => {
    const bytes = typeof text === "string" ? Buffer.from(text, "base64") : null;
    return bytes !== null && bytes.toString("base64") === text ? new Uint8Array(bytes) : text;
  };
  const entries = Object.entries(signature).map(([key, item]) => [key, key === "alg" ? item : decode(item)]);
  return { ...value, signature: Object.fromEntries(entries) };
}

/** Absent members must not be encoded as undefined. */
function toCbor(value: Receipt | ReceiptBody): CborValue {
  const { method, ...rest } = value;
  const { merkle_root_64k: merkle, ...output } = value.output;
  return {
    ...rest,
    ...(method === undefined ? {} : { method }),
    output: merkle === undefined ? output : { ...output, merkle_root_64k: merkle },
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Durations are kept to the microsecond: more digits would say nothing. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function malformed(error: z.ZodError, actor: "bug" | "user"): AppError {
  const issue = error.issues[0];
  return notAReceipt(`${issue?.path.join(".") || "the record"}: ${issue?.message ?? "malformed"}`, actor);
}

function notAReceipt(why: string, actor: "bug" | "user" = "user"): AppError {
  return new AppError({
    code: "BAD_RECEIPT",
    message: `This is not a receipt of this version: ${why}`,
    actor,
  });
}
