/**
 * Who shares a batch when more jobs wait than fit: those of like length, because a model pads every text of a batch to
 * the longest. The oldest job is always the first, so none is passed over for ever.
 */
import type { LeasedWork } from "../market/port.ts";

/** At most `count` of the others, the likest to `first`, in the order given. */
export function likest<T extends { readonly work: LeasedWork }>(
  first: T,
  others: readonly T[],
  count: number,
): T[] {
  if (others.length <= count) return [...others];
  const own = lengthOf(first.work);
  return others
    .map((job, index) => ({ job, index, apart: ratio(lengthOf(job.work), own) }))
    .sort((a, b) => a.apart - b.apart || a.index - b.index)
    .slice(0, Math.max(0, count))
    .sort((a, b) => a.index - b.index)
    .map(({ job }) => job);
}

/** What the model's time for one text of it grows with: characters of a text, tokens to write; 1 where all cost the same. */
export function lengthOf(work: LeasedWork): number {
  switch (work.kind) {
    case "embed":
      return mean(work.texts);
    case "rerank":
      return work.query.length + mean(work.documents);
    case "generate":
      return work.maxTokens;
    case "clip":
    case "vector":
    case "unsupported":
      return 1;
  }
}

function mean(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0) / Math.max(1, texts.length);
}

/** 1: equal; 2: one is twice the other. */
function ratio(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  return (large + 1) / (small + 1);
}
