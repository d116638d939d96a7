/**
 * An error for a person who does not read the engine's language: what it means by its code, and the engine's own
 * sentence, with the values, as a detail under it.
 */
import type { ErrorValue } from "../errors.ts";
import type { en } from "./en/en.ts";
import { currentLanguage, has, t } from "./words.ts";

export interface HeardError {
  readonly sentence: string;
  /** The engine's own words, where the sentence is not those already. */
  readonly detail: string | null;
}

export function hearError({ code, message }: Pick<ErrorValue, "code" | "message">): HeardError {
  if (currentLanguage() === "en" || !isKnown(code)) return { sentence: message, detail: null };
  return { sentence: t(`errors.${code}`), detail: message };
}

function isKnown(code: string): code is keyof typeof en.errors {
  return has(`errors.${code}`);
}
