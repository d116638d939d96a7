/**
 * An error for a person who does not read the engine's language: what it means and what to do by its code, and the
 * engine's own sentence, with the values, as a detail under it.
 */
import type { ErrorValue } from "../errors.ts";
import type { en } from "./en/en.ts";
import { asSentence } from "./sentence.ts";
import { currentLanguage, has, t } from "./words.ts";

export interface HeardError {
  readonly sentence: string;
  /** The engine's own words, where the sentence is not those already. */
  readonly detail: string | null;
  /** What can be done about it. */
  readonly help: string | null;
}

export function hearError({
  code,
  message,
  help,
}: Pick<ErrorValue, "code" | "message" | "help">): HeardError {
  // A newer engine may have errors that this page has no words for.
  if (currentLanguage() === "en" || !isKnown(code))
    return { sentence: message, detail: null, help: help ?? null };
  return {
    sentence: t(`errors.${code}`),
    detail: message,
    help: help === undefined ? null : hasRemedy(code) ? t(`remedies.${code}`) : help,
  };
}

/** Where there is room for one line: what happened, and what to do. */
export function hearErrorLine(error: Pick<ErrorValue, "code" | "message" | "help">): string {
  const { sentence, help } = hearError(error);
  return [sentence, help]
    .flatMap((part) => (part === null || part === "" ? [] : [asSentence(part)]))
    .join(" ");
}

const isKnown = (code: string): code is keyof typeof en.errors => has(`errors.${code}`);
const hasRemedy = (code: string): code is keyof typeof en.remedies => has(`remedies.${code}`);
