/** What every market asks of a provider. */
import type { MarketTerms } from "../../shared/contract/terms.ts";
import { SECOND } from "../../shared/durations.ts";
import { useAnswer } from "../state/use-answer.ts";

/** A market's own word may come while one reads. */
const LOOK_AGAIN = 10 * SECOND;

/** null until it is known. */
export function useTerms(): readonly MarketTerms[] | null {
  return useAnswer("provider.terms", {}, LOOK_AGAIN).answer?.terms ?? null;
}
