/**
 * SHA-3 wherever we run: Node's native one where it exists, else @noble/hashes (Electron's BoringSSL has no SHA-3).
 * All digests are lower-case hex without a prefix.
 */
import { createHash, getHashes } from "node:crypto";
import { sha3_256 as nobleSha3_256, sha3_512 as nobleSha3_512 } from "@noble/hashes/sha3.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { KIB } from "./durations.ts";

const NATIVE = new Set(getHashes());

export function sha3_512(bytes: Uint8Array): string {
  return NATIVE.has("sha3-512")
    ? createHash("sha3-512").update(bytes).digest("hex")
    : bytesToHex(nobleSha3_512(bytes));
}

export function sha3_256(bytes: Uint8Array): string {
  return NATIVE.has("sha3-256")
    ? createHash("sha3-256").update(bytes).digest("hex")
    : bytesToHex(nobleSha3_256(bytes));
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export const MERKLE_CHUNK = 64 * KIB;

/**
 * Commitment to big outputs: a binary tree of SHA3-256 over 64 KiB chunks (design.md §7).
 * leaf = H(0x00 ‖ chunk), node = H(0x01 ‖ left ‖ right), an odd last node moves up unchanged; no chunk: H(0x00).
 */
export function merkleRoot(bytes: Uint8Array): string {
  let level: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += MERKLE_CHUNK) {
    level.push(hashTagged(0x00, bytes.subarray(at, at + MERKLE_CHUNK)));
  }
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array;
      const right = level[i + 1];
      above.push(right ? hashTagged(0x01, left, right) : left);
    }
    level = above;
  }
  return bytesToHex(level[0] as Uint8Array);
}

function hashTagged(tag: number, ...parts: Uint8Array[]): Uint8Array {
  return Buffer.from(sha3_256(Buffer.concat([Uint8Array.of(tag), ...parts])), "hex");
}

/**
 * One hash for a model made of several files: SHA-256 over "<sha256>  <path>\n" lines sorted by path, which is what
 * `sha256sum` prints, so that anybody can check it with two commands.
 */
export function modelManifestSha256(files: readonly { path: string; sha256: string }[]): string {
  const lines = [...files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => `${file.sha256}  ${file.path}\n`);
  return sha256(Buffer.from(lines.join(""), "utf8"));
}
