/** What a start that takes long says: to the eye with what counts up, to who listens once for each step. */
import { hear } from "../../shared/words/hear.ts";
import type { Spoken } from "../../shared/words/said.ts";
import { t } from "../../shared/words/words.ts";
import { coarse } from "../format/time.ts";

/** A wait longer than this is worth words. */
const LONG_WAIT_MS = 6_000;

export interface StartWords {
  readonly shown: string;
  /** Read out whenever it changes. */
  readonly announced: string;
}

export function startWords(kind: "desktop" | "web", doing: Spoken | undefined, waitedMs: number): StartWords {
  if (doing !== undefined) {
    const still = (step: string) => t("shell.stillStarting", { doing: step });
    return { shown: still(hear(doing.text, doing.said)), announced: still(stepOf(doing)) };
  }
  if (waitedMs > LONG_WAIT_MS)
    return { shown: t("shell.notThere", { time: coarse(waitedMs) }), announced: t("shell.notThereYet") };
  const detail = t(kind === "desktop" ? "shell.startingDetail" : "shell.reachingDetail");
  return { shown: detail, announced: detail };
}

/** Without how far it is. */
function stepOf({ text, said }: Spoken): string {
  return said?.key === "startCheckingModel"
    ? t("shell.checkingModel", { model: String(said.values.model) })
    : hear(text, said);
}
