/** How far an install of the GPU pack is. */
import type { GpuPackView } from "../../shared/contract/gpu-pack.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { InstallProgress } from "../parts/install-progress.tsx";

export function GpuPackProgress({ pack }: { pack: GpuPackView }) {
  const { parts, part, step, bytesTotal, bytesHere } = pack;
  const name = parts.find(({ id }) => id === part)?.name ?? "";
  return (
    <InstallProgress
      label={t("gpus.pack.progress.label")}
      percent={bytesHere === null || bytesTotal === 0 ? null : Math.floor((bytesHere / bytesTotal) * 100)}
      amount={
        bytesHere === null
          ? t("gpus.pack.progress.unknown")
          : t("gpus.pack.progress.amount", { done: showBytes(bytesHere), all: showBytes(bytesTotal) })
      }
      step={step === null ? null : t(`gpus.pack.progress.${step}`, { name })}
    />
  );
}
