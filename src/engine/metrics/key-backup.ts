/** Was a backup of the provider key read back? For the alert that says so before the disk dies. */
import type { EngineConfig } from "../../shared/config.ts";
import { isBackupChecked } from "../identity/backup.ts";
import { identityFolder } from "../identity/identity.ts";

interface OwnKey {
  readonly exists: boolean;
  readonly providerId: string;
}

/** null: nothing hangs on the key of this folder. It is the demo's, there is none, or the account is another machine's. */
export async function keyBackup(
  { mode, dataFolder, markets: { aicf } }: Pick<EngineConfig, "mode" | "dataFolder" | "markets">,
  key: OwnKey,
): Promise<boolean | null> {
  if (mode !== "live" || aicf === null || !key.exists) return null;
  const isAnothers =
    aicf.secret !== undefined && aicf.providerId !== null && aicf.providerId !== key.providerId;
  if (isAnothers) return null;
  // A key file that can't be read now is told as such elsewhere; the rest of the page has to stand.
  return isBackupChecked(identityFolder(dataFolder)).catch(() => null);
}
