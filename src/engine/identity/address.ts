/**
 * Names derived from a provider's public key: the chain address (bech32m, protocols/aicf.md §4) and the provider id
 * used when none is configured.
 */
import { bech32m } from "@scure/base";
import { sha3_256 } from "../../shared/digest.ts";

/** Upstream's id of Dilithium3, for which ML-DSA-65 stands (protocols/aicf-profile.md "Authentication"). */
export const ALG_DILITHIUM3 = 0x1001;
const HRP = "anim";
const PROVIDER_ID_HASH_HEX = 24;

/** bech32m over big-endian u16 algorithm id ‖ SHA3-256(public key). */
export function addressOf(publicKey: Uint8Array, algorithm: number = ALG_DILITHIUM3): string {
  const payload = Buffer.concat([
    Uint8Array.of(algorithm >> 8, algorithm & 0xff),
    Buffer.from(sha3_256(publicKey), "hex"),
  ]);
  return bech32m.encode(HRP, bech32m.toWords(payload));
}

/** "prov_" and the first 12 bytes of SHA3-256(public key). */
export function providerIdOf(publicKey: Uint8Array): string {
  return `prov_${sha3_256(publicKey).slice(0, PROVIDER_ID_HASH_HEX)}`;
}
