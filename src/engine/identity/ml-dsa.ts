/**
 * ML-DSA-65 (FIPS 204) wherever we run: Node's native one where its OpenSSL has it (0.8 ms a signature), else
 * @noble/post-quantum (5 ms; Electron's BoringSSL offers none to Node's crypto). Both make the key from the same
 * 32-byte seed, sign with an empty context and verify each other.
 */
import {
  createPrivateKey,
  createPublicKey,
  type JsonWebKeyInput,
  type KeyObject,
  sign as nativeSign,
  verify as nativeVerify,
} from "node:crypto";
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import { AppError } from "../../shared/errors.ts";

export const ML_DSA_65 = "ml-dsa-65";
export const SEED_BYTES = 32;
export const PUBLIC_KEY_BYTES = 1952;
export const SIGNATURE_BYTES = 3309;

export interface KeyPair {
  readonly publicKey: Uint8Array;
  /** The private half stays in this closure. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** `native: false` forces the portable implementation. */
export function keyPairFromSeed(seed: Uint8Array, options: { readonly native?: boolean } = {}): KeyPair {
  if (seed.length !== SEED_BYTES) {
    throw new AppError({
      code: "BAD_SEED",
      message: `A key seed has ${SEED_BYTES} bytes, not ${seed.length}`,
      actor: "bug",
    });
  }
  const { publicKey, secretKey } = ml_dsa65.keygen(seed);
  const native = options.native === false ? null : nativePrivateKey(publicKey, seed);
  const sign = native
    ? (message: Uint8Array) => new Uint8Array(nativeSign(null, message, native))
    : (message: Uint8Array) => ml_dsa65.sign(message, secretKey);
  return { publicKey, sign };
}

/** False for anything that is not a valid signature, malformed input included. */
export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  options: { readonly native?: boolean } = {},
): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const native = options.native === false ? null : nativePublicKey(publicKey);
  return native
    ? nativeVerify(null, message, native, signature)
    : ml_dsa65.verify(signature, message, publicKey);
}

// A JWK of type "AKP" is the one format that takes seed and public key as they are.
const jwk = (key: Record<string, string>): JsonWebKeyInput => ({
  format: "jwk",
  key: { kty: "AKP", alg: "ML-DSA-65", ...key },
});
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

function nativePrivateKey(publicKey: Uint8Array, seed: Uint8Array): KeyObject | null {
  return whereSupported(() => createPrivateKey(jwk({ pub: base64url(publicKey), priv: base64url(seed) })));
}

function nativePublicKey(publicKey: Uint8Array): KeyObject | null {
  return whereSupported(() => createPublicKey(jwk({ pub: base64url(publicKey) })));
}

/** null where this Node has no native ML-DSA: the portable one takes over. */
function whereSupported(make: () => KeyObject): KeyObject | null {
  try {
    return make();
  } catch {
    return null;
  }
}
