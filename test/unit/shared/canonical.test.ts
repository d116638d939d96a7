import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CborValue,
  decodeCanonical,
  decodeEmbedResult,
  encodeCanonical,
  encodeEmbedResult,
} from "../../../src/shared/canonical.ts";
import {
  MERKLE_CHUNK,
  merkleRoot,
  modelManifestSha256,
  sha3_256,
  sha3_512,
  sha256,
} from "../../../src/shared/digest.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("canonical CBOR", () => {
  it.each<[string, CborValue, string]>([
    // Vectors: protocols/aicf-vectors.json (payload_cbor, ai_nullifier.body_cbor shapes), RFC 8949 appendix A.
    [
      "a market's payload",
      { prompt: "Animica brings useful work to consensus", model: "text-embed-001" },
      "a2656d6f64656c6e746578742d656d6265642d3030316670726f6d70747827416e696d696361206272696e67732075736566756c20776f726b20746f20636f6e73656e737573",
    ],
    ["shortest integers", [0, 23, 24, 255, 256, 65_536, -1, -25], "880017181818ff1901001a00010000203818"],
    ["keys by length, then bytes", { bb: 1, a: 2, aa: 3 }, "a36161026261610362626201"],
    ["shortest float", 1.5, "f93e00"],
    ["null, booleans", [null, true, false], "83f6f5f4"],
  ])("encodes %s", (_, value, expected) => {
    expect(hex(encodeCanonical(value))).toBe(expected);
    expect(decodeCanonical(Buffer.from(expected, "hex"))).toEqual(value);
  });

  it("does not depend on the order in which keys were written", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (record) => {
        const reversed = Object.fromEntries(Object.entries(record).reverse());
        expect(hex(encodeCanonical(reversed))).toBe(hex(encodeCanonical(record)));
      }),
    );
  });

  it.each([
    ["trailing bytes", "0000"],
    ["an indefinite array", "9f00ff"],
    ["a longer integer than needed", "1800"],
    ["a duplicate key", "a2616100616101"],
    ["nothing", ""],
  ])("refuses %s", (_, bytes) => {
    expect(() => decodeCanonical(Buffer.from(bytes, "hex"))).toThrowError(
      expect.objectContaining({ code: "BAD_CBOR" }),
    );
  });
});

describe("an embed result", () => {
  it("has the documented bytes", () => {
    const bytes = encodeEmbedResult({ shape: [1, 2], data: new Float32Array([1, 2]) });
    expect(hex(bytes)).toBe(
      "a2646b696e6465656d6265646674656e736f72a36464617461480000803f0000004065647479706563663332657368617065820102",
    );
    expect(sha3_512(bytes)).toMatch(/^[0-9a-f]{128}$/);
  });

  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, maxLength: 64 }), (data) => {
        const tensor = decodeEmbedResult(encodeEmbedResult({ shape: [1, data.length], data }));
        expect(tensor.shape).toEqual([1, data.length]);
        expect([...tensor.data]).toEqual([...data]);
      }),
    );
  });

  it("refuses a shape that does not hold its data", () => {
    expect(() => encodeEmbedResult({ shape: [2, 2], data: new Float32Array(3) })).toThrowError(
      expect.objectContaining({ code: "BAD_SHAPE" }),
    );
    const lying = encodeCanonical({
      kind: "embed",
      tensor: { dtype: "f32", shape: [9, 9], data: new Uint8Array(4) },
    });
    expect(() => decodeEmbedResult(lying)).toThrowError(expect.objectContaining({ code: "BAD_RESULT" }));
    expect(() => decodeEmbedResult(encodeCanonical([1]))).toThrowError(
      expect.objectContaining({ code: "BAD_RESULT" }),
    );
  });
});

describe("digests", () => {
  it("are the published ones", () => {
    // protocols/aicf-vectors.json plain_digests; FIPS 202 and FIPS 180-4 for the empty message.
    const hello = Buffer.from("hello");
    expect(sha3_256(hello)).toBe("3338be694f50c5f338814986cdf0686453a888b84f424d792af4b9202398f392");
    expect(sha3_512(hello)).toBe(
      "75d527c368f2efe848ecf6b073a36767800805e9eef2b1857d5f984f036eb6df891d75f72d9b154518c1cd58835286d1da9a38deba3de98b5a53e5ed78a84976",
    );
    expect(sha3_256(new Uint8Array())).toBe(
      "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
    );
    expect(sha256(new Uint8Array())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("commit to every chunk of a big output, and to its place", () => {
    const bytes = new Uint8Array(MERKLE_CHUNK * 2 + 5).fill(7);
    const leaf = (chunk: Uint8Array) =>
      Buffer.from(sha3_256(Buffer.concat([Uint8Array.of(0), chunk])), "hex");
    const node = (a: Uint8Array, b: Uint8Array) =>
      Buffer.from(sha3_256(Buffer.concat([Uint8Array.of(1), a, b])), "hex");
    const [a, b, c] = [0, 1, 2].map((i) => leaf(bytes.subarray(i * MERKLE_CHUNK, (i + 1) * MERKLE_CHUNK)));
    expect(merkleRoot(bytes)).toBe(node(node(a as Buffer, b as Buffer), c as Buffer).toString("hex"));
    bytes[bytes.length - 1] = 8;
    expect(merkleRoot(bytes)).not.toBe(node(node(a as Buffer, b as Buffer), c as Buffer).toString("hex"));
    expect(merkleRoot(new Uint8Array())).toBe(leaf(new Uint8Array()).toString("hex"));
  });

  it("give a model the hash that sha256sum gives, whatever the order of its files", () => {
    const files = [
      { path: "b.onnx", sha256: "22".repeat(32) },
      { path: "a.json", sha256: "11".repeat(32) },
    ];
    const listing = `${"11".repeat(32)}  a.json\n${"22".repeat(32)}  b.onnx\n`;
    expect(modelManifestSha256(files)).toBe(sha256(Buffer.from(listing)));
  });
});
