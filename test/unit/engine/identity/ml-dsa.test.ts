import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressOf, providerIdOf } from "../../../../src/engine/identity/address.ts";
import {
  keyPairFromSeed,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  verifySignature,
} from "../../../../src/engine/identity/ml-dsa.ts";
import { PORTABLE } from "../../../../src/engine/identity/ml-dsa-portable.ts";

const seed = new Uint8Array(32).fill(1);
const message = new TextEncoder().encode("a job well done");

describe("the two implementations of ML-DSA-65", () => {
  const native = keyPairFromSeed(seed);
  const portable = keyPairFromSeed(seed, PORTABLE);

  test("make the same key from the same seed", () => {
    expect(Buffer.compare(native.publicKey, portable.publicKey)).toBe(0);
    expect(native.publicKey).toHaveLength(PUBLIC_KEY_BYTES);
  });

  test.each([
    ["native", native],
    ["portable", portable],
  ])("what the %s one signs, both verify", (_name, keys) => {
    const signature = keys.sign(message);
    expect(signature).toHaveLength(SIGNATURE_BYTES);
    expect(verifySignature(keys.publicKey, message, signature)).toBe(true);
    expect(verifySignature(keys.publicKey, message, signature, PORTABLE)).toBe(true);
  });

  test("the native one is really in use on this Node: it is several times as fast", () => {
    // The best of many: a busy machine slows single tries, never all of them.
    const best = (sign: (message: Uint8Array) => Uint8Array) => {
      const times = Array.from({ length: 30 }, () => {
        const began = performance.now();
        sign(message);
        return performance.now() - began;
      });
      return Math.min(...times);
    };
    expect(best(native.sign) * 2).toBeLessThan(best(portable.sign));
  });
});

describe("a signature", () => {
  const keys = keyPairFromSeed(seed);
  const signature = keys.sign(message);

  test("fits its message, its key and itself only", () => {
    const other = keyPairFromSeed(new Uint8Array(32).fill(2));
    expect(verifySignature(other.publicKey, message, signature)).toBe(false);
    expect(verifySignature(keys.publicKey, message.subarray(1), signature)).toBe(false);
    for (const implementation of [undefined, PORTABLE]) {
      fc.assert(
        fc.property(fc.nat(SIGNATURE_BYTES - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
          const bent = Uint8Array.from(signature);
          bent[at] = (bent[at] ?? 0) ^ flip;
          expect(verifySignature(keys.publicKey, message, bent, implementation)).toBe(false);
        }),
        { numRuns: 30 },
      );
    }
  });

  test("of any other size is none, and any 1952 bytes may be tried as a key", () => {
    expect(verifySignature(keys.publicKey, message, signature.subarray(1))).toBe(false);
    expect(verifySignature(new Uint8Array(3), message, signature)).toBe(false);
    expect(verifySignature(new Uint8Array(PUBLIC_KEY_BYTES).fill(255), message, signature)).toBe(false);
  });

  test("a seed of the wrong size is a bug", () => {
    expect(() => keyPairFromSeed(new Uint8Array(31))).toThrow(
      expect.objectContaining({ code: "BAD_SEED", actor: "bug" }),
    );
  });
});

describe("names from the key", () => {
  const vectors = JSON.parse(
    readFileSync(new URL("../../../fixtures/aicf/vectors.json", import.meta.url), "utf8"),
  );

  test("the address is upstream's", () => {
    const [{ alg_id, expect: expected }] = vectors.address;
    expect(addressOf(new Uint8Array(PUBLIC_KEY_BYTES).fill(1), alg_id)).toBe(expected);
    expect(addressOf(new Uint8Array(PUBLIC_KEY_BYTES).fill(1))).toBe(expected);
  });

  test("the provider id is short, stable and follows from the key", () => {
    const key = keyPairFromSeed(seed).publicKey;
    expect(providerIdOf(key)).toBe(`prov_${createHash("sha3-256").update(key).digest("hex").slice(0, 24)}`);
    expect(providerIdOf(key)).toMatch(/^[a-zA-Z0-9._-]{3,64}$/);
  });
});
