/** One event of the log, whole: in words, and as it was written down. */
import type { ActivityEvent } from "../../shared/contract/activity.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { formatMoment } from "../format/time.ts";
import { useJobPanel } from "../jobs/job-panel.tsx";
import { Dialog } from "../parts/controls/dialog.tsx";
import { Digest } from "../parts/digest.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { eventWords, levelLook, typeName } from "./activity-look.ts";

export function EventDialog({ event, onClose }: { event: ActivityEvent; onClose: () => void }) {
  const { at, level, type, market, leaseId, detail } = event;
  const { open, panel } = useJobPanel();
  return (
    <>
      <Dialog
        open
        onClose={onClose}
        wide
        title={typeName(type)}
        words={eventWords(event) ?? undefined}
        actions={
          leaseId === null ? undefined : (
            <button type="button" className="button" onClick={() => open(leaseId)}>
              {t("activity.openJob")}
            </button>
          )
        }
      >
        <p className="event-facts">
          <StatusWord look={levelLook(level)} />
          <span className="quiet">{formatMoment(at)}</span>
          {market !== null && <span className="quiet">{marketName(market)}</span>}
          {leaseId !== null && <Digest value={leaseId} what={t("jobs.leaseId")} />}
        </p>
        {/* A region that scrolls has to be reachable by keyboard. */}
        <textarea
          className="receipt mono"
          readOnly
          rows={Math.min(16, indented(detail).split("\n").length + 1)}
          value={indented(detail)}
          aria-label={t("activity.detail")}
          spellCheck={false}
        />
      </Dialog>
      {panel}
    </>
  );
}

/** Indented for the eye; what is no JSON is shown as it is. */
function indented(detail: string): string {
  try {
    return JSON.stringify(JSON.parse(detail), null, 2);
  } catch {
    return detail;
  }
}
