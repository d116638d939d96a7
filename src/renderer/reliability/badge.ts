/** How many things of a market's service need a look: measures near or past a limit, and a market that withholds work. */
import type { State } from "../../shared/contract/views.ts";

export function reliabilityBadge({ markets }: Pick<State, "markets">): number {
  return markets.reduce((sum, { serviceWarnings = 0, standing }) => {
    const withheld = standing !== undefined && standing.state !== "eligible" ? 1 : 0;
    return sum + serviceWarnings + withheld;
  }, 0);
}
