/** ML-DSA-65 in plain JavaScript, for a Node without it: several times slower, and the same keys and signatures. */
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import type { MlDsa } from "./ml-dsa.ts";

export const PORTABLE: MlDsa = {
  keyPairFromSeed(seed) {
    const { publicKey, secretKey } = ml_dsa65.keygen(seed);
    return { publicKey, sign: (message) => ml_dsa65.sign(message, secretKey) };
  },
  verify: (publicKey, message, signature) => ml_dsa65.verify(signature, message, publicKey),
};
