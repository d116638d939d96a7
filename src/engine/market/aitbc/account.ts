/**
 * The provider's account on AITBC's chain: what is staked and bonded there, and the wallet's balance (protocols/aitbc.md
 * §6.2, §6.4, §8). No stake is needed to be given jobs, nothing slashes one, and payouts need no claim: so every provider
 * is eligible, and what a person can do is stake, release what is free again, and look.
 */
import type { ProviderStanding } from "../../../shared/contract/views.ts";
import { DAY, MINUTE, SECOND } from "../../../shared/durations.ts";
import { AppError, isAbort } from "../../../shared/errors.ts";
import { add, formatDecimal, type Money, money, toMoneyValue } from "../../../shared/money.ts";
import { giveOnce } from "../given-once.ts";
import type { MarketAccount } from "../port.ts";
import { type ChainBond, type ChainBooks, type ChainStake, LOCK_DAYS } from "./chain.ts";
import type { Wallet } from "./wallet.ts";

/** A chain that is slow to tell must not make the coordinator wait for our heartbeat (rule 7: every 15 s). */
const LOOK_WITHIN = 3 * SECOND;
const LOOK_EVERY = MINUTE;
interface StakesSeen {
  readonly total: Money;
  readonly stakes: readonly ChainStake[];
}

const NOTHING = money("AIT", 0n);

export interface ChainAccountDeps {
  readonly chain: ChainBooks;
  readonly minerId: string;
  /** The wallet's address, in any spelling. */
  readonly address: string;
  /** Net of what is done and still in escrow, by the coordinator's books; null: it does not tell. */
  readonly inEscrow: (signal: AbortSignal) => Promise<Money | null>;
  /** Signs stakes and releases; null: its key is not here. */
  readonly signer: () => Wallet | null;
  readonly now: () => number;
}

export function createChainAccount(deps: ChainAccountDeps): MarketAccount {
  const { chain, minerId, address, now } = deps;
  let last: { readonly at: number; readonly standing: ProviderStanding | AppError } | null = null;

  /** What the bonds were when they were last read. */
  let bonds: readonly ChainBond[] = [];

  async function look(signal: AbortSignal): Promise<ProviderStanding> {
    const staked = await chain.stakes(address, signal);
    bonds = await chain.bonds(address, signal);
    return standingOf(staked);
  }

  function standingOf({ total, stakes }: StakesSeen): ProviderStanding {
    return {
      market: "aitbc",
      providerId: minerId,
      at: now(),
      state: "eligible",
      jailedUntil: null,
      health: { score: null, word: null },
      stake: {
        total: toMoneyValue(total),
        effective: toMoneyValue(total),
        minimum: toMoneyValue(NOTHING),
        releases: [],
        lockMs: LOCK_DAYS.usual * DAY,
        parts: [
          ...stakes.map(({ stakeId, amount, lockedUntil, status }) => ({
            kind: "stake" as const,
            reference: stakeId,
            amount: toMoneyValue(amount),
            lockedUntil,
            status,
          })),
          ...bonds.map(({ bondId, amount, status }) => ({
            kind: "bond" as const,
            reference: bondId,
            amount: toMoneyValue(amount),
            lockedUntil: null,
            status,
          })),
        ],
      },
      reasons: [],
      slashes: [],
      service: { traps: null, qos: null, latencyP95Ms: null, availability: null },
    };
  }

  /** Whatever is wrong with the chain is no reason to stop working for the coordinator: it is asked again later. */
  async function standing(signal: AbortSignal): Promise<ProviderStanding> {
    if (last === null || now() - last.at >= LOOK_EVERY) {
      const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_WITHIN)]);
      const found = await look(within).catch((thrown: unknown) => {
        if (signal.aborted || !(thrown instanceof AppError || isAbort(thrown))) throw thrown;
        return unreadable(thrown);
      });
      last = { at: now(), standing: found };
    }
    if (last.standing instanceof AppError) throw last.standing;
    return last.standing;
  }

  /** The change is made: as the chain shows it, or as it must be where the chain can't be asked just now. */
  async function changed(after: StakesSeen, signal: AbortSignal): Promise<ProviderStanding> {
    last = null;
    return look(AbortSignal.any([signal, AbortSignal.timeout(LOOK_WITHIN)])).catch((thrown: unknown) => {
      if (!(thrown instanceof AppError || isAbort(thrown))) throw thrown;
      return standingOf(after);
    });
  }

  function signer(): Wallet {
    const wallet = deps.signer();
    if (wallet !== null) return wallet;
    throw new AppError({
      code: "NO_WALLET_KEY",
      message: "Stakes are signed, and there is no key to sign with",
      actor: "user",
      help: "Set AITBC_WALLET_KEY to the wallet's secp256k1 key.",
    });
  }

  return {
    standing,

    async stake(amount, signal) {
      const wallet = signer();
      const before = await chain.stakes(address, signal);
      const made = await stakeOnce(chain, wallet, { amount, days: LOCK_DAYS.usual, before }, signal);
      const stakes = [...before.stakes, { ...made, amount, status: "active" }];
      return changed({ total: add(before.total, amount), stakes }, signal);
    },

    /** The chain releases whole stakes only, and only after their time. */
    async unstake(amount, signal) {
      const wallet = signer();
      const before = await chain.stakes(address, signal);
      const { stakeId } = wholeStake(before.stakes, amount, now());
      await unstakeOnce(chain, wallet, stakeId, signal);
      const total = money("AIT", before.total.minor - amount.minor);
      return changed({ total, stakes: before.stakes.filter((stake) => stake.stakeId !== stakeId) }, signal);
    },

    async balance(signal) {
      const [account, escrow] = await Promise.all([chain.account(address, signal), deps.inEscrow(signal)]);
      return {
        market: "aitbc",
        providerId: minerId,
        available: toMoneyValue(account?.balance ?? NOTHING),
        // The chain pays out by itself: what is settled is in the balance already.
        pending: toMoneyValue(NOTHING),
        escrow: toMoneyValue(escrow ?? NOTHING),
        lastSettlementEpoch: null,
        paysByItself: true,
      };
    },

    claim: async () => ({ market: "aitbc", providerId: minerId, total: toMoneyValue(NOTHING), payouts: [] }),
  };
}

/** Stakes once, also when the answer is lost: `before` is what stood there when nothing was sent yet. Throws ORDER_UNCLEAR. */
export function stakeOnce(
  chain: ChainBooks,
  wallet: Wallet,
  order: { readonly amount: Money; readonly days: number; readonly before: StakesSeen },
  signal: AbortSignal,
): Promise<{ stakeId: string; lockedUntil: number | null }> {
  const known = new Set(order.before.stakes.map(({ stakeId }) => stakeId));
  return giveOnce({
    what: "The stake",
    send: () => chain.stake(wallet, order.amount, order.days, signal),
    async find(within) {
      const { stakes } = await chain.stakes(wallet.address, within);
      const isNew = ({ stakeId, amount }: ChainStake) =>
        !known.has(stakeId) && amount.minor === order.amount.minor;
      return stakes.find(isNew) ?? null;
    },
  });
}

/** Throws ORDER_UNCLEAR when the answer was lost and the stake still stands. */
export async function unstakeOnce(
  chain: ChainBooks,
  wallet: Wallet,
  stakeId: string,
  signal: AbortSignal,
): Promise<void> {
  await giveOnce({
    what: "The release",
    send: () => chain.unstake(wallet, stakeId, signal).then(() => stakeId),
    async find(within) {
      const { stakes } = await chain.stakes(wallet.address, within);
      return stakes.some((stake) => stake.stakeId === stakeId) ? null : stakeId;
    },
  });
}

function wholeStake(stakes: readonly ChainStake[], amount: Money, now: number): ChainStake {
  const free = stakes.filter(({ lockedUntil }) => lockedUntil === null || lockedUntil <= now);
  const found = free.find((stake) => stake.amount.minor === amount.minor);
  if (found) return found;
  const total = free.map((stake) => stake.amount).reduce(add, NOTHING);
  const each = free.map((stake) => formatDecimal(stake.amount, 8)).join(", ");
  throw new AppError({
    code: "NO_SUCH_STAKE",
    message: `No stake of ${formatDecimal(amount, 8)} AIT can be released now: AITBC releases whole stakes, after their time`,
    actor: "user",
    help: total.minor === 0n ? "None is free yet." : `Free are ${each} AIT.`,
  });
}

function unreadable(cause: unknown): AppError {
  const said = cause instanceof AppError ? cause.message : "it did not answer in time";
  return new AppError({
    code: "CHAIN_UNREADABLE",
    message: `AITBC's chain does not tell what is staked: ${said}`,
    actor: "network",
    retryable: true,
    cause,
  });
}
