/**
 * What can be done in the app while its engine does not start, and with it no screen: take back the saved setting that is
 * at fault, go on from an earlier copy of the ledger or with the version before, and see or hand on what is known.
 */
import { FileText, FolderOpen, History, RotateCcw } from "lucide-react";
import { useState } from "react";
import type { WrongSetting } from "../../shared/contract/app.ts";
import { t } from "../../shared/words/words.ts";
import { formatMoment } from "../format/time.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { ReportDialog } from "../settings/report-dialog.tsx";
import { RollBackButton } from "../settings/roll-back.tsx";
import { type AppRunner, useApp } from "../state/app-context.ts";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";

/** Nothing where there is no app around the page: then the terminal it was started from has all this. */
export function Repair() {
  const app = usePage((page) => page.app);
  const runner = useApp();
  if (app === null) return null;
  const { wrongSettings, ledgerCopy, crashReports, updates } = app;
  const { pending, error } = runner;
  return (
    <section className="repair" aria-label={t("shell.repair.title")}>
      {wrongSettings.map((setting) => (
        <WrongSettingRow key={setting.key} setting={setting} />
      ))}
      {ledgerCopy !== null && <LedgerCopyRow takenAt={ledgerCopy.takenAt} />}
      <div className="repair-ways">
        {updates.previous !== null && (
          <RollBackButton previous={updates.previous} disabled={pending !== null} />
        )}
        <Report />
        <FolderButton label={t("shell.repair.logs")} command="app.openLogs" runner={runner} />
        {crashReports.count > 0 && (
          <FolderButton label={t("shell.repair.crashes")} command="app.openCrashReports" runner={runner} />
        )}
      </div>
      {error !== null && <ErrorNote error={error} alert />}
    </section>
  );
}

interface FolderButtonProps {
  readonly label: string;
  readonly command: "app.openLogs" | "app.openCrashReports";
  readonly runner: AppRunner;
}

function FolderButton({ label, command, runner: { run, pending } }: FolderButtonProps) {
  return (
    <button
      type="button"
      className="button"
      disabled={pending !== null}
      onClick={() => void run(command, {})}
    >
      <FolderOpen size={14} aria-hidden />
      {label}
    </button>
  );
}

function WrongSettingRow({ setting: { key, value } }: { setting: WrongSetting }) {
  const [asking, setAsking] = useState(false);
  const { app } = useBridge();
  return (
    <div className="repair-setting">
      <div>
        <div className="quiet">{t("shell.repair.saved")}</div>
        <div className="mono">{value === null ? key : `${key} = ${value}`}</div>
      </div>
      <button type="button" className="button" onClick={() => setAsking(true)}>
        <RotateCcw size={14} aria-hidden />
        {t("shell.repair.reset")}
      </button>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t("shell.repair.resetTitle", { key })}
        words={value === null ? t("shell.repair.resetSecret") : t("shell.repair.resetText", { value })}
        confirm={t("shell.repair.resetYes")}
        onConfirm={async () => app?.invoke("app.resetSetting", { key })}
      />
    </div>
  );
}

/** A newer version wrote the ledger: this one can go on from what was before. */
function LedgerCopyRow({ takenAt }: { takenAt: number }) {
  const [asking, setAsking] = useState(false);
  const { app } = useBridge();
  const time = formatMoment(takenAt);
  return (
    <div className="repair-setting">
      <div>
        <div className="quiet">{t("shell.repair.newerLedger")}</div>
        <div>{time}</div>
      </div>
      <button type="button" className="button" onClick={() => setAsking(true)}>
        <History size={14} aria-hidden />
        {t("shell.repair.goBack")}
      </button>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t("shell.repair.goBackTitle", { time })}
        words={t("shell.repair.goBackText")}
        confirm={t("shell.repair.goBackYes")}
        onConfirm={async () => app?.invoke("app.useLedgerCopy", {})}
      />
    </div>
  );
}

function Report() {
  const [isOpen, setOpen] = useState(false);
  const { app } = useBridge();
  if (app === null) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <FileText size={14} aria-hidden />
        {t("shell.repair.report")}
      </button>
      {isOpen && (
        <ReportDialog ask={() => app.invoke("app.diagnostics", {})} onClose={() => setOpen(false)} />
      )}
    </>
  );
}
