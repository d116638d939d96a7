/** An encrypted copy of the key as a file in the person's downloads. */
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { Dialog } from "../parts/controls/dialog.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { saveText } from "../parts/save-text.ts";
import { useBridge } from "../state/bridge-context.ts";
import { type KeyDialogProps, passphraseOf } from "./key-dialog.ts";
import { isGoodPassphrase, NewPassphraseFields, NO_PASSPHRASE, SecretField } from "./secret-field.tsx";

export function ExportDialog({ status, onClose }: KeyDialogProps) {
  const bridge = useBridge();
  const [backup, setBackup] = useState(NO_PASSPHRASE);
  const [passphrase, setPassphrase] = useState("");
  const [pending, setPending] = useState(false);
  const [saved, setSaved] = useState(false);
  const [error, setError] = useState<ErrorValue | null>(null);
  const asks = status.asksPassphrase;
  const ready = isGoodPassphrase(backup) && (!asks || passphrase !== "");
  const save = () => {
    setPending(true);
    setError(null);
    bridge
      .invoke("identity.export", { backupPassphrase: backup.first, ...passphraseOf(passphrase) })
      .then(({ fileName, text }) => {
        saveText(fileName, text, "application/json");
        setSaved(true);
      })
      .catch((thrown: unknown) => setError(toErrorValue(thrown)))
      .finally(() => setPending(false));
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("identity.save.title")}
      words={t("identity.save.text")}
      actions={
        <>
          <button type="button" className="button button-plain" onClick={onClose}>
            {t(saved ? "identity.show.close" : "controls.cancel")}
          </button>
          <button
            type="submit"
            form="export-form"
            className="button button-strong"
            disabled={!ready || pending}
            aria-busy={pending}
          >
            {t("identity.save.confirm")}
          </button>
        </>
      }
    >
      <form
        id="export-form"
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !pending) save();
        }}
      >
        {asks && (
          <SecretField label={t("identity.passphraseOfKey")} value={passphrase} onChange={setPassphrase} />
        )}
        <NewPassphraseFields label={t("identity.passphraseOfBackup")} value={backup} onChange={setBackup} />
        {saved && (
          <p className="done tone-ok" role="status">
            <CircleCheck size={16} aria-hidden />
            {t("identity.save.saved")}
          </p>
        )}
        {error !== null && <ErrorNote error={error} alert />}
      </form>
    </Dialog>
  );
}
