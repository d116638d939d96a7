import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyPairFromSeed, verifySignature } from "../../../../../src/engine/identity/ml-dsa.ts";
import { keySignature, secretSignature, signBytes } from "../../../../../src/engine/market/aicf/sign.ts";
import { sha3_256, sha3_512 } from "../../../../../src/shared/digest.ts";

const vectors = JSON.parse(
  readFileSync(new URL("../../../../fixtures/aicf/vectors.json", import.meta.url), "utf8"),
);
const text = (value: string) => new TextEncoder().encode(value);

describe("upstream's vectors", () => {
  test("sign bytes", () => {
    const { msg, domain, chain_id, alg_id, sha3_512: expected } = vectors.sign_bytes;
    const bytes = signBytes({
      domain,
      chainId: chain_id,
      algorithm: alg_id,
      context: new Uint8Array(),
      message: text(msg),
    });
    expect(Buffer.from(bytes).toString("hex")).toBe(expected);
  });

  test("digests", () => {
    expect(sha3_256(text("hello"))).toBe(vectors.plain_digests["sha3_256(hello)"]);
    expect(sha3_512(text("hello"))).toBe(vectors.plain_digests["sha3_512(hello)"]);
  });
});

describe("sign bytes", () => {
  const base = {
    domain: "d",
    chainId: 1,
    algorithm: 0x1001,
    context: text("heartbeat"),
    message: text("body"),
  };

  test("every field counts, and no field can lend bytes to its neighbour", () => {
    const variants = [
      base,
      { ...base, domain: "e" },
      { ...base, chainId: 128 },
      { ...base, chainId: null },
      { ...base, chainId: 0 },
      { ...base, algorithm: 0x1002 },
      { ...base, context: text("heartbea"), message: text("tbody") },
    ];
    expect(new Set(variants.map((fields) => Buffer.from(signBytes(fields)).toString("hex"))).size).toBe(
      variants.length,
    );
  });

  test("messages longer than one length byte are no other message", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 400 }), (a, b) => {
        const same =
          Buffer.compare(signBytes({ ...base, message: a }), signBytes({ ...base, message: b })) === 0;
        expect(same).toBe(Buffer.compare(a, b) === 0);
      }),
    );
  });
});

describe("x-signature", () => {
  const body = text('{"op":"stake"}');

  test("by key: an ML-DSA-65 signature of chain, operation and raw body", () => {
    const keys = keyPairFromSeed(new Uint8Array(32).fill(9));
    const header = keySignature(keys, 1337, "stake", body);
    expect(header).toMatch(/^dilithium3=[A-Za-z0-9+/]+={0,2}$/);
    const signature = Buffer.from(header.slice("dilithium3=".length), "base64");
    const signed = (chainId: number, op: string, message: Uint8Array) =>
      signBytes({ domain: "aicf/provider/v1", chainId, algorithm: 4097, context: text(op), message });
    expect(verifySignature(keys.publicKey, signed(1337, "stake", body), signature)).toBe(true);
    expect(verifySignature(keys.publicKey, signed(1, "stake", body), signature)).toBe(false);
    expect(verifySignature(keys.publicKey, signed(1337, "unstake", body), signature)).toBe(false);
    expect(verifySignature(keys.publicKey, signed(1337, "stake", text('{"op":"stake" }')), signature)).toBe(
      false,
    );
  });

  test("by secret: the HMAC upstream defines", () => {
    expect(secretSignature("s3cret", body)).toBe(
      `sha256=${createHmac("sha256", "s3cret").update(body).digest("hex")}`,
    );
  });
});
