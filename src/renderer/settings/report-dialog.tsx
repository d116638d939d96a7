/** The whole report, shown before anything is saved: the engine's own, or the app's while there is no engine. */
import { useState } from "react";
import type { CommandOutput } from "../../shared/contract/contract.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { Dialog } from "../parts/controls/dialog.tsx";
import { copyText } from "../parts/copy.ts";
import { ErrorNote } from "../parts/note.tsx";
import { saveText } from "../parts/save-text.ts";

type Report = CommandOutput<"diagnostics.preview">;

interface ReportDialogProps {
  readonly ask: () => Promise<Report>;
  readonly onClose: () => void;
}

export function ReportDialog({ ask, onClose }: ReportDialogProps) {
  const [report, setReport] = useState<Report | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const [isCopied, setCopied] = useState(false);
  // Asked for once, with the click that opened this; what is shown is what is saved.
  const [begun] = useState(() => ask().then(setReport, (thrown: unknown) => setError(toErrorValue(thrown))));
  void begun;
  const text = report === null ? "" : reportText(report);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t("settings.diagnostics.title")}
      words={
        <>
          {t("settings.diagnostics.words")}{" "}
          {report !== null && t("settings.diagnostics.redactions", { count: report.redactions })}
        </>
      }
      actions={
        <>
          <button
            type="button"
            className="button"
            disabled={report === null}
            onClick={() => void copyText(text).then(setCopied, () => setCopied(false))}
          >
            {isCopied ? t("settings.diagnostics.copied") : t("settings.diagnostics.copy")}
          </button>
          <button
            type="button"
            className="button button-strong"
            disabled={report === null}
            onClick={() => {
              if (report !== null) saveText(report.fileName, text, "text/plain");
            }}
          >
            {t("settings.diagnostics.save")}
          </button>
        </>
      }
    >
      {error !== null && <ErrorNote error={error} alert />}
      {report === null && error === null && (
        <p className="settings-help">{t("settings.diagnostics.loading")}</p>
      )}
      {report !== null && (
        <section className="report" aria-label={t("settings.diagnostics.title")}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must be able to. */}
          <pre className="report-text mono" tabIndex={0}>
            {text}
          </pre>
        </section>
      )}
    </Dialog>
  );
}

const reportText = ({ sections }: Report): string =>
  sections.map(({ name, text }) => `## ${name}\n\n${text}\n`).join("\n");
