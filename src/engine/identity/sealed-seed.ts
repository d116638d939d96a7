/**
 * A seed under a passphrase: scrypt (N = 2^17, r = 8, p = 1: 128 MiB, about half a second) makes the key for
 * AES-256-GCM. The public half is bound in as associated data, so a seed can't be moved under another name.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { z } from "zod";
import { MIB } from "../../shared/durations.ts";

const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 160 * MIB };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;

const Hex = z.string().regex(/^([0-9a-f]{2})+$/);

export const SealedSeedSchema = z.strictObject({
  kdf: z.strictObject({
    name: z.literal("scrypt"),
    n: z.literal(SCRYPT.N),
    r: z.literal(SCRYPT.r),
    p: z.literal(SCRYPT.p),
    salt: Hex.length(SALT_BYTES * 2),
  }),
  cipher: z.strictObject({
    name: z.literal("aes-256-gcm"),
    nonce: Hex.length(NONCE_BYTES * 2),
    ciphertext: Hex,
    tag: Hex.length(32),
  }),
});
export type SealedSeed = z.infer<typeof SealedSeedSchema>;

export async function sealSeed(seed: Uint8Array, passphrase: string, bound: Uint8Array): Promise<SealedSeed> {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", await deriveKey(passphrase, salt), nonce).setAAD(bound);
  const ciphertext = Buffer.concat([cipher.update(seed), cipher.final()]);
  return {
    kdf: { name: "scrypt", n: SCRYPT.N, r: SCRYPT.r, p: SCRYPT.p, salt: salt.toString("hex") },
    cipher: {
      name: "aes-256-gcm",
      nonce: nonce.toString("hex"),
      ciphertext: ciphertext.toString("hex"),
      tag: cipher.getAuthTag().toString("hex"),
    },
  };
}

/** The seed, or null when passphrase and file don't belong together. */
export async function unsealSeed(
  sealed: SealedSeed,
  passphrase: string,
  bound: Uint8Array,
): Promise<Uint8Array | null> {
  const key = await deriveKey(passphrase, Buffer.from(sealed.kdf.salt, "hex"));
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(sealed.cipher.nonce, "hex"))
    .setAAD(bound)
    .setAuthTag(Buffer.from(sealed.cipher.tag, "hex"));
  try {
    return Buffer.concat([decipher.update(Buffer.from(sealed.cipher.ciphertext, "hex")), decipher.final()]);
  } catch {
    return null; // The tag does not fit.
  }
}

/** The passphrase in one Unicode form, so that it is the same on every keyboard and system. */
function deriveKey(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFKC"), salt, KEY_BYTES, SCRYPT, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
