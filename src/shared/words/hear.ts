/** What the engine said (said.ts), in the language of whoever looks. */
import { hearError } from "./hear-error.ts";
import { isSaid, type Said } from "./said.ts";
import { currentLanguage, has, t } from "./words.ts";

/** What was said, in the current language; `text` where it can't be. */
export function hear(text: string, said: Said | undefined): string {
  return said !== undefined && isKnown(said) ? translate(said) : text;
}

/** An older page may not know the words of a newer engine. */
function isKnown({ key, values }: Said): boolean {
  return has(`engine.${key}`) && Object.values(values).filter(isSaid).every(isKnown);
}

/** Keys come over a process border, so the compiler can't know them here. */
function translate({ key, values }: Said): string {
  const { code, message, help } = values;
  if (key === "error") return hearError({ code: String(code), message: String(message) }).sentence;
  if (key === "remedy")
    return hearError({ code: String(code), message: "", help: String(help) }).help ?? String(help);
  const words = Object.entries(values).map(([name, value]) => [
    name,
    isSaid(value) ? translate(value) : value,
  ]);
  return (t as unknown as (key: string, values: Readonly<Record<string, unknown>>) => string)(
    `engine.${key}`,
    { ...Object.fromEntries(words), lng: currentLanguage() },
  );
}
