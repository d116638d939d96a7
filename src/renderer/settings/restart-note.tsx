/** Changes that count only from the engine's next start, and the button that makes it. */
import { useState } from "react";
import { t } from "../../shared/words/words.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine } from "../state/store.ts";

export function RestartNote() {
  const bridge = useBridge();
  const waiting = useEngine(
    ({ settings }) => Object.values(settings.values).filter(({ waitsForRestart }) => waitsForRestart).length,
  );
  const [isAsking, setAsking] = useState(false);
  if (waiting === 0) return null;
  return (
    <>
      <Note
        tone="info"
        actions={
          <button type="button" className="button" onClick={() => setAsking(true)}>
            {t("settings.restart.button")}
          </button>
        }
      >
        {t("settings.restart.text", { count: waiting })}
      </Note>
      <ConfirmDialog
        open={isAsking}
        onClose={() => setAsking(false)}
        title={t("settings.restart.title")}
        words={t("settings.restart.words")}
        confirm={t("settings.restart.confirm")}
        onConfirm={() => bridge.invoke("engine.restart", {})}
      />
    </>
  );
}
