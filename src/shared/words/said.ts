/**
 * A sentence of the engine: in English for logs, scripts and the terminal, and beside it by key and values, so that a
 * screen can say it in its own language. What has no key (a market's own words, an error's message) is shown as it came.
 */
import { z } from "zod";
import type { en } from "./en/en.ts";
import { currentLanguage, has, t } from "./words.ts";

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
export type EngineKey = Base<keyof typeof en.engine>;

export interface Sentence {
  readonly text: string;
  readonly said: Said;
}

export function say(key: EngineKey, values: Said["values"] = {}): Sentence {
  return { text: translate({ key, values }, "en"), said: { key, values } };
}

/** What was said, in the current language; `text` where it can't be. */
export function hear(text: string, said: Said | undefined): string {
  return said !== undefined && isKnown(said) ? translate(said, currentLanguage()) : text;
}

/** An older page may not know the words of a newer engine. */
function isKnown({ key, values }: Said): boolean {
  return has(`engine.${key}`) && Object.values(values).filter(isSaid).every(isKnown);
}

function isSaid(value: Said["values"][string]): value is Said {
  return typeof value === "object";
}

/** Keys come over a process border, so the compiler can't know them here. */
function translate({ key, values }: Said, lng: string): string {
  const words = Object.entries(values).map(([name, value]) => [
    name,
    isSaid(value) ? translate(value, lng) : value,
  ]);
  return (t as unknown as (key: string, values: Readonly<Record<string, unknown>>) => string)(
    `engine.${key}`,
    { ...Object.fromEntries(words), lng },
  );
}
