/**
 * A key of AITBC's chain: its address, and its signature under what the chain wants signed (protocols/aitbc.md §6.2, §8):
 * keccak-256 of canonical JSON, secp256k1, 65 bytes r ‖ s ‖ v with v 0 or 1.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { AppError } from "../../../shared/errors.ts";
import { sameAddress } from "./address.ts";

/** Values that read the same in every JSON: no floats, no nesting beyond plain objects. */
export type Signable = { readonly [key: string]: string | number | Signable };

export interface Wallet {
  /** `0x` and 40 hex digits. */
  readonly address: string;
  /** `0x` and 130 hex digits. */
  sign(message: Signable): string;
}

/** Throws BAD_WALLET_KEY; the key never appears in the error. */
export function openWallet(secretHex: string): Wallet {
  const secret = Buffer.from(secretHex.trim().replace(/^0x/i, ""), "hex");
  if (secret.length !== 32 || !secp256k1.utils.isValidSecretKey(secret)) {
    throw new AppError({
      code: "BAD_WALLET_KEY",
      message: "The wallet key is not a secp256k1 key of 64 hex digits",
      actor: "user",
      help: "Correct AITBC_WALLET_KEY.",
    });
  }
  const publicKey = secp256k1.getPublicKey(secret, false).subarray(1);
  const address = `0x${Buffer.from(keccak_256(publicKey).subarray(-20)).toString("hex")}`;
  return {
    address,
    sign(message) {
      const digest = keccak_256(new TextEncoder().encode(signedText(message)));
      const signature = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
      // noble puts the recovery bit first, the chain last.
      const bytes = Buffer.concat([signature.subarray(1), signature.subarray(0, 1)]);
      return `0x${bytes.toString("hex")}`;
    },
  };
}

/** The wallet that signs for `address`; null without a key. Throws BAD_WALLET_KEY, WALLET_MISMATCH. */
export function signerFor(address: string | null, secretHex: string | null | undefined): Wallet | null {
  if (!secretHex) return null;
  const wallet = openWallet(secretHex);
  if (address === null || sameAddress(address, wallet.address)) return wallet;
  throw new AppError({
    code: "WALLET_MISMATCH",
    message: `AITBC_WALLET_KEY is the key of ${wallet.address}, not of AITBC_WALLET`,
    actor: "user",
    help: "Correct one of the two.",
  });
}

/** JSON with sorted keys and no spaces, as Python's json.dumps writes it. */
export function signedText(message: Signable): string {
  const members = Object.keys(message)
    .sort()
    .map((key) => {
      const value = message[key];
      const text = typeof value === "object" ? signedText(value) : ascii(JSON.stringify(value));
      return `${ascii(JSON.stringify(key))}:${text}`;
    });
  return `{${members.join(",")}}`;
}

function ascii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
