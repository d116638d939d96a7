import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { providerIdOf } from "../../../../src/engine/identity/address.ts";
import { keyPairFromSeed, verifySignature } from "../../../../src/engine/identity/ml-dsa.ts";
import {
  bodyOf,
  buildReceipt,
  decodeReceipt,
  encodeBody,
  encodeReceipt,
  type Receipt,
  receiptFromJson,
  receiptToJson,
  signedDigest,
} from "../../../../src/engine/receipt/receipt.ts";
import { isVerified, type ReceiptCheck, verifyReceipt } from "../../../../src/engine/receipt/verify.ts";
import { type Catalogue, CatalogueSchema } from "../../../../src/shared/catalogue.ts";
import { merkleRoot, modelManifestSha256, sha3_256, sha3_512 } from "../../../../src/shared/digest.ts";
import { workDigest } from "../../../../src/shared/work-digest.ts";
import { facts, outputOf } from "./facts.ts";

const fixture = JSON.parse(
  readFileSync(new URL("../../../fixtures/receipt-v1.json", import.meta.url), "utf8"),
);
const keys = keyPairFromSeed(Buffer.from(fixture.seed, "hex"));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const failed = (checks: ReceiptCheck[]) => checks.filter(({ ok }) => !ok).map(({ name }) => name);

describe("the vector (test/fixtures/receipt-v1.json)", () => {
  const receipt = buildReceipt(facts(), keys);

  test("the record, its canonical bytes and the digest that is signed", () => {
    expect(bodyOf(receipt)).toEqual(fixture.body);
    expect(hex(encodeBody(bodyOf(receipt)))).toBe(fixture.body_cbor);
    expect(hex(signedDigest(bodyOf(receipt)))).toBe(fixture.signed_digest);
    expect(sha3_256(receipt.signature.public_key)).toBe(fixture.public_key_sha3_256);
  });

  test("a receipt signed once, elsewhere, verifies for ever", () => {
    const stored = receiptFromJson(JSON.stringify(fixture.receipt));
    expect(isVerified(verifyReceipt(JSON.stringify(fixture.receipt), { output: outputOf(2, 3) }))).toBe(true);
    expect(isVerified(verifyReceipt(encodeReceipt(stored), { output: outputOf(2, 3) }))).toBe(true);
    expect(sha3_512(encodeReceipt(stored))).toBe(fixture.receipt_cbor_sha3_512);
  });
});

describe("building", () => {
  test("the digests are those of the bytes, and the signature is the provider's", () => {
    const receipt = buildReceipt(facts(), keys);
    const output = outputOf(2, 3);
    expect(receipt.output).toEqual({
      bytes: output.length,
      sha3_512: sha3_512(output),
      sha3_256: sha3_256(output),
    });
    expect(receipt.input_sha3_256).toBe(workDigest(facts().work));
    expect(verifySignature(keys.publicKey, signedDigest(bodyOf(receipt)), receipt.signature.value)).toBe(
      true,
    );
    expect(receipt.timing.infer_ms).toBe(12.346);
  });

  test("outputs longer than 64 KiB carry a Merkle root, others do not", () => {
    const big = outputOf(50, 384);
    expect(big.length).toBeGreaterThan(64 * 1024);
    expect(buildReceipt(facts({ output: big }), keys).output.merkle_root_64k).toBe(merkleRoot(big));
    expect(buildReceipt(facts({ output: new Uint8Array(64 * 1024) }), keys).output).not.toHaveProperty(
      "merkle_root_64k",
    );
  });

  test("work without a model says so, and how a thing was done is part of what is signed", () => {
    const one = { shape: [1], data: Float32Array.of(1) };
    const work = { kind: "vector", op: "dot", a: one, b: one } as const;
    const vector = decodeReceipt(encodeReceipt(buildReceipt(facts({ model: null, work }), keys)));
    expect(vector).toMatchObject({ model: null, task: "vector", input_sha3_256: workDigest(work) });
    expect(isVerified(verifyReceipt(receiptToJson(vector)))).toBe(true);

    const ranked = facts({
      work: { kind: "rerank", query: "q", documents: ["d"] },
      method: "embedding-cosine",
    });
    const rerank = decodeReceipt(encodeReceipt(buildReceipt(ranked, keys)));
    expect(rerank).toMatchObject({ task: "rerank", method: "embedding-cosine" });
    expect(
      isVerified(verifyReceipt(receiptToJson(rerank).replace("embedding-cosine", "cross-encoder"))),
    ).toBe(false);

    const hidden = buildReceipt(facts({ model: null }), keys);
    expect(isVerified(verifyReceipt(encodeReceipt(hidden)))).toBe(false);
  });

  test("a record that breaks the schema is never signed", () => {
    const { runtime } = facts();
    expect(() => buildReceipt(facts({ runtime: { ...runtime, threads: -1 } }), keys)).toThrow(
      expect.objectContaining({ code: "BAD_RECEIPT", actor: "bug" }),
    );
    expect(() => buildReceipt(facts({ leaseId: "x".repeat(500) }), keys)).toThrow("lease_id");
  });
});

describe("encoding", () => {
  const anyFacts = fc
    .record({
      market: fc.constantFrom("aitbc", "aicf"),
      leaseId: fc.string({ maxLength: 60, unit: "binary" }),
      texts: fc.array(fc.string({ unit: "binary" }), { maxLength: 5 }),
      output: fc.uint8Array({ maxLength: 200 }),
      tokens: fc.nat(),
      inferMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
      computedAt: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    })
    .map(({ market, tokens, inferMs, computedAt, ...rest }) =>
      facts({
        ...rest,
        market: market as Receipt["market"],
        timing: { ...facts().timing, inferMs, computedAt },
        qos: { attempt: 1, batchSize: 1, tokens },
      }),
    );

  test("CBOR and JSON both bring back the same receipt, and it verifies", () => {
    fc.assert(
      fc.property(anyFacts, (about) => {
        const receipt = buildReceipt(about, keys);
        const bytes = encodeReceipt(receipt);
        expect(encodeReceipt(decodeReceipt(bytes))).toEqual(bytes);
        expect(encodeReceipt(receiptFromJson(receiptToJson(receipt)))).toEqual(bytes);
        expect(failed(verifyReceipt(bytes, { output: about.output }))).toEqual([]);
        expect(failed(verifyReceipt(receiptToJson(receipt), { output: about.output }))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("any bent byte fails", () => {
    const bytes = encodeReceipt(buildReceipt(facts(), keys));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bent = Uint8Array.from(bytes);
        bent[at] = (bent[at] ?? 0) ^ flip;
        expect(isVerified(verifyReceipt(bent))).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  test("every byte before the signature counts, one by one", () => {
    const bytes = encodeReceipt(buildReceipt(facts(), keys));
    const body = bytes.length - 3309 - 1952;
    for (let at = 0; at < body; at += 1) {
      const bent = Uint8Array.from(bytes);
      bent[at] = (bent[at] ?? 0) ^ 1;
      expect(isVerified(verifyReceipt(bent)), `byte ${at}`).toBe(false);
    }
  });

  test("other encodings of the same record are refused", () => {
    const receipt = buildReceipt(facts(), keys);
    const bytes = encodeReceipt(receipt);
    expect(() => decodeReceipt(Buffer.concat([bytes, Uint8Array.of(0)]))).toThrow(
      expect.objectContaining({ name: "AppError" }),
    );
    // The head of the map and its first, shortest key "v": 1, spelled in two bytes.
    const long = Buffer.concat([bytes.subarray(0, 3), Uint8Array.of(0x18, 0x01), bytes.subarray(4)]);
    expect(hex(bytes.subarray(1, 4))).toBe("617601");
    expect(() => decodeReceipt(long)).toThrow(expect.objectContaining({ name: "AppError" }));
  });

  test("random bytes and random JSON are no receipts, and no crash", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.json(), (bytes, text) => {
        expect(failed(verifyReceipt(bytes))).toEqual(["format"]);
        expect(failed(verifyReceipt(text))).toEqual(["format"]);
      }),
    );
  });
});

describe("verifying", () => {
  const receipt = buildReceipt(facts({ providerId: providerIdOf(keys.publicKey) }), keys);
  const stranger = keyPairFromSeed(new Uint8Array(32).fill(99));
  const resigned = (body: Omit<Receipt, "signature">, by = stranger, publicKey = by.publicKey): Receipt => ({
    ...body,
    signature: { alg: "ml-dsa-65", public_key: publicKey, value: by.sign(signedDigest(body)) },
  });

  test("all checks pass for an honest receipt, and say what was checked", () => {
    const checks = verifyReceipt(encodeReceipt(receipt), {
      output: outputOf(2, 3),
      expectedKeySha3_256: sha3_256(keys.publicKey),
    });
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ["format", true],
      ["provider-key", true],
      ["signature", true],
      ["expected-key", true],
      ["model-manifest", true],
      ["output", true],
    ]);
    expect(checks.every(({ detail }) => detail.length > 10)).toBe(true);
  });

  test("another output than the signed one is named by what differs", () => {
    const other = outputOf(2, 3);
    other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1;
    expect(failed(verifyReceipt(receiptToJson(receipt), { output: other }))).toEqual(["output"]);
    const check = verifyReceipt(receiptToJson(receipt), { output: other }).find(
      ({ name }) => name === "output",
    );
    expect(check?.detail).toBe("The output differs from the receipt in sha3_512, sha3_256");
  });

  test("a stranger who signs it anew is found out by the key hash, or by the expected key", () => {
    expect(failed(verifyReceipt(encodeReceipt(resigned(bodyOf(receipt)))))).toEqual(["provider-key"]);
    const claimed = {
      ...bodyOf(receipt),
      provider: { id: receipt.provider.id, public_key_sha3_256: sha3_256(stranger.publicKey) },
    };
    const expectedKeySha3_256 = sha3_256(keys.publicKey);
    expect(failed(verifyReceipt(encodeReceipt(resigned(claimed)), { expectedKeySha3_256 }))).toEqual([
      "expected-key",
    ]);
    expect(failed(verifyReceipt(encodeReceipt(resigned(bodyOf(receipt), stranger, keys.publicKey))))).toEqual(
      ["signature"],
    );
  });

  test("a changed figure breaks the signature", () => {
    const text = receiptToJson(receipt).replace('"tokens": 17', '"tokens": 18');
    expect(failed(verifyReceipt(text))).toEqual(["signature"]);
  });

  test("a manifest hash that its files do not give is false, even when signed", () => {
    if (receipt.model === null) throw new Error("A receipt without a model");
    const model = { ...receipt.model, manifest_sha256: "33".repeat(32) };
    const body = { ...bodyOf(receipt), model };
    expect(failed(verifyReceipt(encodeReceipt(resigned(body, keys))))).toEqual(["model-manifest"]);
  });

  test("the model must be the one the catalogue pins", () => {
    const shipped: Catalogue = CatalogueSchema.parse(
      JSON.parse(
        readFileSync(new URL("../../../../resources/models/catalogue.json", import.meta.url), "utf8"),
      ),
    );
    const [model] = shipped.models;
    if (!model) throw new Error("empty catalogue");
    const files = model.files.map(({ path, sha256 }) => ({ path, sha256 }));
    const pinned = {
      id: model.id,
      version: model.version,
      manifestSha256: modelManifestSha256(files),
      files,
    };
    const check = (about: typeof pinned) =>
      failed(
        verifyReceipt(encodeReceipt(buildReceipt(facts({ model: about }), keys)), { catalogue: shipped }),
      );
    expect(check(pinned)).toEqual([]);
    expect(check({ ...pinned, version: "fp32" })).toEqual(["model-catalogue"]);
    const [first, ...rest] = files;
    const swapped = [{ path: first?.path ?? "", sha256: "44".repeat(32) }, ...rest];
    expect(check({ ...pinned, files: swapped, manifestSha256: modelManifestSha256(swapped) })).toEqual([
      "model-catalogue",
    ]);
  });
});
