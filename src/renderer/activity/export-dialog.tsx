/** The log as a file, filtered as it is seen: JSON lines for programs, CSV for a spreadsheet. */
import { useState } from "react";
import type { ActivityFilter } from "../../shared/contract/activity.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";
import { Segmented } from "../parts/controls/segmented.tsx";
import { ExportDialog } from "../parts/export-dialog.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { type ActivityFormat, FORMATS } from "./activity-file.ts";

const PIECE = 1000;

export function ActivityExport({ filter, onClose }: { filter: ActivityFilter; onClose: () => void }) {
  const bridge = useBridge();
  const [format, setFormat] = useState<ActivityFormat>("jsonl");
  const { type, head, line } = FORMATS[format];
  async function* pieces() {
    yield { text: head(), rows: 0 };
    for (let before: number | null | undefined; before !== null; ) {
      const { events, next } = await bridge.invoke("activity.list", {
        ...filter,
        limit: PIECE,
        ...(before !== undefined && { before }),
      });
      yield { text: events.map(line).join(""), rows: events.length };
      before = next;
    }
  }
  return (
    <ExportDialog
      title={t("activity.exportTitle")}
      words={t("activity.exportWords")}
      save={t("activity.exportSave")}
      writing={(count) => t("activity.exporting", { count, shown: showNumber(count) })}
      file={{ name: t("activity.file"), extension: format, type }}
      pieces={pieces}
      onClose={onClose}
    >
      <div className="export-choices">
        <span className="quiet">{t("activity.exportFormat")}</span>
        <Segmented<ActivityFormat>
          label={t("activity.exportFormat")}
          value={format}
          onChange={setFormat}
          options={[
            { value: "jsonl", label: t("activity.exportLines") },
            { value: "csv", label: "CSV" },
          ]}
        />
      </div>
    </ExportDialog>
  );
}
