/**
 * The provider's identity: one ML-DSA-65 key, from which its id and its address follow and with which it signs.
 *
 * Play money may lie in the open, real money may not: in live mode the key is stored under a passphrase or not at
 * all, and a demo key is never taken for real.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import { addressOf, providerIdOf } from "./address.ts";
import { createKeyFile, type KeyFile, readKeyFile, unreadable } from "./key-file.ts";
import { refuseWhereOneWas } from "./lost-key.ts";
import { type KeyPair, keyPairFromSeed, ML_DSA_65, SEED_BYTES } from "./ml-dsa.ts";
import { sealSeed, sealSeedByStore, unsealSeed, unsealSeedByStore } from "./sealed-seed.ts";

export const IDENTITY_FILE = "provider-key.json";
/** Names the passphrase's environment variable in help texts; whoever starts the engine reads it. */
export const PASSPHRASE_VARIABLE = "BELLOWS_KEY_PASSPHRASE";
export const MIN_PASSPHRASE_LENGTH = 12;

/** A secret that the system's key store keeps for the app (Electron's safeStorage); the seed is sealed with it. */
export interface KeyStore {
  /** Which store: "gnome_libsecret", "keychain", "dpapi". */
  readonly name: string;
  /** 32 random bytes, hex. */
  readonly secret: string;
}

/** What a key is stored under: a passphrase, the system's key store, or nothing (play money). */
export type KeyLock = string | KeyStore | null;

/** Where the key of a data folder lies. */
export const identityFolder = (dataFolder: string): string => join(dataFolder, "identity");

export interface Identity {
  readonly algorithm: typeof ML_DSA_65;
  readonly publicKey: Uint8Array;
  /** bech32m, "anim1…". */
  readonly address: string;
  /** "prov_…", from the public key. */
  readonly providerId: string;
  readonly protection: KeyFile["protection"];
  /** True when this call made the key: a backup is due. */
  readonly created: boolean;
  /** ML-DSA-65 signature, 3309 bytes. Takes about a millisecond. */
  sign(message: Uint8Array): Uint8Array;
}

export interface OpenIdentityOptions {
  /** The identity folder in the data folder; made when it is not there. */
  readonly folder: string;
  readonly mode: "demo" | "live";
  readonly passphrase?: string | null | undefined;
  /** Absent: no key store is at hand. */
  readonly store?: KeyStore | null | undefined;
  /** The provider that the ledger beside it knows by the key that was here; null or absent: none. */
  readonly knownAs?: string | null | undefined;
}

/**
 * Open the provider key, or make one when there never was one. Errors, all for the user to mend and none changing a file:
 * IDENTITY_UNREADABLE, IDENTITY_EXPOSED, IDENTITY_UNPROTECTED, PASSPHRASE_NEEDED, PASSPHRASE_WRONG, PASSPHRASE_WEAK,
 * KEY_LOST.
 */
export async function openIdentity(options: OpenIdentityOptions): Promise<Identity> {
  const path = join(options.folder, IDENTITY_FILE);
  const lock: KeyLock = options.passphrase || options.store || null;
  const existing = await readKeyFile(path);
  const withStore = existing?.protection === "os-store" ? (options.store ?? lock) : lock;
  if (existing !== null) return openExisting(path, existing, options.mode, withStore);
  if (options.mode === "live") await refuseWhereOneWas(options.folder, options.knownAs ?? null);
  try {
    return await create(path, options.mode, lock);
  } catch (thrown) {
    // Another start of ours was faster: its key is the key.
    const theirs =
      thrown instanceof AppError && thrown.code === "IDENTITY_EXISTS" ? await readKeyFile(path) : null;
    if (theirs === null) throw thrown;
    return openExisting(path, theirs, options.mode, lock);
  }
}

/** The key's public half and names, without the power to sign. */
export interface IdentityFacts {
  readonly publicKeyHex: string;
  readonly address: string;
  readonly providerId: string;
  readonly protection: KeyFile["protection"];
}

/** What the key file says of itself; null when there is none. Needs no passphrase. */
export async function identityFacts(folder: string): Promise<IdentityFacts | null> {
  const file = await readKeyFile(join(folder, IDENTITY_FILE));
  return file === null ? null : factsOf(file);
}

/** The seed and the file around it. Throws NO_IDENTITY, PASSPHRASE_NEEDED, PASSPHRASE_WRONG, IDENTITY_UNREADABLE. */
export async function readIdentity(
  folder: string,
  lock: KeyLock,
): Promise<{ seed: Uint8Array; facts: IdentityFacts }> {
  const path = join(folder, IDENTITY_FILE);
  const file = await readKeyFile(path);
  if (file === null) {
    throw new AppError({
      code: "NO_IDENTITY",
      message: `There is no provider key in ${folder} yet`,
      actor: "user",
      help: "Make one with `bellows identity new`, or bring one back with `bellows identity restore`.",
    });
  }
  const seed = await seedOf(path, file, "demo", lock);
  keysOf(path, file, seed);
  return { seed, facts: factsOf(file) };
}

/** Writes the key of this seed. Throws IDENTITY_EXISTS when there is one, PASSPHRASE_WEAK. No passphrase: for play money. */
export async function createIdentity(
  folder: string,
  seed: Uint8Array,
  lock: KeyLock,
): Promise<IdentityFacts> {
  const file = await keyFileOf(seed, lock);
  await createKeyFile(join(folder, IDENTITY_FILE), file);
  return factsOf(file);
}

/** What stands in the file of a key. */
export async function keyFileOf(seed: Uint8Array, lock: KeyLock): Promise<KeyFile> {
  if (typeof lock === "string" && lock.length < MIN_PASSPHRASE_LENGTH) throw passphraseWeak();
  const keys = keyPairFromSeed(seed);
  const publicKey = Buffer.from(keys.publicKey).toString("hex");
  const common = {
    v: 1,
    algorithm: ML_DSA_65,
    created_at: new Date().toISOString(),
    provider_id: providerIdOf(keys.publicKey),
    address: addressOf(keys.publicKey),
    public_key: publicKey,
  } as const;
  if (lock === null) return { ...common, protection: "none-demo", seed: Buffer.from(seed).toString("hex") };
  const bound = boundTo(publicKey);
  if (typeof lock === "string")
    return { ...common, protection: "passphrase", sealed: await sealSeed(seed, lock, bound) };
  const sealed = sealSeedByStore(seed, Buffer.from(lock.secret, "hex"), bound);
  return { ...common, protection: "os-store", store: lock.name, sealed };
}

/** The seed in a key file; null when the lock's key does not open it. */
export async function seedInFile(file: KeyFile, lock: KeyLock): Promise<Uint8Array | null> {
  const bound = boundTo(file.public_key);
  switch (file.protection) {
    case "none-demo":
      return Buffer.from(file.seed, "hex");
    case "passphrase":
      return typeof lock === "string" ? unsealSeed(file.sealed, lock, bound) : null;
    case "os-store":
      if (lock === null || typeof lock === "string") return null;
      return unsealSeedByStore(file.sealed, Buffer.from(lock.secret, "hex"), bound);
  }
}

async function openExisting(
  path: string,
  file: KeyFile,
  mode: "demo" | "live",
  lock: KeyLock,
): Promise<Identity> {
  const seed = await seedOf(path, file, mode, lock);
  return identityOf(keysOf(path, file, seed), file.protection, false);
}

function keysOf(path: string, file: KeyFile, seed: Uint8Array): KeyPair {
  const keys = keyPairFromSeed(seed);
  if (Buffer.from(keys.publicKey).toString("hex") !== file.public_key) {
    throw unreadable(path, "its two halves do not belong together");
  }
  return keys;
}

export function factsOf(file: KeyFile): IdentityFacts {
  const { public_key, address, provider_id, protection } = file;
  return { publicKeyHex: public_key, address, providerId: provider_id, protection };
}

async function seedOf(
  path: string,
  file: KeyFile,
  mode: "demo" | "live",
  lock: KeyLock,
): Promise<Uint8Array> {
  switch (file.protection) {
    case "none-demo":
      if (mode === "live") throw unprotected(path);
      return Buffer.from(file.seed, "hex");
    case "passphrase": {
      if (typeof lock !== "string")
        throw passphraseNeeded("The provider key is protected by a passphrase, and none was given");
      const seed = await seedInFile(file, lock);
      if (seed === null) throw passphraseWrong(path);
      return seed;
    }
    case "os-store": {
      const seed = await seedInFile(file, lock);
      if (seed === null) throw storeClosed(path, file.store);
      return seed;
    }
  }
}

async function create(path: string, mode: "demo" | "live", lock: KeyLock): Promise<Identity> {
  if (mode === "live" && lock === null) {
    throw passphraseNeeded("The provider key is stored only under a passphrase, and none was given");
  }
  const seed = randomBytes(SEED_BYTES);
  const file = await keyFileOf(seed, lock);
  await createKeyFile(path, file);
  return identityOf(keyPairFromSeed(seed), file.protection, true);
}

function identityOf(keys: KeyPair, protection: KeyFile["protection"], created: boolean): Identity {
  return {
    algorithm: ML_DSA_65,
    publicKey: keys.publicKey,
    address: addressOf(keys.publicKey),
    providerId: providerIdOf(keys.publicKey),
    protection,
    created,
    sign: keys.sign,
  };
}

function boundTo(publicKeyHex: string): Uint8Array {
  return Buffer.from(`bellows/provider-key/v1 ${publicKeyHex}`, "ascii");
}

function passphraseNeeded(message: string): AppError {
  return new AppError({
    code: "PASSPHRASE_NEEDED",
    message,
    actor: "user",
    help: `Set ${PASSPHRASE_VARIABLE} and start again.`,
  });
}

function passphraseWeak(): AppError {
  return new AppError({
    code: "PASSPHRASE_WEAK",
    message: `The passphrase for the provider key is shorter than ${MIN_PASSPHRASE_LENGTH} characters`,
    actor: "user",
    help: "Choose a longer one, for example four words.",
  });
}

function passphraseWrong(path: string): AppError {
  return new AppError({
    code: "PASSPHRASE_WRONG",
    message: `The passphrase does not open the provider key in ${path}, or the file was damaged`,
    actor: "user",
    help: `Check ${PASSPHRASE_VARIABLE}; if it is right, restore the file from a backup. Nothing was changed.`,
  });
}

function storeClosed(path: string, store: string): AppError {
  return new AppError({
    code: "KEY_STORE_CLOSED",
    message: `The provider key in ${path} is sealed by this user's key store (${store}), which does not open it here`,
    actor: "user",
    help: "Start the desktop app as the user who made the key, or bring the key back from its backup. Nothing was changed.",
  });
}

function unprotected(path: string): AppError {
  return new AppError({
    code: "IDENTITY_UNPROTECTED",
    message: `The provider key in ${path} was made for the demo and lies in the open, so it is not used with real markets`,
    actor: "user",
    help: `Use another data folder for live mode and set ${PASSPHRASE_VARIABLE}.`,
  });
}
