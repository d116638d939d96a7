/** How far a download is: shown while it runs, waits or failed on the way. */
import type { ModelView } from "../../shared/contract/models.ts";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { formatDuration } from "../format/time.ts";
import { usePage } from "../state/store.ts";

/** Longer than this without a byte looks as if it hung. */
const PATIENCE = 10 * SECOND;

/** Who does not answer, and at which try; null: somebody does, or may yet. `now` by the engine's clock, ms. */
export function silenceWords({ waiting }: Pick<ModelView, "waiting">, now: number): string | null {
  if (waiting === undefined || now - waiting.since < PATIENCE) return null;
  const { host, tries } = waiting;
  return tries === 1
    ? t("models.progress.noAnswer", { host })
    : t("models.progress.noAnswerAgain", { host, tries });
}

export function ModelProgress({ model }: { model: ModelView }) {
  const { id, state, bytes, bytesTotal, bytesPerSecond, etaMs } = model;
  const silence = usePage(({ now }) => silenceWords(model, now));
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
              {silence ??
                (bytesPerSecond === null
                  ? t("models.progress.waiting")
                  : t("models.progress.speed", { size: showBytes(bytesPerSecond) }))}
            </span>
            {silence === null && etaMs !== null && (
              <span>{t("models.progress.eta", { time: formatDuration(etaMs) })}</span>
            )}
          </>
        )}
      </p>
    </div>
  );
}
