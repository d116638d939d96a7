/**
 * How far two results of one job are apart. Floats of two devices are never equal bit by bit, so they are compared by
 * the tolerance the model declares; tokens of a model that always takes the likeliest one are (design.md §7).
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import { unreachable } from "../../shared/errors.ts";
import type { TaskResult } from "../../shared/results.ts";
import { type EngineKey, type Sentence, say } from "../../shared/words/said.ts";
import { compareVectors, type Difference, sayDifference } from "../self-test/reference.ts";

/** Work without a model is plain float32 arithmetic: only the order of sums differs. Relative to the largest value. */
const ARITHMETIC = { cosine: 0.999999, maxAbs: 1e-5 };

export interface Comparison {
  readonly ok: boolean;
  /** null: not compared as numbers. */
  readonly difference: Difference | null;
  /** One sentence. */
  readonly detail: Sentence;
}

/** `tolerance`: null for work that needs no model. */
export function compareResults(
  kept: TaskResult,
  again: TaskResult,
  tolerance: CatalogueModel["tolerance"] | null,
): Comparison {
  if (kept.kind !== again.kind) return wrongKind();
  switch (kept.kind) {
    case "embed":
    case "rerank":
      return again.kind === kept.kind ? byNumbers([kept.tensor], [again.tensor], tolerance) : wrongKind();
    case "clip":
      return again.kind === "clip"
        ? byNumbers([kept.texts, kept.images], [again.texts, again.images], tolerance)
        : wrongKind();
    case "vector": {
      if (again.kind !== "vector") return wrongKind();
      const places = (result: typeof kept) => result.indices?.data.join() ?? "";
      if (places(kept) !== places(again)) return different("resultPlaces");
      return byNumbers([kept.tensor], [again.tensor], tolerance);
    }
    case "generate": {
      if (again.kind !== "generate") return wrongKind();
      const same = kept.tokenIds.join() === again.tokenIds.join() && kept.text === again.text;
      return same
        ? { ok: true, difference: null, detail: say("resultTokens", { count: kept.tokenIds.length }) }
        : different("resultText");
    }
    default:
      return unreachable(kept);
  }
}

interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

function byNumbers(
  kept: readonly Tensor[],
  again: readonly Tensor[],
  tolerance: CatalogueModel["tolerance"] | null,
): Comparison {
  if (kept.map(({ shape }) => shape.join("×")).join() !== again.map(({ shape }) => shape.join("×")).join())
    return different("resultShape");
  let worst: Difference = { cosine: 1, maxAbs: 0 };
  for (const [i, tensor] of kept.entries()) {
    const found = again[i]?.data ?? new Float32Array();
    if (tensor.data.length === 0) continue;
    const { cosine, maxAbs } = compareVectors(found, rowsOf(tensor));
    worst = { cosine: Math.min(worst.cosine, cosine), maxAbs: Math.max(worst.maxAbs, maxAbs) };
  }
  const scale = tolerance === null ? Math.max(1, ...kept.map(largest)) : 1;
  const { cosine, maxAbs } = tolerance ?? ARITHMETIC;
  // NaN fails both comparisons.
  const ok = worst.cosine >= cosine && worst.maxAbs <= maxAbs * scale;
  const found = sayDifference(worst).said;
  const allowed = { cosine: String(cosine), difference: String(maxAbs * scale) };
  return {
    ok,
    difference: worst,
    detail: ok ? say("resultClose", { found }) : say("resultFar", { found, ...allowed }),
  };
}

/** A matrix by its rows; anything else is one row. */
function rowsOf({ shape, data }: Tensor): Float32Array[] {
  const width = shape.length === 2 ? (shape[1] ?? 0) : data.length;
  if (width === 0) return [];
  return Array.from({ length: data.length / width }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

function largest({ data }: Tensor): number {
  return data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function different(why: EngineKey): Comparison {
  return { ok: false, difference: null, detail: say("resultOther", { why: say(why).said }) };
}

const wrongKind = (): Comparison => different("resultKind");
