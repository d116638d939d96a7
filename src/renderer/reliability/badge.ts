/** How many things of a market's service need a look: measures near or past a limit, a market that withholds work, one whose work is not taken. */
import type { State } from "../../shared/contract/views.ts";

export function reliabilityBadge({ markets, engine }: Pick<State, "markets" | "engine">): number {
  // Whoever stopped it knows why no market hears of it.
  if (engine.intent === "stopped") return 0;
  return markets.reduce((sum, { serviceWarnings = 0, standing, paused }) => {
    const fine = standing === undefined || standing.state === "eligible" || standing.state === "new";
    return sum + serviceWarnings + (fine ? 0 : 1) + (paused === undefined ? 0 : 1);
  }, 0);
}
