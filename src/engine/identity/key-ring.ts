/**
 * The provider key while the engine runs: open, locked, or not made yet. It stands for the identity everywhere, so that
 * an engine can start, show its books and say what it waits for before a person has unlocked or made the key.
 */
import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import { sha3_256 } from "../../shared/digest.ts";
import { AppError, type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import {
  type Backup,
  backupCheck,
  checkBackup,
  exportKey,
  noteWordsChecked,
  restoreKey,
  restoreOver,
  rotateKey,
} from "./backup.ts";
import {
  createIdentity,
  IDENTITY_FILE,
  type Identity,
  type KeyLock,
  type KeyStore,
  openIdentity,
  readIdentity,
} from "./identity.ts";
import { type KeyFile, readKeyFile } from "./key-file.ts";
import { refuseWhereOneWas, retiredKeys } from "./lost-key.ts";
import { ML_DSA_65, SEED_BYTES } from "./ml-dsa.ts";
import { phraseOf } from "./phrase.ts";

/** Enough that nobody passes without the paper, few enough that nobody is annoyed. */
const WORDS_ASKED = 4;
/** What a start without a key can wait for; anything else (a damaged file, a wrong mode) ends it as before. */
const WAITS_FOR = ["PASSPHRASE_NEEDED", "PASSPHRASE_WRONG", "KEY_STORE_CLOSED", "KEY_LOST"];

export interface KeyRingOptions {
  readonly folder: string;
  readonly mode: "demo" | "live";
  /** From the environment of a headless engine; null: none. */
  readonly passphrase: string | null;
  /** null: none can be used. */
  readonly store: KeyStore | null;
  /** Why none can be used, for a person; null: there is one, or nobody looked. */
  readonly storeRefused: string | null;
  /** The provider that the ledger knows by the key that was here; null: none. */
  readonly knownAs: string | null;
  /** Start without an open key: somebody at a window will unlock or make it. */
  readonly mayWait: boolean;
}

export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #opened = Promise.withResolvers<void>();
  #open: Identity | null = null;
  #problem: ErrorValue | null = null;
  #file: KeyFile | null;
  /** What the last shown phrase is checked by: places and their words. */
  #asked: readonly { readonly place: number; readonly word: string }[] = [];

  private constructor(options: KeyRingOptions, file: KeyFile | null) {
    this.#options = options;
    this.#file = file;
  }

  /** Errors as openIdentity, but for those that a waiting start can mend later. */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const { folder, mode, passphrase, store, mayWait, knownAs } = options;
    const ring = new KeyRing(options, await readKeyFile(join(folder, IDENTITY_FILE)));
    // A person who is asked anyway may want to restore a key rather than get a new one.
    if (ring.#file === null && mayWait && passphrase === null && mode === "live") {
      ring.#problem = await whyNone(folder, knownAs);
      return ring;
    }
    try {
      ring.#take(
        await openIdentity({ folder, mode, passphrase, store: mode === "demo" ? null : store, knownAs }),
      );
      ring.#file ??= await readKeyFile(join(folder, IDENTITY_FILE));
    } catch (thrown) {
      if (!(mayWait && thrown instanceof AppError && WAITS_FOR.includes(thrown.code))) throw thrown;
      ring.#problem = thrown.code === "PASSPHRASE_NEEDED" ? locked() : thrown.toValue();
    }
    return ring;
  }

  /** It signs. */
  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** There is a key, open or locked: its public half and its names are known. */
  get exists(): boolean {
    return this.#file !== null;
  }

  /** Why it does not sign, with what to do; null while it does. */
  get problem(): ErrorValue | null {
    return this.#problem;
  }

  /** Resolves when it is open; rejects with the signal's reason. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    await Promise.race([this.#opened.promise, aborted]);
  }

  get publicKey(): Uint8Array {
    return Buffer.from(this.#known().public_key, "hex");
  }

  get address(): string {
    return this.#known().address;
  }

  get providerId(): string {
    return this.#known().provider_id;
  }

  /** Throws KEY_LOCKED. */
  sign(message: Uint8Array): Uint8Array {
    if (this.#open === null) throw AppError.fromValue(this.#problem ?? locked());
    return this.#open.sign(message);
  }

  async status(): Promise<IdentityStatus> {
    const { folder, mode, store, storeRefused } = this.#options;
    const file = this.#file;
    return {
      state: this.#open !== null ? "open" : file === null ? "none" : "locked",
      problem: this.#problem,
      mode,
      providerId: file?.provider_id ?? null,
      address: file?.address ?? null,
      fingerprint: file === null ? null : sha3_256(Buffer.from(file.public_key, "hex")),
      algorithm: ML_DSA_65,
      protection: file?.protection ?? null,
      keyStore: store?.name ?? null,
      keyStoreRefused: storeRefused,
      createdAt: file === null ? null : timeOf(file.created_at),
      backup: await backupCheck(folder),
      retiredKeys: (await retiredKeys(folder)).length,
      asksPassphrase: file === null ? store === null : file.protection === "passphrase",
    };
  }

  /** Opens it for good. Throws PASSPHRASE_WRONG, NO_IDENTITY. */
  async unlock(passphrase: string): Promise<void> {
    const { folder, mode } = this.#options;
    if (this.#file === null) throw AppError.fromValue(noKeyYet());
    this.#take(await openIdentity({ folder, mode, passphrase }));
  }

  /** The key of a machine that has none. Resolves with whether the engine has to start again, as restore and rotate. */
  async create(passphrase: string | null): Promise<boolean> {
    const lock = this.#lockFor(passphrase);
    await createIdentity(this.#options.folder, randomBytes(SEED_BYTES), lock);
    return this.#adopt(lock);
  }

  async restore(backup: Backup, passphrase: string | null, replace: boolean): Promise<boolean> {
    const { folder, mode } = this.#options;
    // A demo's key lies in the open: no place for one that may be worth something.
    if (mode === "demo") throw demoKey();
    const lock = this.#lockFor(passphrase);
    if (replace && this.#file !== null) await restoreOver(folder, backup, lock, new Date());
    else await restoreKey(folder, backup, lock);
    return this.#adopt(lock);
  }

  async rotate(passphrase: string | null): Promise<boolean> {
    const { folder, mode } = this.#options;
    if (mode === "demo") throw demoKey();
    const lock = this.#ownLock(passphrase);
    await rotateKey(folder, randomBytes(SEED_BYTES), lock, new Date());
    return this.#adopt(lock);
  }

  async export(passphrase: string | null, backupPassphrase: string): Promise<string> {
    return exportKey(this.#options.folder, this.#ownLock(passphrase), backupPassphrase);
  }

  /** The words, and the places (from 1) that `checkWords` wants to hear. */
  async phrase(passphrase: string | null): Promise<{ words: string[]; ask: number[] }> {
    const { seed } = await readIdentity(this.#options.folder, this.#ownLock(passphrase));
    const words = phraseOf(seed).split(" ");
    const places = new Set<number>();
    while (places.size < WORDS_ASKED) places.add(randomInt(words.length));
    const ask = [...places].sort((a, b) => a - b);
    this.#asked = ask.map((place) => ({ place, word: words[place] ?? "" }));
    return { words, ask: ask.map((place) => place + 1) };
  }

  /** Each phrase shown is checked once: after a wrong answer it has to be shown again. Throws NOTHING_ASKED. */
  async checkWords(answers: readonly string[]): Promise<boolean> {
    const asked = this.#asked;
    if (asked.length === 0) throw nothingAsked();
    this.#asked = [];
    const right =
      answers.length === asked.length &&
      asked.every(({ word }, i) => answers[i]?.trim().toLowerCase() === word);
    if (right) await noteWordsChecked(this.#options.folder);
    return right;
  }

  checkBackup(backup: Backup): Promise<boolean> {
    return checkBackup(this.#options.folder, backup);
  }

  #known(): KeyFile {
    if (this.#file === null) throw AppError.fromValue(noKeyYet());
    return this.#file;
  }

  #take(identity: Identity): void {
    this.#open = identity;
    this.#problem = null;
    this.#opened.resolve();
  }

  /** A new key is in the file. Nobody knows an old one yet: it is used at once. Else all have to begin again with it. */
  async #adopt(lock: KeyLock): Promise<boolean> {
    const { folder, mode } = this.#options;
    this.#asked = [];
    if (this.#open !== null) return true;
    this.#file = await readKeyFile(join(folder, IDENTITY_FILE));
    const opener = typeof lock === "string" ? { passphrase: lock } : { store: lock };
    this.#take(await openIdentity({ folder, mode, ...opener }));
    return false;
  }

  /** What a new key is put under: what the person typed, else what this machine has. */
  #lockFor(passphrase: string | null): KeyLock {
    const lock = passphrase ?? this.#options.store ?? this.#options.passphrase;
    if (lock !== null) return lock;
    throw new AppError({
      code: "PASSPHRASE_NEEDED",
      message: "A provider key is stored only under a passphrase here, and none was given",
      actor: "user",
      help: "Choose one of 12 characters or more, for example four words.",
    });
  }

  /** What opens the key there is. Under a passphrase only who types it again sees or copies the key. */
  #ownLock(passphrase: string | null): KeyLock {
    const { protection } = this.#known();
    switch (protection) {
      case "none-demo":
        return null;
      case "os-store":
        return this.#options.store;
      case "passphrase":
        if (passphrase !== null) return passphrase;
        throw new AppError({
          code: "PASSPHRASE_NEEDED",
          message: "The provider key is under a passphrase, which has to be typed for this",
          actor: "user",
          help: "Type the passphrase of the key.",
        });
    }
  }
}

function timeOf(text: string): number | null {
  const at = Date.parse(text);
  return Number.isFinite(at) ? at : null;
}

/** Nobody made one yet, or it is gone. */
async function whyNone(folder: string, knownAs: string | null): Promise<ErrorValue> {
  return refuseWhereOneWas(folder, knownAs).then(noKeyYet, toErrorValue);
}

function noKeyYet(): ErrorValue {
  return toErrorValue(
    new AppError({
      code: "NO_IDENTITY",
      message: "There is no provider key on this machine yet",
      actor: "user",
      help: "Make one, or restore one from its backup, under Stake & identity.",
    }),
  );
}

function locked(): ErrorValue {
  return toErrorValue(
    new AppError({
      code: "KEY_LOCKED",
      message: "The provider key is locked",
      actor: "user",
      help: "Unlock it with its passphrase under Stake & identity.",
    }),
  );
}

function demoKey(): AppError {
  return new AppError({
    code: "DEMO_KEY",
    message: "The demo has a play-money key that is never replaced",
    actor: "user",
    help: "Configure a market to work with a key of your own.",
  });
}

function nothingAsked(): AppError {
  return new AppError({
    code: "NOTHING_ASKED",
    message: "No words are being asked for",
    actor: "user",
    help: "Show the recovery phrase again; then its words are asked for.",
  });
}
