/**
 * The two ways to sign a call of profile v1 (protocols/aicf-profile.md "Authentication"); both cover the raw body.
 * `key` signs upstream's sign bytes: SHA3-512 over uvarint-length-prefixed fields (protocols/aicf.md §4).
 */
import { createHmac } from "node:crypto";
import { sha3_512 } from "../../../shared/digest.ts";
import { ALG_DILITHIUM3 } from "../../identity/address.ts";

const TAG = "animica:sign/v1";
export const PROVIDER_DOMAIN = "aicf/provider/v1";

export interface SignBytesFields {
  readonly domain: string;
  /** null: no chain named, an empty field. */
  readonly chainId: number | null;
  readonly algorithm: number;
  readonly context: Uint8Array;
  readonly message: Uint8Array;
}

/** The 64 bytes that are signed. */
export function signBytes(fields: SignBytesFields): Uint8Array {
  const chain = fields.chainId === null ? new Uint8Array() : uvarint(fields.chainId);
  const parts = [
    utf8(TAG),
    utf8(fields.domain),
    chain,
    uvarint(fields.algorithm),
    fields.context,
    fields.message,
  ];
  return Buffer.from(sha3_512(Buffer.concat(parts.flatMap((part) => [uvarint(part.length), part]))), "hex");
}

/** `x-signature` of the provider key: the signature of the body for the operation `op`. */
export function keySignature(
  signer: { sign(message: Uint8Array): Uint8Array },
  chainId: number,
  op: string,
  body: Uint8Array,
): string {
  const bytes = signBytes({
    domain: PROVIDER_DOMAIN,
    chainId,
    algorithm: ALG_DILITHIUM3,
    context: utf8(op),
    message: body,
  });
  return `dilithium3=${Buffer.from(signer.sign(bytes)).toString("base64")}`;
}

/** `x-signature` of the shared PROVIDER_SECRET. Not taken for register, stake, unstake. */
export function secretSignature(secret: string, body: Uint8Array): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

/** LEB128, least significant group first. */
function uvarint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    const group = Number(rest & 0x7fn);
    if (rest < 0x80n) return Uint8Array.from([...bytes, group]);
    bytes.push(group | 0x80);
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
