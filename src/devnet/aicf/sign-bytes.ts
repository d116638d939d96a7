/** What an AICF provider signs, and how its address follows from its key (upstream's pq/py/sign.py and address.py). */
import { createPublicKey, verify } from "node:crypto";
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import { bech32m } from "@scure/base";
import { sha3_256, sha3_512 } from "../../shared/digest.ts";
import { ADDRESS_PREFIX, DILITHIUM3 } from "./constants.ts";

export const PUBLIC_KEY_BYTES = 1952;
export const SIGNATURE_BYTES = 3309;
/** SubjectPublicKeyInfo of an ML-DSA-65 key, up to the key itself. */
const SPKI_ML_DSA_65 = Buffer.from("308207b2300b0609608648016503040312038207a100", "hex");

export interface SignedParts {
  readonly domain: string;
  readonly chainId: number | null;
  readonly algorithm: number;
  readonly context: string;
  readonly message: Uint8Array;
}

/** 64 bytes: SHA3-512 over the parts, each prefixed with its length as uvarint. */
export function signBytes({ domain, chainId, algorithm, context, message }: SignedParts): Uint8Array {
  const parts = [
    utf8("animica:sign/v1"),
    utf8(domain),
    chainId === null ? new Uint8Array() : uvarint(chainId),
    uvarint(algorithm),
    utf8(context),
    message,
  ];
  const joined = Buffer.concat(parts.flatMap((part) => [uvarint(part.length), part]));
  return Buffer.from(sha3_512(joined), "hex");
}

/** bech32m("anim", u16be algorithm ‖ SHA3-256(public key)). */
export function addressOf(publicKey: Uint8Array): string {
  const payload = Buffer.alloc(34);
  payload.writeUInt16BE(DILITHIUM3, 0);
  Buffer.from(sha3_256(publicKey), "hex").copy(payload, 2);
  return bech32m.encodeFromBytes(ADDRESS_PREFIX, payload);
}

/** FIPS 204 ML-DSA-65, pure, empty context string. Native where Node has it (0.6 ms), else in JavaScript (5 ms). */
export function verifyMlDsa65(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  if (!NATIVE) return ml_dsa65.verify(signature, message, publicKey);
  const key = createPublicKey({
    key: Buffer.concat([SPKI_ML_DSA_65, publicKey]),
    format: "der",
    type: "spki",
  });
  return verify(null, message, key, signature);
}

const NATIVE = (() => {
  try {
    const key = Buffer.concat([SPKI_ML_DSA_65, Buffer.alloc(PUBLIC_KEY_BYTES, 1)]);
    return createPublicKey({ key, format: "der", type: "spki" }).asymmetricKeyType !== undefined;
  } catch {
    return false;
  }
})();

function uvarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}
