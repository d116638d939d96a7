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
import { type KeyPair, keyPairFromSeed, ML_DSA_65, SEED_BYTES } from "./ml-dsa.ts";
import { sealSeed, unsealSeed } from "./sealed-seed.ts";

export const KEY_FILE = "provider-key.json";
/** Names the passphrase's environment variable in help texts; whoever starts the engine reads it. */
export const PASSPHRASE_VARIABLE = "BELLOWS_KEY_PASSPHRASE";
const MIN_PASSPHRASE_LENGTH = 12;

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
}

/**
 * Open the provider key, or make one when there is none. Errors, all for the user to mend and none changing a file:
 * IDENTITY_UNREADABLE, IDENTITY_EXPOSED, IDENTITY_UNPROTECTED, PASSPHRASE_NEEDED, PASSPHRASE_WRONG, PASSPHRASE_WEAK.
 */
export async function openIdentity(options: OpenIdentityOptions): Promise<Identity> {
  const path = join(options.folder, KEY_FILE);
  const passphrase = options.passphrase || null;
  const existing = await readKeyFile(path);
  if (existing !== null) return openExisting(path, existing, options.mode, passphrase);
  try {
    return await create(path, options.mode, passphrase);
  } catch (thrown) {
    // Another start of ours was faster: its key is the key.
    const theirs =
      thrown instanceof AppError && thrown.code === "IDENTITY_EXISTS" ? await readKeyFile(path) : null;
    if (theirs === null) throw thrown;
    return openExisting(path, theirs, options.mode, passphrase);
  }
}

async function openExisting(
  path: string,
  file: KeyFile,
  mode: "demo" | "live",
  passphrase: string | null,
): Promise<Identity> {
  const seed = await seedOf(path, file, mode, passphrase);
  const keys = keyPairFromSeed(seed);
  if (Buffer.from(keys.publicKey).toString("hex") !== file.public_key) {
    throw unreadable(path, "its two halves do not belong together");
  }
  return identityOf(keys, file.protection, false);
}

async function seedOf(
  path: string,
  file: KeyFile,
  mode: "demo" | "live",
  passphrase: string | null,
): Promise<Uint8Array> {
  switch (file.protection) {
    case "none-demo":
      if (mode === "live") throw unprotected(path);
      return Buffer.from(file.seed, "hex");
    case "passphrase": {
      if (passphrase === null)
        throw passphraseNeeded("The provider key is protected by a passphrase, and none was given");
      const seed = await unsealSeed(file.sealed, passphrase, boundTo(file.public_key));
      if (seed === null) throw passphraseWrong(path);
      return seed;
    }
  }
}

async function create(path: string, mode: "demo" | "live", passphrase: string | null): Promise<Identity> {
  if (mode === "live" && passphrase === null) {
    throw passphraseNeeded(
      "A provider key for real money is stored only under a passphrase, and none was given",
    );
  }
  if (passphrase !== null && passphrase.length < MIN_PASSPHRASE_LENGTH) throw passphraseWeak();
  const seed = randomBytes(SEED_BYTES);
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
  const file: KeyFile =
    passphrase === null
      ? { ...common, protection: "none-demo", seed: seed.toString("hex") }
      : { ...common, protection: "passphrase", sealed: await sealSeed(seed, passphrase, boundTo(publicKey)) };
  await createKeyFile(path, file);
  return identityOf(keys, file.protection, true);
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

function unprotected(path: string): AppError {
  return new AppError({
    code: "IDENTITY_UNPROTECTED",
    message: `The provider key in ${path} was made for the demo and lies in the open, so it is not used with real markets`,
    actor: "user",
    help: `Use another data folder for live mode and set ${PASSPHRASE_VARIABLE}.`,
  });
}
