/** What notices need to know and the state does not tell by itself: asked for now and then, quietly. */
import type { ContractClient } from "../contract/contract.ts";
import type { State } from "../contract/views.ts";
import { MINUTE } from "../durations.ts";
import type { NoticeFacts } from "./notice.ts";

export type AskedFacts = Pick<NoticeFacts, "levels" | "balances">;
export const NOTHING_ASKED: AskedFacts = { levels: [], balances: [] };

/** Our own books: cheap. */
export const ASK_LEVELS_EVERY = MINUTE;
/** The market is asked: seldom. Counted in rounds of ASK_LEVELS_EVERY. */
export const ROUNDS_PER_BALANCE = 15;

/** Only of markets that keep books of this provider; what can't be had now stays as it was. Never rejects. */
export async function askFacts(
  client: Pick<ContractClient, "invoke">,
  state: Pick<State, "markets">,
  before: AskedFacts,
  withBalances: boolean,
): Promise<AskedFacts> {
  const markets = state.markets.filter(({ standing }) => standing !== undefined).map(({ id }) => id);
  const levels = await Promise.all(
    markets.map((market) =>
      client.invoke("service.level", { market }).then(
        ({ level }) => level,
        () => before.levels.find((known) => known.market === market) ?? null,
      ),
    ),
  );
  if (!withBalances) return { levels: levels.filter((level) => level !== null), balances: before.balances };
  const balances = await Promise.all(
    markets.map((market) =>
      client
        .invoke("provider.balance", { market })
        .catch(() => before.balances.find((known) => known.market === market) ?? null),
    ),
  );
  return {
    levels: levels.filter((level) => level !== null),
    balances: balances.filter((balance) => balance !== null),
  };
}
