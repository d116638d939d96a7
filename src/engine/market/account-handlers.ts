/** The contract's commands about the provider's account at a market: standing, stake, balance, claim. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { MarketTerms } from "../../shared/contract/terms.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError, isAbort } from "../../shared/errors.ts";
import { money } from "../../shared/money.ts";
import { PUBLISHED_TERMS } from "./adapters.ts";
import type { MarketAccount } from "./port.ts";
import type { MarketSession } from "./session.ts";

const ANSWER_WITHIN = 20 * SECOND;
/** An order may be looked for after it (given-once.ts), and who gave it waits for no more than half a minute. */
const ORDER_WITHIN = 12 * SECOND;
const SHOWN_WITHIN = 3 * SECOND;
/** What a claim answers it answers once: it has nearly as long as who asked for it waits. */
const CLAIM_WITHIN = 28 * SECOND;

type AccountCommand =
  | "provider.terms"
  | "provider.standing"
  | "provider.stake"
  | "provider.unstake"
  | "provider.balance"
  | "provider.claim";

export function accountHandlers(sessions: readonly MarketSession[]): Pick<ContractHandlers, AccountCommand> {
  const sessionOf = (market: MarketId) => sessions.find((session) => session.adapter.id === market);
  const soon = () => AbortSignal.timeout(ANSWER_WITHIN);
  const orderTime = () => AbortSignal.timeout(ORDER_WITHIN);

  function accountAt(market: MarketId): MarketAccount {
    const account = sessionOf(market)?.adapter.account;
    if (account !== undefined) return account;
    throw new AppError({
      code: "NO_ACCOUNT",
      message: `${market} is not configured here, or keeps no stakes`,
      actor: "user",
    });
  }

  /** The change is shown at once, not with the next heartbeat. It is made, whatever becomes of the look after it. */
  async function changed<T>(market: MarketId, change: Promise<T>): Promise<T> {
    const done = await change;
    const session = sessionOf(market);
    if (session === undefined) return done;
    await session.refreshStanding(AbortSignal.timeout(SHOWN_WITHIN)).catch((thrown: unknown) => {
      if (!isAbort(thrown)) session.noteError(thrown, "standing");
    });
    return done;
  }

  const amountAt = (market: MarketId, minor: string) =>
    money(sessionOf(market)?.adapter.currency ?? "ANM", BigInt(minor));

  /** A market that has spoken to this provider is believed before what is published of it. */
  function asTold(terms: MarketTerms): MarketTerms {
    const told = sessionOf(terms.market)?.standing?.stake.minimum;
    if (terms.stake === null || told === undefined) return terms;
    return { ...terms, stake: { ...terms.stake, minimum: told, from: "market" } };
  }

  return {
    "provider.terms": async () => ({ terms: PUBLISHED_TERMS.map(asTold) }),
    "provider.standing": async ({ market }) => {
      const account = sessionOf(market)?.adapter.account;
      return { standing: account === undefined ? null : await account.standing(soon()) };
    },
    "provider.stake": async ({ market, amountMinor }) => ({
      standing: await changed(market, accountAt(market).stake(amountAt(market, amountMinor), orderTime())),
    }),
    "provider.unstake": async ({ market, amountMinor }) => ({
      standing: await changed(market, accountAt(market).unstake(amountAt(market, amountMinor), orderTime())),
    }),
    "provider.balance": async ({ market }) => accountAt(market).balance(soon()),
    "provider.claim": async ({ market }) => {
      const report = await accountAt(market).claim(AbortSignal.timeout(CLAIM_WITHIN));
      sessionOf(market)?.noteClaimed();
      return report;
    },
  };
}
