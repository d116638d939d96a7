/** A report for whoever helps, read before it is saved. */
import { useState } from "react";
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { ReportDialog } from "./report-dialog.tsx";
import { Row } from "./row.tsx";
import { SelectRow } from "./setting-rows.tsx";

const LEVELS = ["error", "warn", "info", "debug", "trace"] as const;

export function DiagnosticsSection() {
  const bridge = useBridge();
  const [isOpen, setOpen] = useState(false);
  return (
    <Card title={t("settings.sections.help")}>
      <Row label={t("settings.diagnostics.report")} help={t("settings.diagnostics.help")}>
        {() => (
          <button type="button" className="button" onClick={() => setOpen(true)}>
            {t("settings.diagnostics.button")}
          </button>
        )}
      </Row>
      <SelectRow
        name="log.level"
        label={t("settings.diagnostics.logLevel")}
        help={t("settings.diagnostics.logLevelHelp")}
        options={LEVELS.map((value) => ({ value, label: t(`settings.diagnostics.levels.${value}`) }))}
      />
      {isOpen && (
        <ReportDialog ask={() => bridge.invoke("diagnostics.preview", {})} onClose={() => setOpen(false)} />
      )}
    </Card>
  );
}
