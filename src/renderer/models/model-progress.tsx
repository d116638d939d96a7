/** How far a download is: shown while it runs, waits or failed on the way. */
import type { ModelView } from "../../shared/contract/models.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { formatDuration } from "../format/time.ts";

export function ModelProgress({ model }: { model: ModelView }) {
  const { id, state, bytes, bytesTotal, bytesPerSecond, etaMs } = model;
  const under = state === "downloading" || state === "paused" || state === "failed";
  if (!under || (state === "failed" && bytes === 0)) return null;
  const percent = bytesTotal === 0 ? 0 : Math.floor((bytes / bytesTotal) * 100);
  const amount = t("models.progress.amount", { done: showBytes(bytes), all: showBytes(bytesTotal) });
  return (
    <div className="model-progress">
      <div
        className={`model-bar ${state === "downloading" ? "" : "model-bar-still"}`}
        role="progressbar"
        aria-label={t("models.progress.label", { id })}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={amount}
      >
        <span style={{ width: `${percent}%` }} />
      </div>
      <p className="quiet figures">
        <span className="model-percent">{percent} %</span>
        <span>{amount}</span>
        {state === "downloading" && (
          <>
            <span>
              {bytesPerSecond === null
                ? t("models.progress.waiting")
                : t("models.progress.speed", { size: showBytes(bytesPerSecond) })}
            </span>
            {etaMs !== null && <span>{t("models.progress.eta", { time: formatDuration(etaMs) })}</span>}
          </>
        )}
      </p>
    </div>
  );
}
