/**
 * The provider key through the contract: what it is, how it is stored, and copies of it that can be trusted. Words and
 * passphrases travel here and nowhere else: never into the state, a log or the ledger.
 */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";

const TimeMs = z.number().int().nonnegative();
const Text = z.string().max(2000);
const Passphrase = z.string().min(1).max(1000);
const Phrase = z.string().min(1).max(2000);
/** An exported key has about 5 kB. */
const MAX_BACKUP_CHARS = 64 * 1024;

export const KeyStateSchema = z.enum(["open", "locked", "none"]);

export const IdentityStatusSchema = z.object({
  /** open: it signs. locked: it is there and waits for its passphrase or key store. none: there is no key yet. */
  state: KeyStateSchema,
  /** Why it does not sign; null while it is open. */
  problem: ErrorValueSchema.nullable(),
  mode: z.enum(["demo", "live"]),
  providerId: Text.nullable(),
  address: Text.nullable(),
  /** SHA3-256 of the public key, hex. */
  fingerprint: Text.nullable(),
  algorithm: Text,
  /** none-demo: in the open, for play money. */
  protection: z.enum(["none-demo", "passphrase", "os-store"]).nullable(),
  /** The system's key store that a new key would be sealed by; null: none can be used, `keyStoreRefused` says why. */
  keyStore: Text.nullable(),
  keyStoreRefused: Text.nullable(),
  createdAt: TimeMs.nullable(),
  /** When a backup was last proved to give this key, and how; null: never. Nothing is staked before. */
  backup: z.object({ at: TimeMs, by: z.enum(["phrase", "words", "file", "restore"]) }).nullable(),
  /** Replaced keys that are kept beside it. */
  retiredKeys: z.number().int().nonnegative(),
  /** The passphrase has to be typed to show or copy the key, or to make another one. */
  asksPassphrase: z.boolean(),
});
export type IdentityStatus = z.infer<typeof IdentityStatusSchema>;

/** `restarts`: the engine starts again with the new key. */
const StatusAnswer = z.strictObject({ status: IdentityStatusSchema, restarts: z.boolean() });

export const BackupSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("phrase"), words: Phrase }),
  z.strictObject({
    kind: z.literal("file"),
    text: z.string().min(1).max(MAX_BACKUP_CHARS),
    passphrase: Passphrase,
  }),
]);

export const IDENTITY_COMMANDS = {
  "identity.status": { input: z.strictObject({}), output: z.strictObject({ status: IdentityStatusSchema }) },
  /** Make the key. Throws IDENTITY_EXISTS, PASSPHRASE_NEEDED (no key store can hold it), PASSPHRASE_WEAK. */
  "identity.create": { input: z.strictObject({ passphrase: Passphrase.optional() }), output: StatusAnswer },
  /** Throws PASSPHRASE_WRONG. */
  "identity.unlock": { input: z.strictObject({ passphrase: Passphrase }), output: StatusAnswer },
  /** A copy of the key as the text of a file, under a passphrase of its own. */
  "identity.export": {
    input: z.strictObject({ backupPassphrase: Passphrase, passphrase: Passphrase.optional() }),
    output: z.strictObject({ fileName: Text, text: z.string().max(MAX_BACKUP_CHARS) }),
  },
  /** The 24 words, and the places that the check will ask for. */
  "identity.phrase": {
    input: z.strictObject({ passphrase: Passphrase.optional() }),
    output: z.strictObject({
      words: z.array(z.string()).length(24),
      ask: z.array(z.number().int().min(1).max(24)),
    }),
  },
  /** Prove that a backup gives this key; `words` answers what `identity.phrase` asked for. */
  "identity.checkBackup": {
    input: z.discriminatedUnion("kind", [
      ...BackupSchema.options,
      z.strictObject({ kind: z.literal("words"), words: z.array(z.string().max(40)).min(1).max(24) }),
    ]),
    output: z.strictObject({ same: z.boolean(), status: IdentityStatusSchema }),
  },
  /**
   * Bring the key back from a backup. Throws IDENTITY_EXISTS while another key is in use, unless `replace`: then that
   * one's file is kept beside it.
   */
  "identity.restore": {
    input: z.strictObject({
      backup: BackupSchema,
      passphrase: Passphrase.optional(),
      replace: z.boolean().optional(),
    }),
    output: StatusAnswer,
  },
  /** A new key in the old one's place: to a market a new provider. The old file is kept beside it. */
  "identity.rotate": { input: z.strictObject({ passphrase: Passphrase.optional() }), output: StatusAnswer },
} as const;
