/**
 * The coordinator's own receipt: kept as it came, and verified. Source: protocols/aitbc.md §4.
 *
 * The signature is Ed25519 over Python's canonical JSON of the receipt as it was before later fields were added to
 * it. Python writes 2.0 where JavaScript reads 2, so numbers are kept as the text they arrived as; the receipt must
 * therefore be stored from the answer's text, never from a parsed object.
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";

/** A JSON value whose numbers are still text. */
export type ExactJson =
  | null
  | boolean
  | string
  | ExactNumber
  | readonly ExactJson[]
  | { readonly [key: string]: ExactJson };

export class ExactNumber {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

const MAX_DEPTH = 64;
/** Not part of the signed message: the signatures themselves and what the router adds after signing. */
const ADDED_LATER =
  /^(signature|attestations|zk_status|zk_proof|tee_status|tee_attestation_id|tee_quote|reinvest_.*)$/;

export interface ReceiptVerdict {
  readonly ok: boolean;
  /** The signer's public key as the receipt names it (base64url); null when it names none. */
  readonly keyId: string | null;
  /** One sentence. */
  readonly detail: string;
}

/** The receipt inside a result answer, as JSON text with every number as it was sent; null when there is none. */
export function receiptFromAnswer(answerText: string): string | null {
  const answer = parseExactJson(answerText);
  const receipt = isObject(answer) ? answer.receipt : undefined;
  return isObject(receipt) ? writeExact(receipt, PLAIN) : null;
}

/** A bare receipt, with every number as it was sent, and the job it names; null when it is none. */
export function receiptIn(answerText: string): { text: string; jobId: string } | null {
  const receipt = parseExactJson(answerText);
  if (!isObject(receipt) || typeof receipt.job_id !== "string") return null;
  return { text: writeExact(receipt, PLAIN), jobId: receipt.job_id };
}

/**
 * Does the coordinator's signature hold? The key stands in the receipt itself, so a caller that knows the
 * coordinator's key passes it as `pinnedKeyId`.
 */
export function verifyCoordinatorReceipt(
  receiptText: string,
  pinnedKeyId: string | null = null,
): ReceiptVerdict {
  const receipt = parseExactJson(receiptText);
  const signature = isObject(receipt) ? receipt.signature : undefined;
  if (!isObject(receipt) || !isObject(signature))
    return verdict(false, null, "The receipt carries no signature");
  const { alg, key_id: keyId, sig } = signature;
  if (alg !== "Ed25519" || typeof keyId !== "string" || typeof sig !== "string") {
    return verdict(false, null, "The receipt's signature is not an Ed25519 signature");
  }
  if (pinnedKeyId !== null && keyId !== pinnedKeyId) {
    return verdict(false, keyId, "The receipt is signed with another key than the coordinator's known one");
  }
  const key = ed25519Key(keyId);
  if (key === null) return verdict(false, keyId, "The receipt names a key that is none");
  const message = Buffer.from(canonicalJson(withoutAdditions(receipt)), "ascii");
  const holds = verify(null, message, key, Buffer.from(sig, "base64url"));
  return verdict(
    holds,
    keyId,
    holds ? "The coordinator's signature holds" : "The coordinator's signature does not hold",
  );
}

/** Sorted keys, no spaces, nulls dropped everywhere, ASCII only: the bytes the coordinator signs. */
export function canonicalJson(value: ExactJson): string {
  return writeExact(value, CANONICAL);
}

/** Like JSON.parse, with numbers as text; undefined when it is not JSON, or nested beyond any receipt. */
export function parseExactJson(text: string): ExactJson | undefined {
  try {
    const value = JSON.parse(text, (_key: string, item: unknown, context?: { source?: string }) =>
      typeof item === "number" ? new ExactNumber(context?.source ?? String(item)) : item,
    ) as ExactJson;
    return depthOf(value) > MAX_DEPTH ? undefined : value;
  } catch {
    return undefined; // Not JSON, or too deep for the parser.
  }
}

interface Style {
  readonly sortKeys: boolean;
  readonly dropNulls: boolean;
  readonly text: (text: string) => string;
}
const PLAIN: Style = { sortKeys: false, dropNulls: false, text: JSON.stringify };
const CANONICAL: Style = { sortKeys: true, dropNulls: true, text: asciiString };

function writeExact(value: ExactJson, style: Style): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return style.text(value);
  if (value instanceof ExactNumber) return value.source;
  const kept = (item: ExactJson) => !(style.dropNulls && item === null);
  if (Array.isArray(value))
    return `[${value
      .filter(kept)
      .map((item) => writeExact(item, style))
      .join(",")}]`;
  const entries = Object.entries(value).filter(([, item]) => kept(item));
  if (style.sortKeys) entries.sort(([a], [b]) => compareCodePoints(a, b));
  return `{${entries.map(([key, item]) => `${style.text(key)}:${writeExact(item, style)}`).join(",")}}`;
}

/** A JSON string as Python's json.dumps writes it: everything outside printable ASCII as \uXXXX. */
function asciiString(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Python sorts text by code point, JavaScript by UTF-16 unit; they differ past U+FFFF. */
function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}

function withoutAdditions(receipt: { readonly [key: string]: ExactJson }): ExactJson {
  return Object.fromEntries(Object.entries(receipt).filter(([key]) => !ADDED_LATER.test(key)));
}

function ed25519Key(keyId: string): KeyObject | null {
  try {
    return createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: keyId } });
  } catch {
    return null; // Not 32 bytes of base64url.
  }
}

function isObject(value: ExactJson | undefined): value is { readonly [key: string]: ExactJson } {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  );
}

/** Nesting depth, counted without recursion because the text is a stranger's. */
function depthOf(root: ExactJson): number {
  let depth = 0;
  let level: ExactJson[] = [root];
  while (level.length > 0 && depth <= MAX_DEPTH) {
    depth += 1;
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null && !(value instanceof ExactNumber)
        ? Object.values(value)
        : [],
    );
  }
  return depth;
}

function verdict(ok: boolean, keyId: string | null, detail: string): ReceiptVerdict {
  return { ok, keyId, detail };
}
