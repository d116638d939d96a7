/** Lengths of time and sizes to choose from, each with the text that settings are written in. */
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";
import type { Option } from "../parts/controls/select.tsx";

const TIMES = { s: "seconds", m: "minutes", h: "hours", d: "days" } as const;
const SIZES = { M: "MiB", G: "GiB" } as const;

/** "5m" → "5 minutes" */
export function durationOptions(texts: readonly string[]): Option<string>[] {
  return texts.map((value) => {
    const unit = TIMES[value.slice(-1) as keyof typeof TIMES];
    return { value, label: t(`settings.time.${unit}`, { count: Number.parseInt(value, 10) }) };
  });
}

/** "20G" → "20 GiB" */
export function sizeOptions(texts: readonly string[], label = (size: string) => size): Option<string>[] {
  return texts.map((value) => {
    const unit = SIZES[value.slice(-1) as keyof typeof SIZES];
    return { value, label: label(`${showNumber(Number.parseInt(value, 10))} ${unit}`) };
  });
}

/** What a file or another version wrote, in the same words where it is one of these. */
export function optionOf(text: string): Option<string> {
  const [option] = /^\d+[smhd]$/.test(text)
    ? durationOptions([text])
    : /^\d+[MG]$/.test(text)
      ? sizeOptions([text])
      : [];
  return option ?? { value: text, label: text };
}
