/**
 * The secret that seals the provider key in the desktop app: 32 random bytes, kept in a file that only the system's key
 * store can open (Electron's safeStorage). A store that keeps nothing secret (`basic_text`) is refused, and a file that
 * does not open is left as it is: the key behind it may be worth a stake.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { EngineConfig } from "../shared/config.ts";

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
const SECRET_BYTES = 32;
/** Chromium's store for desktops without a keyring: a fixed password that everybody knows. */
const NO_STORE = "basic_text";

const SealFileSchema = z.strictObject({ v: z.literal(1), store: z.string(), sealed: z.base64() });

/** What of Electron's safeStorage is used. */
export interface SafeStorage {
  isEncryptionAvailable(): boolean;
  encryptString(text: string): Buffer;
  decryptString(bytes: Buffer): string;
  /** On Linux only. */
  getSelectedStorageBackend?(): string;
}

export type KeySeal = NonNullable<EngineConfig["key"]>;

/** The secret in `<dataFolder>/identity`, made when there is none. Never throws: why there is none is part of the answer. */
export function openKeySeal(dataFolder: string, storage: SafeStorage, platform: NodeJS.Platform): KeySeal {
  const name = storeName(storage, platform);
  if (name === null) {
    return { store: null, refused: "This system offers no key store to the app" };
  }
  if (name === NO_STORE) {
    return {
      store: null,
      refused:
        "This desktop has no keyring that is open (GNOME Keyring or KWallet), so a passphrase is needed",
    };
  }
  const file = path.join(dataFolder, "identity", "app-seal.json");
  try {
    return { store: { name, secret: read(file, storage) ?? make(file, name, storage) }, refused: null };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return { store: null, refused: `The key store (${name}) does not open ${file}: ${why}` };
  }
}

function storeName(storage: SafeStorage, platform: NodeJS.Platform): string | null {
  if (!storage.isEncryptionAvailable()) return platform === "linux" ? NO_STORE : null;
  if (platform === "linux") return storage.getSelectedStorageBackend?.() ?? NO_STORE;
  return platform === "darwin" ? "keychain" : "dpapi";
}

function read(file: string, storage: SafeStorage): string | null {
  if (!fs.existsSync(file)) return null;
  const { sealed } = SealFileSchema.parse(JSON.parse(fs.readFileSync(file, "utf8")));
  const secret = storage.decryptString(Buffer.from(sealed, "base64"));
  if (/^[0-9a-f]{64}$/.test(secret)) return secret;
  throw new Error("what it opens to is no secret of ours");
}

function make(file: string, store: string, storage: SafeStorage): string {
  const secret = randomBytes(SECRET_BYTES).toString("hex");
  const sealed = storage.encryptString(secret).toString("base64");
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: OWNER_ONLY_FOLDER });
  const text = `${JSON.stringify({ v: 1, store, sealed }, null, 2)}\n`;
  fs.writeFileSync(file, text, { mode: OWNER_ONLY_FILE, flag: "wx", flush: true });
  // What can't be read back would lock the key away at the next start.
  const again = read(file, storage);
  if (again !== secret) throw new Error("the store does not give back what it was given");
  return secret;
}
