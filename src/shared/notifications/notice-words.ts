/** A notice's words with their keys, so that each reader hears them in its own language, later too. */
import type { ErrorValue } from "../errors.ts";
import { CURRENCIES, formatDecimal, fromMoneyValue, type MoneyValue } from "../money.ts";
import { type Said, type Sentence, type Spoken, say, sayError, sayRemedy, within } from "../words/said.ts";
import { asSentence } from "../words/sentence.ts";
import type { Notice } from "./notice.ts";

/** `text` null: the title says it all. */
export function worded(
  title: Spoken,
  text: Spoken | null,
): Pick<Notice, "title" | "titleSaid" | "text" | "textSaid"> {
  return {
    title: title.text,
    ...(title.said && { titleSaid: title.said }),
    text: text?.text ?? "",
    ...(text?.said && { textSaid: text.said }),
  };
}

/** What happened, and what to do. */
export function sayErrorLine(error: Pick<ErrorValue, "code" | "message" | "help">): Sentence {
  const what = sayError(error).said;
  const help = sayRemedy(error);
  return help === null ? say("fullStop", { what }) : say("errorAndHelp", { what, help: help.said });
}

/** Ends like a sentence. */
export const whole = (spoken: Spoken): Spoken =>
  asSentence(spoken.text) === spoken.text ? spoken : say("fullStop", { what: within(spoken) });

/** An amount inside a sentence: "1.204131 ANM", "1,204131 ANM". */
export function sayAmount(value: MoneyValue): Said {
  const amount = formatDecimal(fromMoneyValue(value), CURRENCIES[value.currency].decimals);
  return say("anAmount", { amount, currency: value.currency }).said;
}

/** As views carry a sentence beside its key. */
export const spoken = (text: string, said: Said | undefined): Spoken => ({ text, ...(said && { said }) });
