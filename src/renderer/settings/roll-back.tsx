/** The way back to the kept version, asked about before it is gone: on the settings screen, and where none can be reached. */
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import type { UpdatesView } from "../../shared/contract/app.ts";
import { AppError } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { useBridge } from "../state/bridge-context.ts";

/** What becomes of the ledger is said before, as far as it is known. */
const WORDS = {
  same: "app.updates.rollBackText",
  older: "app.updates.rollBackLedger",
  unknown: "app.updates.rollBackUnknown",
} as const;

interface RollBackProps {
  readonly previous: NonNullable<UpdatesView["previous"]>;
  readonly disabled: boolean;
}

export function RollBackButton({ previous: { version, ledger }, disabled }: RollBackProps) {
  const [asking, setAsking] = useState(false);
  const { app } = useBridge();
  const goBack = async () => {
    const phase = (await app?.invoke("app.rollBack", {}))?.updates.phase;
    if (phase?.state === "failed") throw AppError.fromValue(phase.error);
  };
  return (
    <>
      <button type="button" className="button" disabled={disabled} onClick={() => setAsking(true)}>
        <RotateCcw size={14} aria-hidden />
        {t("app.updates.rollBack", { version })}
      </button>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t("app.updates.rollBackTitle", { version })}
        words={t(WORDS[ledger], { version })}
        confirm={t("app.updates.rollBackYes")}
        onConfirm={goBack}
      />
    </>
  );
}
