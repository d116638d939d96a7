/**
 * AICF's counter for people: what the guide's commands do (aicf-provider-guide §1, §6, §11), each as one call at the
 * queue or the node. The worker does not need it; `bellows aicf` is made of it.
 */
import type { AicfConfig } from "../../../shared/config.ts";
import { AppError } from "../../../shared/errors.ts";
import { claimsInMemory } from "../claims-in-memory.ts";
import type { ClaimBook } from "../port.ts";
import type { Send } from "../send.ts";
import { type AicfAccount, createAccount } from "./account.ts";
import { type AicfClient, createAicfClient, type ProviderSigner } from "./client.ts";
import { createNodeRpc, type NodeRpc } from "./node-rpc.ts";
import { refused } from "./refusal.ts";
import {
  HeartbeatAnswerSchema,
  LeaseSchema,
  LeasesSchema,
  type PayoutRow,
  readRows,
  type Settlement,
  SettlementSchema,
  SubmittedSchema,
  type WireLease,
} from "./wire.ts";

/** Upstream's price of one AI unit (config.py), nano; a unit is a thousand tokens of about four characters. */
const NANO_PER_UNIT = 1_000_000;
const CHARACTERS_PER_UNIT = 4000;

export interface JobOrder {
  readonly model: string;
  readonly input: readonly string[];
  /** Nano; null: the market's price for its units. */
  readonly feeNano: number | null;
}

export interface AicfCounter {
  readonly account: AicfAccount;
  /** Throws SURFACE_MISSING when no node is configured. */
  readonly node: NodeRpc;
  /** Live leases of the provider, over all its workers. */
  leases(signal: AbortSignal): Promise<WireLease[]>;
  /** One heartbeat that says nothing of capacity: a worker's own word stands. */
  beat(signal: AbortSignal): Promise<{ healthState: string | null; intervalMs: number | null }>;
  submit(order: JobOrder, signal: AbortSignal): Promise<string>;
  /** The devnet's only: ends the epoch at once. */
  settleEpoch(signal: AbortSignal): Promise<Settlement>;
  /** The provider's payout rows, oldest first; null where the market does not show them. */
  payouts(signal: AbortSignal): Promise<PayoutRow[] | null>;
}

export function createCounter(
  config: AicfConfig & { readonly providerId: string; readonly queueUrl: string },
  deps: {
    readonly signer: ProviderSigner;
    readonly mayStake: () => Promise<boolean>;
    /** Where the answers to claims are kept; absent: for as long as the counter is open. */
    readonly claims?: ClaimBook;
    readonly fetch?: Send;
    readonly now?: () => number;
  },
): AicfCounter {
  const { providerId, queueUrl, rpcUrl } = config;
  const now = deps.now ?? Date.now;
  const client: AicfClient = createAicfClient({
    config,
    queueUrl,
    providerId,
    signer: deps.signer,
    fetch: deps.fetch,
    now,
  });
  const node = rpcUrl === null ? null : createNodeRpc({ rpcUrl, fetch: deps.fetch, now });

  return {
    account: createAccount({
      config,
      providerId,
      client,
      node,
      claims: deps.claims ?? claimsInMemory(),
      now,
      mayStake: deps.mayStake,
    }),

    get node() {
      if (node !== null) return node;
      throw new AppError({
        code: "SURFACE_MISSING",
        message: "This is read from AICF's node, and none is configured",
        actor: "user",
        help: "Add --rpc or set RPC_URL.",
      });
    },

    async leases(signal) {
      const reply = await client.get("/v1/leases", { provider_id: providerId }, LeasesSchema, signal);
      if (reply.kind === "refused") throw refused(reply);
      return readRows(LeaseSchema, reply.value.leases);
    },

    async beat(signal) {
      const path = `${client.providerPath}/heartbeat`;
      const call = { op: "heartbeat", path, fields: {}, schema: HeartbeatAnswerSchema };
      const reply = await client.signed(call, signal);
      if (reply.kind === "refused") throw refused(reply);
      const { health_state, interval_ms } = reply.value;
      return { healthState: health_state ?? null, intervalMs: interval_ms ?? null };
    },

    async submit({ model, input, feeNano }, signal) {
      const fee = feeNano ?? NANO_PER_UNIT * unitsOf(input);
      const reply = await client.post("/v1/jobs", { kind: "AI", model, input, fee }, SubmittedSchema, signal);
      if (reply.kind === "refused") throw refused(reply);
      return reply.value.job_id;
    },

    async settleEpoch(signal) {
      const reply = await client.post("/v1/epochs/settle", {}, SettlementSchema, signal);
      if (reply.kind === "ok") return reply.value;
      throw new AppError({
        code: "NOT_A_DEVNET",
        message: `${client.host} does not let anybody settle an epoch`,
        actor: "user",
        help: "Only the devnet does; elsewhere epochs end by themselves.",
      });
    },

    payouts: (signal) => client.allPayouts(signal),
  };
}

function unitsOf(input: readonly string[]): number {
  const characters = input.reduce((sum, text) => sum + text.length, 0);
  return Math.max(1, Math.ceil(characters / CHARACTERS_PER_UNIT));
}
