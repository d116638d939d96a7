/**
 * A seed under lock: AES-256-GCM with a key made from a passphrase (scrypt, N = 2^17, r = 8, p = 1: 128 MiB, about
 * half a second) or from a secret that the system's key store keeps for the app (HKDF; it is random already). The
 * public half is bound in as associated data, so a seed can't be moved under another name.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt } from "node:crypto";
import { z } from "zod";
import { MIB } from "../../shared/durations.ts";

const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 160 * MIB };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;

const Hex = z.string().regex(/^([0-9a-f]{2})+$/);

const Salt = Hex.length(SALT_BYTES * 2);
const CipherSchema = z.strictObject({
  name: z.literal("aes-256-gcm"),
  nonce: Hex.length(NONCE_BYTES * 2),
  ciphertext: Hex,
  tag: Hex.length(32),
});
export const SealedSeedSchema = z.strictObject({
  kdf: z.strictObject({
    name: z.literal("scrypt"),
    n: z.literal(SCRYPT.N),
    r: z.literal(SCRYPT.r),
    p: z.literal(SCRYPT.p),
    salt: Salt,
  }),
  cipher: CipherSchema,
});
export type SealedSeed = z.infer<typeof SealedSeedSchema>;

export const StoreSealedSeedSchema = z.strictObject({
  kdf: z.strictObject({ name: z.literal("hkdf-sha256"), salt: Salt }),
  cipher: CipherSchema,
});
export type StoreSealedSeed = z.infer<typeof StoreSealedSeedSchema>;

export async function sealSeed(seed: Uint8Array, passphrase: string, bound: Uint8Array): Promise<SealedSeed> {
  const salt = randomBytes(SALT_BYTES);
  return {
    kdf: { name: "scrypt", n: SCRYPT.N, r: SCRYPT.r, p: SCRYPT.p, salt: salt.toString("hex") },
    cipher: encrypt(seed, await deriveKey(passphrase, salt), bound),
  };
}

/** `secret`: what the store keeps, 32 random bytes or more. */
export function sealSeedByStore(seed: Uint8Array, secret: Uint8Array, bound: Uint8Array): StoreSealedSeed {
  const salt = randomBytes(SALT_BYTES);
  return {
    kdf: { name: "hkdf-sha256", salt: salt.toString("hex") },
    cipher: encrypt(seed, stretch(secret, salt), bound),
  };
}

/** The seed, or null when the store's secret is not the one it was sealed with. */
export function unsealSeedByStore(
  sealed: StoreSealedSeed,
  secret: Uint8Array,
  bound: Uint8Array,
): Uint8Array | null {
  return decrypt(sealed.cipher, stretch(secret, Buffer.from(sealed.kdf.salt, "hex")), bound);
}

/** The seed, or null when passphrase and file don't belong together. */
export async function unsealSeed(
  sealed: SealedSeed,
  passphrase: string,
  bound: Uint8Array,
): Promise<Uint8Array | null> {
  const key = await deriveKey(passphrase, Buffer.from(sealed.kdf.salt, "hex"));
  return decrypt(sealed.cipher, key, bound);
}

type Cipher = z.infer<typeof CipherSchema>;

function encrypt(seed: Uint8Array, key: Uint8Array, bound: Uint8Array): Cipher {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(bound);
  const ciphertext = Buffer.concat([cipher.update(seed), cipher.final()]);
  return {
    name: "aes-256-gcm",
    nonce: nonce.toString("hex"),
    ciphertext: ciphertext.toString("hex"),
    tag: cipher.getAuthTag().toString("hex"),
  };
}

function decrypt({ nonce, ciphertext, tag }: Cipher, key: Uint8Array, bound: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "hex"))
    .setAAD(bound)
    .setAuthTag(Buffer.from(tag, "hex"));
  try {
    return Buffer.concat([decipher.update(Buffer.from(ciphertext, "hex")), decipher.final()]);
  } catch {
    return null; // The tag does not fit.
  }
}

function stretch(secret: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, salt, "bellows/key-seal/v1", KEY_BYTES));
}

/** The passphrase in one Unicode form, so that it is the same on every keyboard and system; most are in ASCII. */
const oneForm = (passphrase: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  /^[\x00-\x7f]*$/.test(passphrase) ? passphrase : passphrase.normalize("NFKC");

function deriveKey(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(oneForm(passphrase), salt, KEY_BYTES, SCRYPT, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
