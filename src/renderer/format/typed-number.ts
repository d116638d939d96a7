/** A number as a person types it, for a field with a range; what is wrong with it is said with what would be right. */
import { t } from "../../shared/words/words.ts";
import { readTyped, typedProblemText } from "./typed-decimal.ts";

export interface NumberRange {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Digits after the point, at most. */
  readonly digits: number;
}

export type TypedNumber = { readonly number: number } | { readonly problem: string };

/** `problem`: a sentence in the page's language. */
export function readNumber(typed: string, range: NumberRange, language: string): TypedNumber {
  const found = readTyped(typed, language);
  if ("problem" in found) return { problem: typedProblemText(typed, found) };
  const number = Number(found.decimal);
  if (Number.isNaN(number)) return { problem: t("controls.typed.notNumber") };
  const decimals = found.decimal.split(".")[1]?.length ?? 0;
  if (isOutside(number, range)) return { problem: rangeText(range, language) };
  if (decimals > range.digits && Number(number.toFixed(range.digits)) !== number)
    return {
      problem:
        range.digits === 0
          ? t("controls.typed.whole")
          : t("controls.typed.decimals", { digits: range.digits }),
    };
  return { number };
}

const isOutside = (number: number, { min = -Infinity, max = Infinity }: NumberRange): boolean =>
  number < min || number > max;

function rangeText({ min, max, digits }: NumberRange, language: string): string {
  const format = new Intl.NumberFormat(language, { maximumFractionDigits: digits, useGrouping: false });
  if (max === undefined) return t("controls.typed.least", { min: format.format(min ?? 0) });
  if (min === undefined) return t("controls.typed.most", { max: format.format(max) });
  return t("controls.typed.range", { min: format.format(min), max: format.format(max) });
}
