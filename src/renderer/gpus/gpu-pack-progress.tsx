/** How far an install of the GPU pack is. */
import type { GpuPackView } from "../../shared/contract/gpu-pack.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";

export function GpuPackProgress({ pack }: { pack: GpuPackView }) {
  const { parts, part, step, bytesTotal, bytesHere } = pack;
  const name = parts.find(({ id }) => id === part)?.name ?? "";
  const percent = bytesHere === null || bytesTotal === 0 ? null : Math.floor((bytesHere / bytesTotal) * 100);
  const amount =
    bytesHere === null
      ? t("gpus.pack.progress.unknown")
      : t("gpus.pack.progress.amount", { done: showBytes(bytesHere), all: showBytes(bytesTotal) });
  return (
    <div className="pack-progress">
      <div
        className="pack-bar"
        role="progressbar"
        aria-label={t("gpus.pack.progress.label")}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(percent === null ? {} : { "aria-valuenow": percent })}
        aria-valuetext={amount}
      >
        <span style={{ width: `${percent ?? 0}%` }} />
      </div>
      <p className="quiet figures">
        {percent !== null && <span>{percent} %</span>}
        <span>{amount}</span>
        {step !== null && <span>{t(`gpus.pack.progress.${step}`, { name })}</span>}
      </p>
    </div>
  );
}
