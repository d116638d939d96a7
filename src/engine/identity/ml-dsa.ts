/**
 * ML-DSA-65 (FIPS 204) wherever we run: Node's native one where its OpenSSL has it (0.8 ms a signature), else
 * @noble/post-quantum (5 ms; Electron's BoringSSL offers none to Node's crypto). Both make the key from the same
 * 32-byte seed, sign with an empty context and verify each other. The portable one is loaded only where it is needed.
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as nativeSign,
  verify as nativeVerify,
} from "node:crypto";
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

/** Sizes are checked before either is asked. */
export interface MlDsa {
  keyPairFromSeed(seed: Uint8Array): KeyPair;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

const NATIVE: MlDsa = {
  keyPairFromSeed(seed) {
    const key = privateKeyOf(seed);
    const { pub } = createPublicKey(key).export({ format: "jwk" });
    return {
      publicKey: Buffer.from(String(pub), "base64url"),
      sign: (message) => new Uint8Array(nativeSign(null, message, key)),
    };
  },
  verify(publicKey, message, signature) {
    const pub = Buffer.from(publicKey).toString("base64url");
    const key = createPublicKey({ format: "jwk", key: { kty: "AKP", alg: "ML-DSA-65", pub } });
    return nativeVerify(null, message, key, signature);
  },
};

const implementation: MlDsa = isNative() ? NATIVE : (await import("./ml-dsa-portable.ts")).PORTABLE;

/** Throws BAD_SEED. */
export function keyPairFromSeed(seed: Uint8Array, by: MlDsa = implementation): KeyPair {
  if (seed.length !== SEED_BYTES) {
    throw new AppError({
      code: "BAD_SEED",
      message: `A key seed has ${SEED_BYTES} bytes, not ${seed.length}`,
      actor: "bug",
    });
  }
  return by.keyPairFromSeed(seed);
}

/** False for anything that is not a valid signature, malformed input included. */
export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  by: MlDsa = implementation,
): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  return by.verify(publicKey, message, signature);
}

/** PKCS #8 with nothing but the seed (RFC 9881 §6): the one form from which Node makes the key itself. */
function privateKeyOf(seed: Uint8Array): KeyObject {
  const head = Buffer.from("3034020100300b060960864801650304031204228020", "hex");
  return createPrivateKey({ key: Buffer.concat([head, seed]), format: "der", type: "pkcs8" });
}

function isNative(): boolean {
  try {
    privateKeyOf(Buffer.alloc(SEED_BYTES));
    return true;
  } catch {
    return false;
  }
}
