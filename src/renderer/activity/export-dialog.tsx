/** The log as a file of JSON lines, filtered as it is seen. */
import type { ActivityFilter } from "../../shared/contract/activity.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";
import { ExportDialog } from "../parts/export-dialog.tsx";
import { useBridge } from "../state/bridge-context.ts";

const PIECE = 1000;

export function ActivityExport({ filter, onClose }: { filter: ActivityFilter; onClose: () => void }) {
  const bridge = useBridge();
  async function* pieces() {
    for (let before: number | null | undefined; before !== null; ) {
      const { events, next } = await bridge.invoke("activity.list", {
        ...filter,
        limit: PIECE,
        ...(before !== undefined && { before }),
      });
      const lines = events.map(({ id: _, at, detail, ...event }) =>
        JSON.stringify({ at: new Date(at).toISOString(), ...event, detail: parsed(detail) }),
      );
      yield { text: lines.map((line) => `${line}\n`).join(""), rows: events.length };
      before = next;
    }
  }
  return (
    <ExportDialog
      title={t("activity.exportTitle")}
      words={t("activity.exportWords")}
      save={t("activity.exportSave")}
      writing={(count) => t("activity.exporting", { count, shown: showNumber(count) })}
      file={{ name: t("activity.file"), extension: "jsonl", type: "application/x-ndjson" }}
      pieces={pieces}
      onClose={onClose}
    />
  );
}

function parsed(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return detail;
  }
}
