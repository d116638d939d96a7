/** A backup's key as this machine's key; where another one is in use, with what that means. */
import { useState } from "react";
import { t } from "../../shared/words/words.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { BackupSource, NO_BACKUP, readyBackup } from "./backup-source.tsx";
import { type KeyDialogProps, passphraseOf } from "./key-dialog.ts";
import { isGoodPassphrase, NewPassphraseFields, NO_PASSPHRASE } from "./secret-field.tsx";

export function RestoreDialog({ status, onChange, onClose }: KeyDialogProps) {
  const bridge = useBridge();
  const [draft, setDraft] = useState(NO_BACKUP);
  const [passphrase, setPassphrase] = useState(NO_PASSPHRASE);
  const backup = readyBackup(draft);
  const over = status.state !== "none";
  const needed = status.keyStore === null;
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t("identity.bring.title")}
      words={t("identity.bring.text")}
      confirm={t(over ? "identity.bring.confirmOver" : "identity.bring.confirm")}
      destructive={over}
      blocked={backup === null || (needed && !isGoodPassphrase(passphrase))}
      onConfirm={async () => {
        if (backup === null) return;
        const answer = await bridge.invoke("identity.restore", {
          backup,
          replace: over,
          ...passphraseOf(needed ? passphrase.first : ""),
        });
        onChange(answer.status);
      }}
    >
      {over && (
        <Note tone="warn" help={t("identity.restarts")}>
          {t("identity.bring.over")}
        </Note>
      )}
      <BackupSource draft={draft} onChange={setDraft} />
      {needed && (
        <NewPassphraseFields
          label={t("identity.passphraseNew")}
          value={passphrase}
          onChange={setPassphrase}
        />
      )}
    </ConfirmDialog>
  );
}
