/** How each state of a model looks: icon, word, tone. */
import { Ban, CircleCheck, CircleDashed, CirclePause, CircleX, Download, FileWarning } from "lucide-react";
import type { ModelView } from "../../shared/contract/models.ts";
import { t } from "../../shared/words/words.ts";
import type { StatusLook } from "../parts/status-word.tsx";

const ICON_AND_TONE = {
  present: { icon: CircleCheck, tone: "ok" },
  missing: { icon: CircleDashed, tone: "muted" },
  corrupt: { icon: FileWarning, tone: "bad" },
  downloading: { icon: Download, tone: "info" },
  paused: { icon: CirclePause, tone: "muted" },
  failed: { icon: CircleX, tone: "bad" },
} as const satisfies Record<ModelView["state"], Omit<StatusLook, "word">>;

/** A model that is here but may not run is no ready one. */
export function modelLook({ state, allowed, ollama }: ModelView): StatusLook {
  if (!allowed && (state === "present" || state === "missing"))
    return { icon: Ban, word: t("models.state.heldBack"), tone: "warn" };
  if (state === "missing" && ollama !== undefined)
    return { ...ICON_AND_TONE.present, word: t("models.state.inOllama") };
  return { ...ICON_AND_TONE[state], word: t(`models.state.${state}`) };
}

const TASKS = ["embed", "rerank", "clip", "generate"] as const;

/** A task that this page does not know yet keeps the engine's name for it. */
export function taskName(task: string): string {
  const known = TASKS.find((each) => each === task);
  return known === undefined ? task : t(`models.task.${known}`);
}

/** Ready to be run. */
export const isReady = ({ state, allowed, ollama }: ModelView): boolean =>
  allowed && (state === "present" || ollama !== undefined);
