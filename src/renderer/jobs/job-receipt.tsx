/** The signed receipt of a job, to read, to copy and to take away. */
import { Download } from "lucide-react";
import type { JobDetail } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { saveText } from "../parts/save-text.ts";
import { fileName } from "./output-file.ts";
import { SheetSection } from "./sheet-section.tsx";

export function JobReceipt({ job }: { job: JobDetail }) {
  if (job.receipt === null) {
    return (
      <SheetSection title={t("jobs.panel.receipt")}>
        <p className="quiet">{t(job.digest === null ? "jobs.panel.noReceipt" : "jobs.panel.receiptGone")}</p>
      </SheetSection>
    );
  }
  const text = indented(job.receipt);
  const name = fileName("receipt", job, "json");
  return (
    <SheetSection
      title={t("jobs.panel.receipt")}
      aside={
        <span className="sheet-actions">
          <CopyButton text={text} done={t("jobs.panel.receiptCopied")} />
          <button
            type="button"
            className="button button-plain"
            onClick={() => saveText(name, text, "application/json")}
          >
            <Download size={14} aria-hidden />
            {t("jobs.panel.save")}
          </button>
        </span>
      }
    >
      {/* A region that scrolls has to be reachable by keyboard. */}
      <textarea
        className="receipt mono"
        readOnly
        rows={14}
        value={text}
        aria-label={t("jobs.panel.receiptJson")}
        spellCheck={false}
      />
      <p className="receipt-hint">
        {t("jobs.panel.anyone")} <span className="mono">bellows verify {name}</span>
      </p>
    </SheetSection>
  );
}

/** Indented for the eye; what is no JSON is shown as it is. */
function indented(receipt: string): string {
  try {
    return JSON.stringify(JSON.parse(receipt), null, 2);
  } catch {
    return receipt;
  }
}
