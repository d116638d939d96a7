/** The first key of this machine: sealed by the system's key store where there is one, else under a passphrase. */
import { useState } from "react";
import { t } from "../../shared/words/words.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { type KeyDialogProps, passphraseOf } from "./key-dialog.ts";
import { isGoodPassphrase, NewPassphraseFields, NO_PASSPHRASE } from "./secret-field.tsx";

export function MakeDialog({ status, onChange, onClose }: KeyDialogProps) {
  const bridge = useBridge();
  const [passphrase, setPassphrase] = useState(NO_PASSPHRASE);
  const needed = status.keyStore === null;
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t("identity.make.title")}
      words={t("identity.make.text")}
      confirm={t("identity.make.confirm")}
      blocked={needed && !isGoodPassphrase(passphrase)}
      onConfirm={async () => {
        const answer = await bridge.invoke("identity.create", passphraseOf(needed ? passphrase.first : ""));
        onChange(answer.status);
      }}
    >
      {needed ? (
        <>
          {status.keyStoreRefused !== null && <p className="form-hint">{status.keyStoreRefused}.</p>}
          <NewPassphraseFields
            label={t("identity.passphraseNew")}
            value={passphrase}
            onChange={setPassphrase}
          />
        </>
      ) : (
        <p className="form-hint">{t("identity.storeHint", { store: status.keyStore ?? "" })}</p>
      )}
    </ConfirmDialog>
  );
}
