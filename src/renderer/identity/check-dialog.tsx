/** Does a backup give the key in use? Nothing is changed but the note that it was proved. */
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { Dialog } from "../parts/controls/dialog.tsx";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { BackupSource, NO_BACKUP, readyBackup } from "./backup-source.tsx";
import type { KeyDialogProps } from "./key-dialog.ts";

export function CheckDialog({ onChange, onClose }: KeyDialogProps) {
  const bridge = useBridge();
  const [draft, setDraft] = useState(NO_BACKUP);
  const [pending, setPending] = useState(false);
  const [found, setFound] = useState<"same" | "other" | ErrorValue | null>(null);
  const backup = readyBackup(draft);
  const check = () => {
    if (backup === null) return;
    setPending(true);
    setFound(null);
    bridge
      .invoke("identity.checkBackup", backup)
      .then(
        ({ same, status }) => {
          setFound(same ? "same" : "other");
          if (same) onChange(status);
        },
        (thrown: unknown) => setFound(toErrorValue(thrown)),
      )
      .finally(() => setPending(false));
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("identity.check.title")}
      words={t("identity.check.text")}
      actions={
        <>
          <button type="button" className="button button-plain" onClick={onClose}>
            {t(found === "same" ? "identity.show.close" : "controls.cancel")}
          </button>
          <button
            type="submit"
            form="check-form"
            className="button button-strong"
            disabled={backup === null || pending}
            aria-busy={pending}
          >
            {t("identity.check.confirm")}
          </button>
        </>
      }
    >
      <form
        id="check-form"
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!pending) check();
        }}
      >
        <BackupSource draft={draft} onChange={setDraft} />
        {found === "same" && (
          <p className="done tone-ok" role="status">
            <CircleCheck size={16} aria-hidden />
            {t("identity.check.same")}
          </p>
        )}
        {found === "other" && (
          <Note tone="warn" alert>
            {t("identity.check.other")}
          </Note>
        )}
        {found !== null && typeof found === "object" && <ErrorNote error={found} alert />}
      </form>
    </Dialog>
  );
}
