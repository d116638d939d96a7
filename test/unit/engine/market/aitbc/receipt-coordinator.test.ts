import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  canonicalJson,
  parseExactJson,
  receiptFromAnswer,
  verifyCoordinatorReceipt,
} from "../../../../../src/engine/market/aitbc/receipt-coordinator.ts";
import { recorded } from "./transcript.ts";

const KNOWN_KEY = "0EqyMnQrtKs6E2i9RhXk5tAiSrcaAWuvhSCjMsl3hzc";
const answers = recorded("POST", "/v1/miners/{job}/result")
  .filter(({ status }) => status === 200)
  .map(({ text }) => text);

function canonicalOf(text: string): string {
  const value = parseExactJson(text);
  if (value === undefined) throw new Error("not JSON");
  return canonicalJson(value);
}

describe("a receipt recorded from the real coordinator", () => {
  test("both of them verify with the pinned key", () => {
    expect(answers).toHaveLength(2);
    for (const answer of answers) {
      const receipt = receiptFromAnswer(answer) ?? "";
      expect(verifyCoordinatorReceipt(receipt, KNOWN_KEY)).toEqual({
        ok: true,
        keyId: KNOWN_KEY,
        detail: "The coordinator's signature holds",
      });
    }
  });

  test("another pinned key is refused although the signature holds", () => {
    const receipt = receiptFromAnswer(answers[0] ?? "") ?? "";
    expect(verifyCoordinatorReceipt(receipt, "oJql9HpnWYAv-VX43C0qFKXJnSO-l_hkEn_5ODRVpPA").ok).toBe(false);
  });

  test("any other number, word or job in it breaks the signature", () => {
    const receipt = receiptFromAnswer(answers[0] ?? "") ?? "";
    for (const [from, to] of [
      ['"price":0.05', '"price":5.05'],
      ['"provider":"m1"', '"provider":"m2"'],
      ['"duration_ms":2500', '"duration_ms":2500.0'],
    ] as const) {
      expect(receipt).toContain(from);
      expect(verifyCoordinatorReceipt(receipt.replace(from, to)).ok).toBe(false);
    }
  });

  test("an answer without a receipt has none", () => {
    expect(receiptFromAnswer('{"status":"ok","receipt":null}')).toBeNull();
    expect(receiptFromAnswer("<html>")).toBeNull();
  });
});

describe("Python's canonical JSON", () => {
  test("sorts keys, drops nulls everywhere, escapes all but ASCII, keeps number texts", () => {
    const text = '{"b":[1,null,{"z":null,"a":2.0}],"a":"é\\u007f\\n\\"😀","n":null,"e":1e-07,"10":0,"9":0}';
    expect(canonicalOf(text)).toBe(
      '{"10":0,"9":0,"a":"\\u00e9\\u007f\\n\\"\\ud83d\\ude00","b":[1,{"a":2.0}],"e":1e-07}',
    );
  });

  test("sorts by code point where UTF-16 would not", () => {
    expect(canonicalOf('{"😀":1,"\\uff61":2}')).toBe('{"\\uff61":2,"\\ud83d\\ude00":1}');
  });

  test("a float that JavaScript would shorten still verifies", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const body = '{"client":"c","job_id":"j","units":2.0,"units_tiny":1e-07}';
    const sig = sign(null, Buffer.from(body), privateKey).toString("base64url");
    const keyId = publicKey.export({ format: "jwk" }).x ?? "";
    const answer = `{"status":"ok","receipt":{"units_tiny":1e-07,"job_id":"j","client":"c","units":2.0,"nothing":null,"zk_status":"not_required","signature":{"alg":"Ed25519","key_id":"${keyId}","sig":"${sig}"}}}`;
    const receipt = receiptFromAnswer(answer) ?? "";
    expect(receipt).toContain('"units":2.0');
    expect(verifyCoordinatorReceipt(receipt).ok).toBe(true);
  });
});

describe("hostile receipts", () => {
  test("any JSON gets a verdict", () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 6 }),
        (text) => void expect(verifyCoordinatorReceipt(text).ok).toBe(false),
      ),
    );
  });

  test("bad keys, bad signatures and endless nesting are no crash", () => {
    const signed = (key: string, sig: string) =>
      `{"signature":{"alg":"Ed25519","key_id":"${key}","sig":"${sig}"}}`;
    for (const text of [
      signed("", ""),
      signed("AAAA", "AAAA"),
      signed(KNOWN_KEY, ""),
      signed("A".repeat(43), "A".repeat(86)),
      "x",
    ]) {
      expect(verifyCoordinatorReceipt(text).ok).toBe(false);
    }
    const deep = `{"signature":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect(verifyCoordinatorReceipt(deep).ok).toBe(false);
    expect(receiptFromAnswer(`{"receipt":{"a":${"[".repeat(500)}${"]".repeat(500)}}}`)).toBeNull();
  });
});
