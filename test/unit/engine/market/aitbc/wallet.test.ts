import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bech32 } from "@scure/base";
import { describe, expect, test } from "vitest";
import { hexAddress, sameAddress } from "../../../../../src/engine/market/aitbc/address.ts";
import { openWallet, signedText } from "../../../../../src/engine/market/aitbc/wallet.ts";

/** The widely published example key of Ethereum's web3 documentation, and its address. */
const KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
const ADDRESS = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23";

describe("a wallet key", () => {
  test("has the address that everybody else derives from it", () => {
    expect(openWallet(KEY).address).toBe(ADDRESS);
    expect(openWallet(`0x${KEY.toUpperCase()}`).address).toBe(ADDRESS);
  });
  test("signs so that the address is recovered from r, s and v", () => {
    const message = { chain_id: "ait-hub", action: "stake", amount: 3600, address: ADDRESS };
    const bytes = Buffer.from(openWallet(KEY).sign(message).slice(2), "hex");
    expect(bytes).toHaveLength(65);
    expect([0, 1]).toContain(bytes[64]);
    const digest = keccak_256(
      new TextEncoder().encode(
        `{"action":"stake","address":"${ADDRESS}","amount":3600,"chain_id":"ait-hub"}`,
      ),
    );
    const recovered = Buffer.concat([bytes.subarray(64), bytes.subarray(0, 64)]);
    const key = secp256k1.recoverPublicKey(recovered, digest, { prehash: false });
    const full = secp256k1.Point.fromBytes(key).toBytes(false).subarray(1);
    expect(`0x${Buffer.from(keccak_256(full).subarray(-20)).toString("hex")}`).toBe(ADDRESS);
  });
  test.each(["", "12", "zz".repeat(32), "00".repeat(32), "ff".repeat(32)])(
    "%j is refused without being shown",
    (key) => {
      expect(() => openWallet(key)).toThrow(/secp256k1/);
    },
  );
  test("what is signed has sorted keys, no spaces and only ASCII", () => {
    expect(signedText({ b: "ü", a: { d: 1, c: "x" } })).toBe('{"a":{"c":"x","d":1},"b":"\\u00fc"}');
  });
});

describe("an address", () => {
  test("is one in all its spellings", () => {
    const hex = ADDRESS.slice(2);
    const words = bech32.toWords(Buffer.from(hex, "hex"));
    const spellings = [
      ADDRESS,
      ADDRESS.toUpperCase().replace("0X", "0x"),
      `ait1${hex}`,
      `aitbc1${hex}`,
      bech32.encode("ait", words),
      bech32.encode("aitbc", words),
    ];
    for (const spelling of spellings) {
      expect(hexAddress(spelling), spelling).toBe(ADDRESS);
      expect(sameAddress(spelling, ADDRESS)).toBe(true);
    }
  });
  test.each([
    "",
    "0x12",
    "ait1provider",
    `ait1${"q".repeat(38)}`,
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
  ])("%j is none", (text) => {
    expect(hexAddress(text)).toBeNull();
    expect(sameAddress(text, ADDRESS)).toBe(false);
  });
});
