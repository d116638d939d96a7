/** Numbers for the eye: digits in groups, and the decimal mark of the language. */

/** Languages that write 1,5 for one and a half. */
const COMMA: ReadonlySet<string> = new Set(["de"]);

export const decimalMark = (language: string): string => (COMMA.has(language) ? "," : ".");

/** A narrow no-break space every three digits, from five digits on: "1840", "18 400". */
export function groupThousands(digits: string): string {
  return /\d{5}/.test(digits) ? digits.replace(/\B(?=(\d{3})+$)/g, "\u202f") : digits;
}

/** Decimal text with a point, "18400.50", as a person of that language reads it: "18 400,50". */
export function showDecimal(decimal: string, language: string): string {
  const [whole = "", fraction] = decimal.split(".");
  return groupThousands(whole) + (fraction === undefined ? "" : decimalMark(language) + fraction);
}

/** A value within a text: numbers, and `decimal` text, as above; `capital` begins a sentence. */
export function showValue(value: unknown, format: string | undefined, language: string): string {
  const isNumber = typeof value === "number" || format === "decimal";
  const text = isNumber ? showDecimal(String(value), language) : String(value);
  return format === "capital" ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
