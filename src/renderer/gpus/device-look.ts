/** A device's state as icon, word and colour, and its pause in a sentence. */
import {
  CircleCheck,
  CirclePause,
  CirclePower,
  CircleX,
  Flame as FlameIcon,
  LoaderCircle,
  Moon,
  TriangleAlert,
} from "lucide-react";
import type { PauseView } from "../../shared/contract/presence.ts";
import type { DeviceVerdict, DeviceView } from "../../shared/contract/views.ts";
import { isLeftOut } from "../../shared/gpu/left-out.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { formatSoon } from "../format/time.ts";
import type { StatusLook } from "../parts/status-word.tsx";

const LOOK = {
  asleep: { icon: Moon, tone: "muted" },
  starting: { icon: LoaderCircle, tone: "info" },
  ready: { icon: CircleCheck, tone: "ok" },
  working: { icon: FlameIcon, tone: "ember" },
  breaker: { icon: TriangleAlert, tone: "warn" },
  failed: { icon: CircleX, tone: "bad" },
  paused: { icon: CirclePause, tone: "warn" },
  off: { icon: CirclePower, tone: "muted" },
  leftOut: { icon: CirclePower, tone: "muted" },
} as const;

export function deviceLook(device: DeviceView): StatusLook {
  const state = shownState(device);
  return { ...LOOK[state], word: t(`gpus.state.${state}`) };
}

function shownState(device: DeviceView): keyof typeof LOOK {
  if (isLeftOut(device)) return "leftOut";
  if (!device.enabled) return "off";
  return device.paused !== null && device.state !== "failed" ? "paused" : device.state;
}

/** "Paused for Cyberpunk2077, which holds 6000 MB of it.", in the same words as everywhere else. */
export function pauseSentence({ text, said }: PauseView): string {
  const words = asSentence(hear(text, said));
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** When it goes on, or who has to do what; and what else speaks against it. */
export function pauseHelp({ by, until, resumesByItself, signals }: PauseView, now: number): string {
  const others = signals.slice(1).map((name) => t(`gpus.signal.${name}`));
  const end =
    until !== null
      ? t("gpus.paused.until", { time: formatSoon(until, now) })
      : resumesByItself
        ? t("gpus.paused.byItself")
        : t(by === "switch" ? "gpus.paused.switchHelp" : "gpus.paused.resumeHelp");
  return others.length === 0 ? end : `${end} ${t("gpus.paused.also", { reasons: others.join(", ") })}`;
}

/** How it works, or why it can't. */
export function verdictWords(verdict: DeviceVerdict): string {
  return hear(verdict.usable ? verdict.how : verdict.why, verdict.said);
}

export function verdictHelp({ help, helpSaid }: DeviceVerdict): string | null {
  return help === null ? null : hear(help, helpSaid);
}

export const BACKEND_LABELS = {
  cuda: "CUDA",
  cpu: "CPU",
  webgpu: "WebGPU",
  dml: "DirectML",
  vulkan: "Vulkan",
  ollama: "Ollama",
} as const;
