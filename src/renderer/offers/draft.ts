/** A price as it is being thought about: what each strategy would need is kept while one tries the others. */
import type { PriceStrategy } from "../../shared/contract/offers.ts";
import type { CurrencyCode } from "../../shared/money.ts";
import { moneyOf, numberOf } from "./price-numbers.ts";

export type StrategyKind = PriceStrategy["kind"];
export const STRATEGY_KINDS: readonly StrategyKind[] = ["fixed", "median", "percentile", "utilisation"];

export interface Draft {
  readonly kind: StrategyKind;
  /** null: none was set. */
  readonly price: number | null;
  readonly percentile: number;
  readonly lowest: number | null;
}

export const FIRST_DRAFT: Draft = { kind: "median", price: null, percentile: 40, lowest: null };

export function draftOf(strategy: PriceStrategy): Draft {
  if (strategy.kind === "fixed") return { ...FIRST_DRAFT, kind: "fixed", price: numberOf(strategy.price) };
  const lowest = strategy.lowest === null ? null : numberOf(strategy.lowest);
  const percentile = strategy.kind === "percentile" ? strategy.percentile : FIRST_DRAFT.percentile;
  return { ...FIRST_DRAFT, kind: strategy.kind, percentile, lowest };
}

/** null: something is missing. */
export function strategyOf(draft: Draft, currency: CurrencyCode): PriceStrategy | null {
  const lowest = draft.lowest === null ? null : moneyOf(currency, draft.lowest);
  switch (draft.kind) {
    case "fixed":
      return draft.price === null || draft.price <= 0
        ? null
        : { kind: "fixed", price: moneyOf(currency, draft.price) };
    case "median":
    case "utilisation":
      return { kind: draft.kind, lowest };
    case "percentile":
      return { kind: "percentile", percentile: draft.percentile, lowest };
  }
}

export function sameStrategy(a: PriceStrategy, b: PriceStrategy): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

const canonical = (strategy: PriceStrategy) => Object.entries(strategy).sort(([a], [b]) => (a < b ? -1 : 1));
