/**
 * An amount as a person types it, read with the decimal mark of the page's language. What could mean a thousand to one
 * reader and one to another is refused: money moves by it.
 */
import { decimalMark } from "../../shared/words/numbers.ts";
import { t } from "../../shared/words/words.ts";

export type TypedDecimal =
  /** Decimal text with a point, as `parseDecimal` and `Number` read it. */
  | { readonly decimal: string }
  | { readonly problem: "notNumber" | "otherMark" }
  /** How the two readings are written beyond doubt, in the page's language. */
  | {
      readonly problem: "twoWays";
      readonly readings: { readonly thousands: string; readonly decimal: string };
    };

/** Spaces of all kinds between digits are the groups that the page itself writes. */
const SPACES = /[\s\u202f]/g;
/** "1.000", but not "0.312" and not "1234.567": nobody groups so. */
const COULD_BE_THOUSANDS = /^[+-]?[1-9]\d{0,2}\.\d{3}$/;

export function readTyped(typed: string, language: string): TypedDecimal {
  const mark = decimalMark(language);
  const other = mark === "," ? "." : ",";
  const text = typed.replaceAll(SPACES, "");
  if (!/\d/.test(text) || !/^[+-]?[\d.,]+$/.test(text)) return { problem: "notNumber" };
  if (text.includes(other)) return { problem: "otherMark" };
  const decimal = text.replaceAll(mark, ".");
  if (!/^[+-]?\d*(\.\d*)?$/.test(decimal)) return { problem: "notNumber" };
  if (!COULD_BE_THOUSANDS.test(decimal)) return { decimal };
  const shown = decimal.endsWith("0") ? decimal.replace(/0$/, "").replace(/00$/, "0") : `${decimal}0`;
  return {
    problem: "twoWays",
    readings: { thousands: decimal.replace(".", ""), decimal: shown.replace(".", mark) },
  };
}

/** What is wrong with it and how to write it instead. */
export function typedProblemText(typed: string, found: Exclude<TypedDecimal, { decimal: string }>): string {
  switch (found.problem) {
    case "notNumber":
      return t("controls.typed.notNumber");
    case "otherMark":
      return t("controls.typed.otherMark");
    case "twoWays":
      return t("controls.typed.twoWays", { typed: typed.trim(), ...found.readings });
  }
}
