/**
 * The provider's account at AICF: register, stake, release, look, claim (protocols/aicf-profile.md "Calls",
 * protocols/aicf.md §1.1). These calls are signed with the provider key and nothing less.
 */
import type { AicfConfig } from "../../../shared/config.ts";
import type { ProviderBalance, ProviderStanding } from "../../../shared/contract/views.ts";
import { AppError } from "../../../shared/errors.ts";
import { type Money, toMoneyValue } from "../../../shared/money.ts";
import { giveOnce } from "../given-once.ts";
import type { ClaimBook, MarketAccount } from "../port.ts";
import { BlockPace } from "./block-pace.ts";
import type { AicfClient } from "./client.ts";
import { creditsOf } from "./credits.ts";
import type { NodeRpc } from "./node-rpc.ts";
import { refused } from "./refusal.ts";
import { standingOf } from "./standing.ts";
import { anm, type ProviderDetail, ProviderDetailSchema } from "./wire.ts";

/** What the market is told of the provider's key. */
export interface ProviderKey {
  readonly publicKey: Uint8Array;
  readonly address: string;
}

export interface AccountDeps {
  readonly config: AicfConfig;
  /** Read at each call: a key may be made while the engine runs. */
  readonly providerId: string;
  /** null: no queue is configured. */
  readonly client: AicfClient | null;
  /** null: no node is configured. */
  readonly node: NodeRpc | null;
  readonly claims: ClaimBook;
  readonly now: () => number;
  /** false: no backup of the key was checked, so nothing is staked yet. */
  readonly mayStake: () => Promise<boolean>;
  /** Heartbeats that the market acknowledged in this run; absent: none are sent from here. */
  readonly beats?: () => number;
}

export interface AicfAccount extends MarketAccount {
  /** Safe to repeat. Throws PROVIDER_ID_TAKEN when the id belongs to another key. */
  announce(key: ProviderKey, region: string | null, signal: AbortSignal): Promise<ProviderDetail>;
  /** null: the market does not know this provider. */
  detail(signal: AbortSignal): Promise<ProviderDetail | null>;
  /**
   * Brings the stake up to the minimum where the settings allow that much. Never after a penalty: staking again what
   * was slashed is a person's decision.
   */
  stakeUp(detail: ProviderDetail, signal: AbortSignal): Promise<void>;
}

export function createAccount(deps: AccountDeps): AicfAccount {
  const { config, client, node, now, mayStake } = deps;
  const queue = (): AicfClient => client ?? missing("queue", "AICF_QUEUE_URL", "Registration and stake");
  const chain = (): NodeRpc => node ?? missing("node", "RPC_URL", "Balance and claims");
  const pace = new BlockPace();
  const standing = (detail: ProviderDetail) => {
    const at = now();
    pace.note(detail.height, at);
    return standingOf(detail, queue().clock, at, pace.msPerBlock, deps.beats?.());
  };

  async function changeStake(op: "stake" | "unstake", nano: bigint, signal: AbortSignal) {
    const amount = Number.isSafeInteger(Number(nano)) ? Number(nano) : nano.toString();
    const path = `${queue().providerPath}/${op}`;
    const reply = await queue().signed(
      { op, path, fields: { amount }, schema: ProviderDetailSchema },
      signal,
    );
    if (reply.kind === "refused") throw refused(reply);
    return reply.value;
  }

  /** A person's order, given once: `done` tells by the books whether it was carried out. Throws ORDER_UNCLEAR. */
  async function orderStake(
    op: "stake" | "unstake",
    amount: Money,
    signal: AbortSignal,
  ): Promise<ProviderStanding> {
    const nano = nanoOf(amount);
    const before = await detail(signal);
    if (before === null) throw unknownProvider(deps.providerId);
    const isDone = (now: ProviderDetail) =>
      op === "stake"
        ? heldOf(now) >= heldOf(before) + nano
        : now.stake.effective <= before.stake.effective - nano;
    const after = await giveOnce({
      what: op === "stake" ? "The stake" : "The release",
      send: () => changeStake(op, nano, signal),
      async find(within) {
        const seen = await detail(within);
        return seen !== null && isDone(seen) ? seen : null;
      },
    });
    return standing(after);
  }

  async function detail(signal: AbortSignal): Promise<ProviderDetail | null> {
    const reply = await queue().get(queue().providerPath, {}, ProviderDetailSchema, signal);
    if (reply.kind === "ok") return reply.value;
    if (reply.status === 404) return null;
    throw refused(reply);
  }

  return {
    detail,

    async announce(key, region, signal) {
      const fields = {
        name: config.name,
        capabilities: ["AI"],
        region: config.region ?? region,
        public_key: `0x${Buffer.from(key.publicKey).toString("hex")}`,
        address: key.address,
        ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
        ...(config.secret === undefined ? {} : { secret: config.secret }),
      };
      const call = { op: "register", path: "/v1/providers", fields, schema: ProviderDetailSchema };
      const reply = await queue().signed(call, signal);
      if (reply.kind === "ok") return reply.value;
      if (reply.status === 409 && reply.code === "AICF_REGISTRY_ERROR") throw idTaken(deps.providerId);
      throw refused(reply);
    },

    async stakeUp(known, signal) {
      const short = known.stake.minimum - known.stake.effective;
      const allowed = config.autoStakeNano === null ? 0n : BigInt(config.autoStakeNano);
      if (short > 0n && short <= allowed && known.slashes.length === 0 && (await mayStake())) {
        await changeStake("stake", short, signal);
      }
    },

    async standing(signal): Promise<ProviderStanding> {
      const known = await detail(signal);
      if (known === null) throw unknownProvider(deps.providerId);
      return standing(known);
    },

    async stake(amount, signal) {
      if (!(await mayStake())) throw backupUnchecked();
      return orderStake("stake", amount, signal);
    },
    unstake: (amount, signal) => orderStake("unstake", amount, signal),

    async balance(signal): Promise<ProviderBalance> {
      const { providerId } = deps;
      const { available, pending, escrow, lastSettlementEpoch } = await chain().balance(providerId, signal);
      return {
        market: "aicf",
        providerId,
        available: toMoneyValue(anm(available)),
        pending: toMoneyValue(anm(pending)),
        escrow: toMoneyValue(anm(escrow)),
        lastSettlementEpoch: lastSettlementEpoch ?? null,
      };
    },

    async claim(signal) {
      const { providerId } = deps;
      const claim = await chain().claim(providerId, signal);
      deps.claims.put(creditsOf(claim, now()));
      const { payouts } = claim;
      const total = claim.totalPaid ?? payouts.reduce((sum, payout) => sum + payout.amount, 0n);
      return {
        market: "aicf",
        providerId,
        total: toMoneyValue(anm(total)),
        payouts: payouts.map(({ jobId, amount }) => ({ jobId, amount: toMoneyValue(anm(amount)) })),
      };
    },
  };
}

/** What lies at the market, whether it counts or is being released. */
const heldOf = ({ stake }: ProviderDetail): bigint => stake.total ?? stake.effective;

function nanoOf(amount: Money): bigint {
  if (amount.currency === "ANM" && amount.minor > 0n) return amount.minor;
  throw new AppError({
    code: "BAD_AMOUNT",
    message: "A stake at AICF is a positive amount of ANM",
    actor: "user",
    help: "Write the amount in nano: 100 ANM are 100000000000.",
  });
}

function missing(surface: string, name: string, what: string): never {
  throw new AppError({
    code: "SURFACE_MISSING",
    message: `${what} need AICF's ${surface}, and none is configured`,
    actor: "user",
    help: `Set ${name}.`,
  });
}

function unknownProvider(providerId: string): AppError {
  return new AppError({
    code: "NOT_REGISTERED",
    message: `The market does not know ${providerId}`,
    actor: "user",
    help: "Register first: bellows aicf register.",
  });
}

function backupUnchecked(): AppError {
  return new AppError({
    code: "BACKUP_UNCHECKED",
    message: "No backup of this provider key was checked yet, and a lost key is a lost stake",
    actor: "user",
    help: "Print the phrase with `bellows identity export --phrase`, then prove it with `bellows identity check`.",
  });
}

function idTaken(providerId: string): AppError {
  return new AppError({
    code: "PROVIDER_ID_TAKEN",
    message: `The market knows ${providerId} with another key`,
    actor: "user",
    help: "Restore that provider's key (bellows identity restore), or choose another provider id.",
  });
}
