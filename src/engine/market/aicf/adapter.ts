/**
 * Animica's AICF behind the port: provider profile v1 at the queue, JSON-RPC at the node for balance and claim
 * (protocols/aicf-profile.md, protocols/aicf.md §1, docs/markets-devnet.md).
 *
 * Choices: calls are signed with the provider key; leases are asked for and listed under our own worker id; an
 * unknown provider (404) is thrown as NOT_REGISTERED and the engine registers again. Times cross the port by the
 * local clock.
 */
import { z } from "zod";
import type { AicfConfig } from "../../../shared/config.ts";
import type { ProviderStanding } from "../../../shared/contract/views.ts";
import { sha3_256 } from "../../../shared/digest.ts";
import { KIB, SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import { WORK_KINDS } from "../../../shared/work.ts";
import { nullifier } from "../../receipt/ai-proof.ts";
import { claimsInMemory } from "../claims-in-memory.ts";
import type { DebugSink } from "../http.ts";
import { createMarketClock } from "../market-clock.ts";
import type {
  ClaimBook,
  JobCredit,
  Lease,
  MarketAdapter,
  ProviderProfile,
  Submission,
  SubmitOutcome,
} from "../port.ts";
import { declined, readWork, type WorkFields } from "../read-work.ts";
import type { Send } from "../send.ts";
import { createAccount, type ProviderKey } from "./account.ts";
import { type AicfClient, createAicfClient, type ProviderSigner } from "./client.ts";
import { collectCredits } from "./credits.ts";
import { eventsUrl, followEvents } from "./events.ts";
import { createNodeRpc } from "./node-rpc.ts";
import { providerShare } from "./provider-share.ts";
import { isGone, isIneligible, type Refusal, refused, refusedResult } from "./refusal.ts";
import { AICF_SERVICE } from "./service-rules.ts";
import { standingOf } from "./standing.ts";
import { Surfaces } from "./surfaces.ts";
import {
  anm,
  bareHex,
  CompleteAnswerSchema,
  HeartbeatAnswerSchema,
  LeaseSchema,
  LeasesSchema,
  type ProviderDetail,
  RenewAnswerSchema,
  type UnreadLease,
  UnreadLeaseSchema,
  type WireLease,
} from "./wire.ts";

/** Bigger outputs are stored first and named by digest (protocols/aicf-profile.md "Calls"). */
export const INLINE_OUTPUT_BYTES = 256 * KIB;
const MAX_WAIT_MS = 30 * SECOND;
/** While jailed the market is asked again this often: a jail can end early. */
const JAIL_LOOK = 30 * SECOND;
const MAX_ACQUIRE = 64;
const MAX_TEXT = 500;
const MAX_U32 = 0xffff_ffff;
/** Where the market does not say (aicf-provider-guide §3). */
const GUIDE_HEARTBEAT = 15 * SECOND;
/** Whatever the market says: seconds where milliseconds are meant would be a flood. */
const FASTEST_HEARTBEAT = SECOND;
const AnyObject = z.record(z.string(), z.unknown());

/** What the adapter needs of the provider's identity. */
export interface AicfIdentity extends ProviderSigner, ProviderKey {
  readonly providerId: string;
}

export interface AicfDeps {
  readonly identity: AicfIdentity;
  /** Where the answers to claims are kept; absent: for as long as the adapter lives. */
  readonly claims?: ClaimBook | undefined;
  /** Was a backup of the key read back? Absent: play money, nothing to wait for. */
  readonly mayStake?: (() => Promise<boolean>) | undefined;
  readonly fetch?: Send | undefined;
  /** Unix ms. */
  readonly now?: (() => number) | undefined;
  readonly onDebug?: DebugSink | undefined;
}

export interface AicfAdapter extends MarketAdapter {
  clockSkewMs(): number | null;
}

export function createAicfAdapter(config: AicfConfig, deps: AicfDeps): AicfAdapter {
  const now = deps.now ?? Date.now;
  const { identity, fetch, onDebug } = deps;
  const { queueUrl, rpcUrl } = config;
  /** Asked for at each use: the key may be made or unlocked while the engine runs. */
  const who = {
    get providerId() {
      return config.providerId ?? identity.providerId;
    },
  };
  const client =
    queueUrl === null
      ? null
      : createAicfClient(withId(who, { config, queueUrl, signer: identity, fetch, now, onDebug }));
  const node = rpcUrl === null ? null : createNodeRpc({ rpcUrl, fetch, now, onDebug });
  const mayStake = deps.mayStake ?? (async () => true);
  const claims = deps.claims ?? claimsInMemory();
  let beats = 0;
  const account = createAccount(
    withId(who, { config, client, node, claims, now, mayStake, beats: () => beats }),
  );
  const surfaces = new Surfaces(config);
  const worker = { worker_id: config.workerId };
  const leasePath = (leaseId: string, verb: string) => `/v1/leases/${encodeURIComponent(leaseId)}/${verb}`;
  const queue = (): AicfClient => client ?? noQueue();

  /** A worker with the shared secret needs no key of its own, once the provider is known. */
  async function introduce(profile: ProviderProfile, signal: AbortSignal): Promise<ProviderDetail> {
    const known = config.secret === undefined ? null : await account.detail(signal);
    return known ?? account.announce(identity, profile.region, signal);
  }

  function toLease(wire: WireLease): Lease {
    return {
      market: "aicf",
      leaseId: wire.lease_id,
      jobId: wire.job_id,
      attempt: wire.attempt,
      model: wire.model,
      modelSha256: wire.model_sha256 == null ? null : bareHex(wire.model_sha256),
      work: readWork(wire.kind, workFields(wire)),
      fee: wire.fee == null ? null : anm(wire.fee),
      grantedAt: queue().clock.toLocal(wire.granted_at_ms),
      expiresAt: queue().clock.toLocal(wire.expires_at_ms),
      maxRuntimeMs: wire.max_runtime_ms ?? null,
      payment: null,
    };
  }

  function toUnread({ lease_id: leaseId, job_id: jobId }: UnreadLease): Lease {
    return {
      ...{ market: "aicf", leaseId, jobId, attempt: 1, model: "", modelSha256: null, fee: null },
      work: declined("The market's words about this lease can't be read"),
      ...{ grantedAt: now(), expiresAt: null, maxRuntimeMs: null, payment: null },
    };
  }

  /** Every lease that can be named, so that none is held without being worked on or given back. */
  function leasesIn(rows: readonly unknown[]): Lease[] {
    const ours = ({ worker_id }: UnreadLease) => worker_id == null || worker_id === config.workerId;
    return rows.flatMap((row) => {
      const named = UnreadLeaseSchema.safeParse(row);
      if (!named.success || !ours(named.data)) return [];
      const whole = LeaseSchema.safeParse(row);
      return [whole.success ? toLease(whole.data) : toUnread(named.data)];
    });
  }

  /** End a lease that is not completed. One the market already took back is ended. */
  async function endLease(
    leaseId: string,
    verb: "fail" | "return",
    fields: Record<string, unknown>,
    signal: AbortSignal,
  ) {
    const call = {
      op: verb,
      path: leasePath(leaseId, verb),
      fields: { ...worker, ...fields },
      schema: AnyObject,
    };
    const reply = await queue().signed(call, signal);
    if (reply.kind === "refused" && !isGone(reply)) throw refused(reply);
  }

  async function complete(submission: Submission, signal: AbortSignal): Promise<SubmitOutcome> {
    const inline = submission.output.byteLength <= INLINE_OUTPUT_BYTES;
    if (!inline) {
      const refusal = await queue().putOutput(submission.sha3_512, submission.output, signal);
      if (refusal !== null) return refusedResult(refusal);
    }
    const fields = {
      ...worker,
      job_id: submission.jobId,
      output_digest: `0x${submission.sha3_512}`,
      proof_refs: [attestationRef(submission.receipt)],
      meta: {
        compute_ms: submission.computeMs,
        device: submission.device,
        shape: submission.shape,
        model: submission.model,
        ai_proof: aiProofOf(submission, config.chainId),
      },
      receipt: `0x${Buffer.from(submission.receipt).toString("hex")}`,
      ...(inline ? { output: Buffer.from(submission.output).toString("base64") } : {}),
    };
    const call = {
      op: "complete",
      path: leasePath(submission.leaseId, "complete"),
      fields,
      schema: CompleteAnswerSchema,
    };
    const reply = await queue().signed(call, signal);
    if (reply.kind === "refused") return refusedResult(reply);
    if (bareHex(reply.value.output_digest) !== submission.sha3_512) {
      return {
        kind: "rejected",
        code: "OTHER_RESULT",
        message: "The market confirmed another digest than the one sent",
      };
    }
    return { kind: "accepted", marketReceipt: JSON.stringify(reply.value) };
  }

  /** Why no work is given out, by the market's own detail; the bare refusal when that can't be read. */
  async function withheld(refusal: Refusal, signal: AbortSignal): Promise<AppError> {
    const detail = await account.detail(signal).catch(() => null);
    const standing = detail === null ? null : standingOf(detail, queue().clock, now());
    return standing === null || standing.reasons.length === 0
      ? refused(refusal)
      : withheldError(standing, now());
  }

  return {
    id: "aicf",
    name: "AICF",
    currency: "ANM",
    endpoint: queueUrl ?? rpcUrl ?? "not configured",
    capabilities: {
      renewableLeases: true,
      returnsLeases: true,
      longPoll: true,
      stake: true,
      work: queueUrl !== null,
    },
    account,
    serviceRules: AICF_SERVICE,
    guideNames: { worker: "aicf_provider", heartbeat: "aicf_heartbeat" },
    expectedNet: providerShare,
    clockSkewMs: () => client?.clock.skewMs() ?? null,
    limits: () => surfaces.limits(),

    async listen(listener, signal) {
      const url = eventsUrl(config);
      if (url === null) return;
      const onConnection = (connected: boolean) => surfaces.note("events", connected);
      const { providerId } = who;
      await followEvents({ url, providerId, onNews: listener, onConnection, onDebug }, signal);
    },

    async probe(signal) {
      if (client !== null) return client.probe(signal);
      if (node === null) return noQueue();
      await node.listProviders({ limit: 1 }, signal);
    },

    async register(profile, signal) {
      if (client === null) await node?.provider(who.providerId, signal);
      else await account.stakeUp(await introduce(profile, signal), signal);
      return { providerId: who.providerId };
    },

    async heartbeat(load, signal) {
      const fields = {
        capacity_ai: load.capacity,
        load: { leases_active: load.inflight, leases_capacity: load.capacity },
        devices: load.profile.devices.map(({ id, name, memoryMb, healthy }) => ({
          uuid: id,
          model: name,
          vram_mb: memoryMb,
          healthy,
        })),
        models: load.profile.models,
      };
      const call = {
        op: "heartbeat",
        path: `${queue().providerPath}/heartbeat`,
        fields,
        schema: HeartbeatAnswerSchema,
      };
      const reply = await queue().signed(call, signal);
      if (reply.kind === "refused") throw refused(reply);
      beats += 1;
      const { health_state, interval_ms, jailed_until_ms } = reply.value;
      return {
        intervalMs: Math.min(
          Math.max(interval_ms ?? GUIDE_HEARTBEAT, FASTEST_HEARTBEAT),
          config.heartbeatMs ?? Number.POSITIVE_INFINITY,
        ),
        health: jailed_until_ms == null ? (health_state ?? null) : "JAILED",
      };
    },

    async acquire(wish, signal) {
      const waitMs = Math.min(Math.max(0, Math.trunc(wish.waitMs)), MAX_WAIT_MS);
      const fields = {
        ...worker,
        max: Math.min(Math.max(1, wish.max), MAX_ACQUIRE),
        wait_ms: waitMs,
        models: wish.models,
        kinds: WORK_KINDS,
      };
      const call = { op: "acquire", path: "/v1/leases", fields, schema: LeasesSchema, waitMs };
      const reply = await queue().signedOrNothing(call, signal);
      if (reply === null) return [];
      if (reply.kind === "refused")
        throw isIneligible(reply) ? await withheld(reply, signal) : refused(reply);
      return leasesIn(reply.value.leases);
    },

    async renew(lease, extendMs, signal) {
      const fields = { ...worker, extend_ms: Math.trunc(config.leaseMs ?? extendMs) };
      const call = {
        op: "renew",
        path: leasePath(lease.leaseId, "renew"),
        fields,
        schema: RenewAnswerSchema,
      };
      const reply = await queue().signed(call, signal);
      if (reply.kind === "refused") throw refused(reply);
      return queue().clock.toLocal(reply.value.expires_at_ms);
    },

    // Completing is idempotent at the market, so a resend needs no look before.
    submit: complete,

    fail(lease, failure, signal) {
      const { code, message, retryable } = failure;
      return endLease(
        lease.leaseId,
        "fail",
        { code, message: message.slice(0, MAX_TEXT), retryable },
        signal,
      );
    },

    giveBack: (lease, reason, signal) =>
      endLease(lease.leaseId, "return", { reason: reason.slice(0, MAX_TEXT) }, signal),

    async openLeases(signal) {
      const reply = await queue().get(
        "/v1/leases",
        { provider_id: who.providerId, ...worker },
        LeasesSchema,
        signal,
      );
      if (reply.kind === "refused") throw refused(reply);
      return leasesIn(reply.value.leases);
    },

    credits: (unsettledJobIds, signal): Promise<readonly JobCredit[]> =>
      collectCredits(
        {
          client: client ?? NO_ROWS,
          node,
          claims,
          providerId: who.providerId,
          now,
          onNode: (answered) => surfaces.note("node", answered),
          onDebug,
        },
        unsettledJobIds,
        signal,
      ),
  };
}

/** The signed receipt stands where a TEE's evidence would: upstream keeps a reference of this kind (protocols/aicf.md §2.3). */
function attestationRef(receipt: Uint8Array) {
  return { kind: "attestation", bundle_digest: `0x${sha3_256(receipt)}` };
}

/**
 * What the AIProof envelope says beyond the receipt that goes with it: with the receipt's bytes as its attestation and
 * no traps it can be built again byte by byte (protocols/aicf.md §3.4 shape 2, §3.5; aicf-profile.md "Digests").
 */
function aiProofOf({ receipt, sha3_256: outputDigest }: Submission, chainId: number) {
  const body = { attestation: receipt, traps: [], outputDigest: Buffer.from(outputDigest, "hex") };
  const scope = chainId <= MAX_U32 ? { chainId } : {};
  return { nullifier: `0x${nullifier(body, scope)}`, output_digest: `0x${outputDigest}` };
}

interface Who {
  readonly providerId: string;
}

/** Options that ask `who` for the id at each use; a spread would read it once. */
function withId<T extends object>(who: Who, options: T): T & Who {
  return Object.defineProperty(options, "providerId", { get: () => who.providerId }) as T & Who;
}

/** Without a queue the claim's own answer is all there is to read. */
const NO_ROWS = { payouts: async () => null, clock: createMarketClock(Date.now) };

/** Work is withheld: in the words of the market's detail, with what the person can do. */
function withheldError({ reasons, jailedUntil }: ProviderStanding, now: number): AppError {
  const jailed = jailedUntil !== null && jailedUntil > now;
  return new AppError({
    code: jailed ? "JAILED" : "NOT_ELIGIBLE",
    message: `AICF gives this provider no work: ${reasons.map((reason) => reason.text).join("; ")}`,
    actor: "market",
    help: reasons[0]?.help,
    retryable: true,
    ...(jailed ? { retryAfterMs: Math.min(jailedUntil - now, JAIL_LOOK) } : {}),
  });
}

function noQueue(): never {
  throw new AppError({
    code: "NO_QUEUE",
    message: "AICF gives out work at its queue, and none is configured",
    actor: "user",
    help: "Set AICF_QUEUE_URL; the guide's is http://127.0.0.1:8700.",
  });
}

/** An embedding's texts are the input itself; other kinds bring their fields in it, with settings beside it. */
function workFields({ kind, input, params }: WireLease): WorkFields {
  if (kind === "embed") return { input };
  if (typeof input === "string") return { ...params, prompt: input };
  return typeof input === "object" ? { ...params, ...input } : params;
}
