/**
 * Reads the one kind of work we run out of a market's payload. The payload is a stranger's: it is counted before it
 * is kept, and what does not fit is declined with the reason (design.md §9).
 */
import { KIB, MIB } from "../../shared/durations.ts";
import type { Work } from "./port.ts";

export const MAX_TEXTS = 2048;
/** In UTF-16 units. A model reads a few hundred tokens, so nothing of use is lost. */
export const MAX_TEXT_LENGTH = 64 * KIB;
export const MAX_TOTAL_LENGTH = 4 * MIB;

/** `input` is one text or a list of texts (protocols/aicf-profile.md "Job kinds"). */
export function readEmbedWork(input: unknown): Work {
  const texts = typeof input === "string" ? [input] : input;
  if (!Array.isArray(texts)) return declined("The input is neither a text nor a list of texts");
  if (texts.length === 0) return declined("The list of texts is empty");
  if (texts.length > MAX_TEXTS)
    return declined(`${texts.length} texts are more than the ${MAX_TEXTS} taken in one job`);
  let total = 0;
  for (const text of texts) {
    if (typeof text !== "string") return declined("The list holds something that is not a text");
    if (text.length > MAX_TEXT_LENGTH) return declined(`A text is longer than ${MAX_TEXT_LENGTH} characters`);
    total += text.length;
  }
  if (total > MAX_TOTAL_LENGTH)
    return declined(`The texts are together longer than ${MAX_TOTAL_LENGTH} characters`);
  return { kind: "embed", texts };
}

export function declined(reason: string): Work {
  return { kind: "unsupported", reason };
}
