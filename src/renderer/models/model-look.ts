/** How each state of a model looks: icon, word, tone. */
import { Ban, CircleCheck, CircleDashed, CirclePause, CircleX, Download, FileWarning } from "lucide-react";
import type { ModelView } from "../../shared/contract/models.ts";
import { t } from "../../shared/words/words.ts";
import type { StatusLook } from "../parts/status-word.tsx";
import { useEngine } from "../state/store.ts";

const ICON_AND_TONE = {
  present: { icon: CircleCheck, tone: "ok" },
  missing: { icon: CircleDashed, tone: "muted" },
  corrupt: { icon: FileWarning, tone: "bad" },
  downloading: { icon: Download, tone: "info" },
  paused: { icon: CirclePause, tone: "muted" },
  failed: { icon: CircleX, tone: "bad" },
} as const satisfies Record<ModelView["state"], Omit<StatusLook, "word">>;

/** A model that is here but may not run is no ready one. `ollamaHasIt`: also while it can't be run there. */
export function modelLook({ state, allowed, ollama }: ModelView, ollamaHasIt = false): StatusLook {
  if (!allowed && (state === "present" || state === "missing"))
    return { icon: Ban, word: t("models.state.heldBack"), tone: "warn" };
  if (state === "missing" && ollama !== undefined)
    return { ...ICON_AND_TONE.present, word: t("models.state.inOllama") };
  if (state === "missing" && ollamaHasIt)
    return { ...ICON_AND_TONE.missing, word: t("models.state.notNowInOllama") };
  return { ...ICON_AND_TONE[state], word: t(`models.state.${state}`) };
}

/** Does Ollama have this model, whether it may be run there now or not? */
export function useOllamaHas(id: string): boolean {
  return useEngine((state) => state.engine.ollama?.models.some((model) => model.id === id) ?? false);
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
