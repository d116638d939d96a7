/** How much input one job may bring. Checked before anything is copied, tokenised or allocated for it. */
import { KIB, MIB } from "../durations.ts";
import { AppError } from "../errors.ts";

export const INPUT_LIMITS = {
  textsPerItem: 2048,
  /** UTF-16 units; a model reads some hundred tokens of them and the rest is cut off. */
  charactersPerText: 64 * KIB,
  charactersPerItem: 4 * MIB,
} as const;

/** Throws INPUT_EMPTY or INPUT_TOO_LARGE; costs one look at each text's length. */
export function requireTextsInLimits(texts: readonly string[]): void {
  if (texts.length === 0) {
    throw new AppError({ code: "INPUT_EMPTY", message: "The job brings no text to embed", actor: "market" });
  }
  if (texts.length > INPUT_LIMITS.textsPerItem) {
    throw tooLarge(`${texts.length} texts`, `${INPUT_LIMITS.textsPerItem} texts per job`);
  }
  let total = 0;
  for (const [index, text] of texts.entries()) {
    total += text.length;
    if (text.length > INPUT_LIMITS.charactersPerText) {
      throw tooLarge(
        `${text.length} characters in text ${index + 1}`,
        `${INPUT_LIMITS.charactersPerText} per text`,
      );
    }
    if (total > INPUT_LIMITS.charactersPerItem) {
      throw tooLarge("too many characters", `${INPUT_LIMITS.charactersPerItem} per job`);
    }
  }
}

function tooLarge(found: string, limit: string): AppError {
  return new AppError({
    code: "INPUT_TOO_LARGE",
    message: `The job brings ${found}; the limit is ${limit}`,
    actor: "market",
  });
}
