/** The log as a file of JSON lines, put together here. */
import { useRef, useState } from "react";
import type { ActivityFilter } from "../../shared/contract/activity.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";
import { Dialog } from "../parts/controls/dialog.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { saveText } from "../parts/save-text.ts";
import { useBridge } from "../state/bridge-context.ts";

const PIECE = 1000;

export function ExportDialog({ filter, onClose }: { filter: ActivityFilter; onClose: () => void }) {
  const bridge = useBridge();
  const [lines, setLines] = useState<number | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const cancelled = useRef(false);
  const close = () => {
    cancelled.current = true;
    onClose();
  };
  const save = async () => {
    setError(null);
    setLines(0);
    try {
      const pieces: string[] = [];
      let rows = 0;
      for (let before: number | null | undefined; before !== null; ) {
        const { events, next } = await bridge.invoke("activity.list", {
          ...filter,
          limit: PIECE,
          ...(before !== undefined && { before }),
        });
        if (cancelled.current) return;
        for (const { id: _, at, detail, ...event } of events) {
          const line = { at: new Date(at).toISOString(), ...event, detail: parsed(detail) };
          pieces.push(`${JSON.stringify(line)}\n`);
        }
        rows += events.length;
        setLines(rows);
        before = next;
      }
      const day = new Date().toISOString().slice(0, 10);
      saveText(`${t("activity.file")}-${day}.jsonl`, pieces, "application/x-ndjson");
      onClose();
    } catch (thrown) {
      setError(toErrorValue(thrown));
      setLines(null);
    }
  };
  return (
    <Dialog
      open
      onClose={close}
      title={t("activity.exportTitle")}
      words={t("activity.exportWords")}
      actions={
        <>
          <button type="button" className="button button-plain" onClick={close}>
            {t("controls.cancel")}
          </button>
          <button
            type="button"
            className="button button-strong"
            disabled={lines !== null}
            aria-busy={lines !== null}
            onClick={() => void save()}
          >
            {lines === null
              ? t("activity.exportSave")
              : t("activity.exporting", { count: lines, shown: showNumber(lines) })}
          </button>
        </>
      }
    >
      {error !== null && <ErrorNote error={error} alert />}
    </Dialog>
  );
}

function parsed(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return detail;
  }
}
