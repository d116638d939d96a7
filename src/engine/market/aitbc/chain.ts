/**
 * The chain's own books of a provider: balance, stakes and bonds (protocols/aitbc.md §6.2, §6.4, §8). Amounts on the wire are
 * whole compute-seconds, 3600 to the AIT; whatever is finer is refused, never rounded.
 */
import { z } from "zod";
import { AppError } from "../../../shared/errors.ts";
import { AIT_COMPUTE_SECOND, formatDecimal, type Money } from "../../../shared/money.ts";
import { createHttpClient, type DebugSink, type HttpAnswer } from "../http.ts";
import type { Send } from "../send.ts";
import { hexAddress } from "./address.ts";
import { meantStatus, readerOf } from "./answer.ts";
import type { Wallet } from "./wallet.ts";
import { readComputeSeconds, readRows, readUtc } from "./wire.ts";

const MaybeText = z.string().nullish().catch(null);
const Amount = z.union([z.number(), z.string()]);
const AccountSchema = z.object({
  balance: Amount,
  nonce: z.number().int().nonnegative(),
  chain_id: z.string(),
});
const HeadSchema = z.object({ chain_id: MaybeText });
const StakeSchema = z.object({
  stake_id: z.union([z.string(), z.number()]),
  amount: Amount,
  locked_until: MaybeText,
  status: MaybeText,
});
const StakingSchema = z.object({ total_staked: Amount, active_stakes: z.array(z.unknown()).catch([]) });
const StakedSchema = z.object({
  success: z.literal(true),
  stake_id: z.union([z.string(), z.number()]),
  locked_until: MaybeText,
});
const UnstakedSchema = z.object({ success: z.literal(true) });
const BondSchema = z.object({ bond_id: z.string(), amount: Amount, status: MaybeText });

export const LOCK_DAYS = { least: 1, most: 3650, usual: 30 } as const;

export interface ChainStake {
  readonly stakeId: string;
  readonly amount: Money;
  /** Unix ms; null: not said. */
  readonly lockedUntil: number | null;
  readonly status: string | null;
}
export interface ChainBond {
  readonly bondId: string;
  readonly amount: Money;
  readonly status: string | null;
}

export type ChainBooks = ReturnType<typeof createChainBooks>;

export function createChainBooks(options: {
  readonly rpcUrl: string;
  readonly fetch?: Send | undefined;
  readonly now?: (() => number) | undefined;
  readonly onDebug?: DebugSink | undefined;
}) {
  const now = options.now ?? Date.now;
  const http = createHttpClient({
    baseUrl: options.rpcUrl,
    fetch: options.fetch,
    now,
    onDebug: options.onDebug,
  });
  const { read } = readerOf(now);

  const get = (path: string, signal: AbortSignal, query: Record<string, string> = {}) =>
    http.request({ method: "GET", path, query }, signal);
  const post = (path: string, value: unknown, signal: AbortSignal) =>
    http.request({ method: "POST", path, body: { kind: "json", value } }, signal);
  const isMissing = (answer: HttpAnswer) => meantStatus(answer.status, answer.body) === 404;

  /** Stakes and lists of another chain id come back empty, not refused: so it is asked for, never assumed. */
  async function chainId(signal: AbortSignal): Promise<string> {
    const { chain_id } = read(http, await get("/rpc/head", signal), HeadSchema);
    if (chain_id != null && chain_id !== "") return chain_id;
    throw new AppError({
      code: "CHAIN_UNKNOWN",
      message: `${http.host} does not say which chain it is`,
      actor: "market",
      help: "Ask the node's operator.",
    });
  }

  return {
    chainId,

    /** null: the chain has never seen this address. */
    async account(address: string, signal: AbortSignal): Promise<{ balance: Money; nonce: number } | null> {
      const answer = await get(`/rpc/account/${encodeURIComponent(address)}`, signal);
      if (isMissing(answer)) return null;
      const { balance, nonce } = read(http, answer, AccountSchema);
      return { balance: exact(balance), nonce };
    },

    async stakes(address: string, signal: AbortSignal): Promise<{ total: Money; stakes: ChainStake[] }> {
      const query = { chain_id: await chainId(signal) };
      const path = `/rpc/staking/${encodeURIComponent(requireHex(address))}`;
      const said = read(http, await get(path, signal, query), StakingSchema);
      const stakes = readRows(StakeSchema, said.active_stakes).map((stake) => ({
        stakeId: String(stake.stake_id),
        amount: exact(stake.amount),
        lockedUntil: readUtc(stake.locked_until),
        status: stake.status ?? null,
      }));
      return { total: exact(said.total_staked), stakes };
    },

    /** `lockDays` is not part of what is signed: upstream trusts the wire for it. */
    async stake(
      wallet: Wallet,
      amount: Money,
      lockDays: number,
      signal: AbortSignal,
    ): Promise<{ stakeId: string; lockedUntil: number | null }> {
      const chain_id = await chainId(signal);
      const order = { action: "stake", address: wallet.address, amount: wholeSeconds(amount), chain_id };
      const { action: _, ...body } = order;
      const signature = wallet.sign(order);
      const answer = await post("/rpc/staking/stake", { ...body, lock_days: lockDays, signature }, signal);
      const staked = read(http, answer, StakedSchema);
      return { stakeId: String(staked.stake_id), lockedUntil: readUtc(staked.locked_until) };
    },

    async unstake(wallet: Wallet, stakeId: string, signal: AbortSignal): Promise<void> {
      const chain_id = await chainId(signal);
      const order = { action: "unstake", address: wallet.address, chain_id, stake_id: stakeId };
      const { action: _, ...body } = order;
      const answer = await post("/rpc/staking/unstake", { ...body, signature: wallet.sign(order) }, signal);
      read(http, answer, UnstakedSchema);
    },

    /** Bonds that stand for this address; empty where the node knows of none. */
    async bonds(address: string, signal: AbortSignal): Promise<ChainBond[]> {
      const answer = await get(`/rpc/bond/provider/${encodeURIComponent(requireHex(address))}`, signal);
      if (isMissing(answer)) return [];
      const rows = Array.isArray(answer.body) ? answer.body : read(http, answer, BondsSchema).bonds;
      return readRows(BondSchema, rows).map((bond) => ({
        bondId: bond.bond_id,
        amount: exact(bond.amount),
        status: bond.status ?? null,
      }));
    },
  };

  function exact(value: string | number): Money {
    const amount = readComputeSeconds(value);
    if (amount !== null) return amount;
    throw new AppError({
      code: "UNREADABLE_ANSWER",
      message: `${http.host} gave an amount that is no whole number of compute-seconds`,
      actor: "market",
      retryable: true,
    });
  }
}

const BondsSchema = z.object({ bonds: z.array(z.unknown()).catch([]) });

/** AIT to compute-seconds; throws BAD_AMOUNT for what the chain can't hold. */
export function wholeSeconds(amount: Money): number {
  const seconds = amount.minor / AIT_COMPUTE_SECOND;
  const whole = amount.minor % AIT_COMPUTE_SECOND === 0n && amount.minor > 0n;
  if (whole && seconds <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(seconds);
  throw new AppError({
    code: "BAD_AMOUNT",
    message: `${formatDecimal(amount, 8)} AIT can't be staked: the chain counts whole compute-seconds, 3600 to the AIT`,
    actor: "user",
    help: "Write a positive amount such as 100 or 0.5.",
  });
}

function requireHex(address: string): string {
  const hex = hexAddress(address);
  if (hex !== null) return hex;
  throw new AppError({
    code: "BAD_ADDRESS",
    message: `"${address.slice(0, 60)}" is not an address of 20 bytes`,
    actor: "user",
    help: "Write it as 0x, ait1 or aitbc1.",
  });
}
