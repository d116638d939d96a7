/** A new key in the place of the one in use: to the markets a new provider. */
import { useState } from "react";
import { t } from "../../shared/words/words.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { type KeyDialogProps, passphraseOf } from "./key-dialog.ts";
import { SecretField } from "./secret-field.tsx";

export function ReplaceDialog({ status, onChange, onClose }: KeyDialogProps) {
  const bridge = useBridge();
  const [passphrase, setPassphrase] = useState("");
  const asks = status.protection === "passphrase";
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t("identity.replace.title")}
      words={t("identity.replace.text")}
      confirm={t("identity.replace.confirm")}
      destructive
      blocked={asks && passphrase === ""}
      onConfirm={async () => {
        const answer = await bridge.invoke("identity.rotate", passphraseOf(passphrase));
        onChange(answer.status);
      }}
    >
      <Note tone="warn" help={t("identity.restarts")}>
        {t("identity.replace.first")}
      </Note>
      {asks && (
        <SecretField label={t("identity.passphraseOfKey")} value={passphrase} onChange={setPassphrase} />
      )}
    </ConfirmDialog>
  );
}
