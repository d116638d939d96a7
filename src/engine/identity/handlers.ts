/** The contract's commands about the provider key. What they carry of it is answered and forgotten. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { KeyRing } from "./key-ring.ts";

type IdentityCommand = Extract<keyof ContractHandlers, `identity.${string}`>;
/** What was done to the key, for the audit log: never what it is. */
export type KeyDeed =
  | "created"
  | "unlocked"
  | "exported"
  | "phrase-shown"
  | "backup-checked"
  | "restored"
  | "rotated";

export interface IdentityHandlerDeps {
  readonly keys: KeyRing;
  readonly onDeed: (deed: KeyDeed) => void;
  /** Another key is in the file: everything that knows the old one has to begin again. */
  readonly restart: () => void;
}

export function identityHandlers({
  keys,
  onDeed,
  restart,
}: IdentityHandlerDeps): Pick<ContractHandlers, IdentityCommand> {
  /** Answered first: the channel this came through may end with the engine. */
  async function done(deed: KeyDeed, restarts: boolean) {
    onDeed(deed);
    const status = await keys.status();
    if (restarts) setImmediate(restart);
    return { status, restarts };
  }

  return {
    "identity.status": async () => ({ status: await keys.status() }),
    "identity.create": async ({ passphrase }) => {
      return done("created", await keys.create(passphrase ?? null));
    },
    "identity.unlock": async ({ passphrase }) => {
      await keys.unlock(passphrase);
      return done("unlocked", false);
    },
    "identity.export": async ({ backupPassphrase, passphrase }) => {
      const text = await keys.export(passphrase ?? null, backupPassphrase);
      onDeed("exported");
      return { fileName: `bellows-${keys.providerId}.json`, text };
    },
    "identity.phrase": async ({ passphrase }) => {
      const shown = await keys.phrase(passphrase ?? null);
      onDeed("phrase-shown");
      return shown;
    },
    "identity.checkBackup": async (backup) => {
      const same =
        backup.kind === "words" ? await keys.checkWords(backup.words) : await keys.checkBackup(backup);
      if (same) onDeed("backup-checked");
      return { same, status: await keys.status() };
    },
    "identity.restore": async ({ backup, passphrase, replace }) => {
      return done("restored", await keys.restore(backup, passphrase ?? null, replace ?? false));
    },
    "identity.rotate": async ({ passphrase }) => {
      return done("rotated", await keys.rotate(passphrase ?? null));
    },
  };
}
