/**
 * A sentence of the engine: in English for logs, scripts and the terminal, and beside it by key and values, so that a
 * screen can say it in its own language (hear.ts). What has no key (a market's own words, an error's message) is shown
 * as it came.
 *
 * English is put together here: the translator and the texts of every screen in every language are no load for an engine.
 */
import { z } from "zod";
import { engine } from "./en/engine.ts";
import { showValue } from "./numbers.ts";

export interface Said {
  readonly key: string;
  /** A value may itself be something said: the reason within a sentence. */
  readonly values: Readonly<Record<string, string | number | Said>>;
}

export const SaidSchema: z.ZodType<Said> = z.object({
  key: z.string().max(100),
  values: z.record(z.string().max(40), z.union([z.string().max(2000), z.number(), z.lazy(() => SaidSchema)])),
});

/** The forms of a plural are one key. */
type Base<K extends string> = K extends `${infer Stem}_${"one" | "other"}` ? Stem : K;
export type EngineKey = Base<keyof typeof engine>;

export interface Sentence {
  readonly text: string;
  readonly said: Said;
}

export function say(key: EngineKey, values: Said["values"] = {}): Sentence {
  const said = { key, values };
  return { text: inEnglish(said), said };
}

export function isSaid(value: Said["values"][string]): value is Said {
  return typeof value === "object";
}

const WORDS: Readonly<Record<string, string>> = engine;
/** `{{name}}` and `{{name, capital}}`, as in every catalogue (words.ts). */
const PLACE = /\{\{(\w+)(?:, *(\w+))?\}\}/g;

function inEnglish({ key, values }: Said): string {
  const { count } = values;
  const plural = count === undefined ? undefined : WORDS[`${key}_${count === 1 ? "one" : "other"}`];
  return (plural ?? WORDS[key] ?? key).replaceAll(PLACE, (_place, name: string, format?: string) => {
    const value = values[name] ?? "";
    return showValue(isSaid(value) ? inEnglish(value) : value, format, "en");
  });
}
