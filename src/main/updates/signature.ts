/**
 * Our own signature of a release file: Ed25519 over its sha256, version, platform and channel. The feed's transport
 * and its server need not be trusted then, and a good file can't be passed off as another version or channel's.
 */
import { createHash, createPublicKey, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

export interface SignedRelease {
  /** Of the file, lower-case hex. */
  readonly sha256: string;
  readonly version: string;
  /** "linux-x64", "win32-x64", … */
  readonly platform: string;
  readonly channel: string;
}

/** DER in front of a raw Ed25519 key (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** The signed bytes: one line each, so that no field can run into the next. scripts/sign-update.mjs writes the same. */
export function signedText({ sha256, version, platform, channel }: SignedRelease): string {
  return `bellows release v1\n${sha256}\n${version}\n${platform}\n${channel}\n`;
}

/** False for anything but a whole signature by one of the keys; never throws. */
export function isSigned(release: SignedRelease, signature: string, keys: readonly string[]): boolean {
  const bytes = Buffer.from(signature, "base64");
  if (bytes.length !== SIGNATURE_BYTES || Object.values(release).some((field) => field.includes("\n")))
    return false;
  const text = Buffer.from(signedText(release));
  return keys.some((key) => {
    const publicKey = readKey(key);
    return publicKey !== null && verify(null, text, publicKey, bytes);
  });
}

function readKey(base64: string): KeyObject | null {
  const raw = Buffer.from(base64, "base64");
  if (raw.length !== KEY_BYTES) return null;
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: "der", type: "spki" });
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

export function sameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, "hex"), Buffer.from(b, "hex")];
  return left.length === right.length && left.length > 0 && timingSafeEqual(left, right);
}
