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
import { KIB, SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import { formatDecimal } from "../../../shared/money.ts";
import { declined, readEmbedWork } from "../embed-work.ts";
import type { DebugSink, FetchLike } from "../http.ts";
import type { JobCredit, Lease, MarketAdapter, ProviderProfile, Submission, SubmitOutcome } from "../port.ts";
import { createAicfClient, type ProviderSigner } from "./client.ts";
import { collectCredits, providerShare } from "./credits.ts";
import { createNodeRpc } from "./node-rpc.ts";
import { isGone, refused, refusedResult } from "./refusal.ts";
import {
  anm,
  bareHex,
  CompleteAnswerSchema,
  HeartbeatAnswerSchema,
  LeaseSchema,
  LeasesSchema,
  type ProviderDetail,
  ProviderDetailSchema,
  RenewAnswerSchema,
  readRows,
  type WireLease,
} from "./wire.ts";

/** Bigger outputs are stored first and named by digest (protocols/aicf-profile.md "Calls"). */
export const INLINE_OUTPUT_BYTES = 256 * KIB;
const MAX_WAIT_MS = 30 * SECOND;
const MAX_ACQUIRE = 64;
const MAX_TEXT = 500;
const AnyObject = z.record(z.string(), z.unknown());

/** What the adapter needs of the provider's identity. */
export interface AicfIdentity extends ProviderSigner {
  readonly publicKey: Uint8Array;
  readonly address: string;
  readonly providerId: string;
}

export interface AicfDeps {
  readonly identity: AicfIdentity;
  readonly fetch?: FetchLike | undefined;
  /** Unix ms. */
  readonly now?: (() => number) | undefined;
  readonly onDebug?: DebugSink | undefined;
}

export interface AicfAdapter extends MarketAdapter {
  /** Market time minus local time, ms; null before the first answer. Beyond a few seconds a person should look. */
  clockSkewMs(): number | null;
}

export function createAicfAdapter(config: AicfConfig, deps: AicfDeps): AicfAdapter {
  const now = deps.now ?? Date.now;
  const { identity, fetch, onDebug } = deps;
  const providerId = config.providerId ?? identity.providerId;
  const client = createAicfClient({ config, providerId, signer: identity, fetch, now, onDebug });
  const node = config.rpcUrl === null ? null : createNodeRpc({ rpcUrl: config.rpcUrl, fetch, now, onDebug });
  const worker = { worker_id: config.workerId };
  const leasePath = (leaseId: string, verb: string) => `/v1/leases/${encodeURIComponent(leaseId)}/${verb}`;

  async function announce(profile: ProviderProfile, signal: AbortSignal): Promise<ProviderDetail> {
    const fields = {
      name: config.name,
      capabilities: ["AI"],
      region: config.region ?? profile.region,
      public_key: `0x${Buffer.from(identity.publicKey).toString("hex")}`,
      address: identity.address,
    };
    const call = { op: "register", path: "/v1/providers", fields, schema: ProviderDetailSchema };
    const reply = await client.signed(call, signal);
    if (reply.kind === "ok") return reply.value;
    if (reply.status === 409 && reply.code === "AICF_REGISTRY_ERROR") throw idTaken(providerId);
    throw refused(reply);
  }

  /** Brings the stake up to the market's minimum, as far as the settings allow. */
  async function stakeUp(detail: ProviderDetail, signal: AbortSignal): Promise<void> {
    const missing = detail.stake.minimum - detail.stake.effective;
    if (missing <= 0n) return;
    const allowed = config.autoStakeNano === null ? 0n : BigInt(config.autoStakeNano);
    if (missing > allowed) throw stakeNeeded(detail, missing, allowed);
    const amount = Number.isSafeInteger(Number(missing)) ? Number(missing) : missing.toString();
    const call = {
      op: "stake",
      path: `${client.providerPath}/stake`,
      fields: { amount },
      schema: ProviderDetailSchema,
    };
    const reply = await client.signed(call, signal);
    if (reply.kind === "refused") throw refused(reply);
  }

  function toLease(wire: WireLease): Lease {
    return {
      market: "aicf",
      leaseId: wire.lease_id,
      jobId: wire.job_id,
      attempt: wire.attempt,
      model: wire.model,
      modelSha256: wire.model_sha256 == null ? null : bareHex(wire.model_sha256),
      work:
        wire.kind === "embed"
          ? readEmbedWork(wire.input)
          : declined(`Jobs of kind "${wire.kind.slice(0, 40)}" are not run here`),
      fee: wire.fee == null ? null : anm(wire.fee),
      grantedAt: client.clock.toLocal(wire.granted_at_ms),
      expiresAt: client.clock.toLocal(wire.expires_at_ms),
      maxRuntimeMs: wire.max_runtime_ms ?? null,
      payment: null,
    };
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
    const reply = await client.signed(call, signal);
    if (reply.kind === "refused" && !isGone(reply)) throw refused(reply);
  }

  async function complete(submission: Submission, signal: AbortSignal): Promise<SubmitOutcome> {
    const inline = submission.output.byteLength <= INLINE_OUTPUT_BYTES;
    if (!inline) {
      const refusal = await client.putOutput(submission.sha3_512, submission.output, signal);
      if (refusal !== null) return refusedResult(refusal);
    }
    const fields = {
      ...worker,
      job_id: submission.jobId,
      output_digest: `0x${submission.sha3_512}`,
      proof_refs: [],
      meta: {
        compute_ms: submission.computeMs,
        device: submission.device,
        shape: submission.shape,
        model: submission.model,
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
    const reply = await client.signed(call, signal);
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

  return {
    id: "aicf",
    name: "Animica AICF",
    currency: "ANM",
    endpoint: config.queueUrl,
    capabilities: { renewableLeases: true, returnsLeases: true, longPoll: true, stake: true, offers: false },
    offerBoards: [],
    priceBands: [],
    expectedNet: providerShare,
    clockSkewMs: () => client.clock.skewMs(),

    probe: (signal) => client.probe(signal),

    async register(profile, signal) {
      await stakeUp(await announce(profile, signal), signal);
      return { providerId };
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
        path: `${client.providerPath}/heartbeat`,
        fields,
        schema: HeartbeatAnswerSchema,
      };
      const reply = await client.signed(call, signal);
      if (reply.kind === "refused") throw refused(reply);
      const { health_state, interval_ms, jailed_until_ms } = reply.value;
      return {
        intervalMs: interval_ms ?? null,
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
        kinds: ["embed"],
      };
      const call = { op: "acquire", path: "/v1/leases", fields, schema: LeasesSchema, waitMs };
      const reply = await client.signedOrNothing(call, signal);
      if (reply === null) return [];
      if (reply.kind === "refused") throw refused(reply);
      return readRows(LeaseSchema, reply.value.leases).map(toLease);
    },

    async renew(lease, extendMs, signal) {
      const fields = { ...worker, extend_ms: Math.trunc(extendMs) };
      const call = {
        op: "renew",
        path: leasePath(lease.leaseId, "renew"),
        fields,
        schema: RenewAnswerSchema,
      };
      const reply = await client.signed(call, signal);
      if (reply.kind === "refused") throw refused(reply);
      return client.clock.toLocal(reply.value.expires_at_ms);
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
      const reply = await client.get(
        "/v1/leases",
        { provider_id: providerId, ...worker },
        LeasesSchema,
        signal,
      );
      if (reply.kind === "refused") throw refused(reply);
      const ours = (lease: WireLease) => lease.worker_id == null || lease.worker_id === config.workerId;
      return readRows(LeaseSchema, reply.value.leases).filter(ours).map(toLease);
    },

    credits: (unsettledJobIds, signal): Promise<readonly JobCredit[]> =>
      collectCredits({ client, node, providerId, now, onDebug }, unsettledJobIds, signal),
  };
}

function idTaken(providerId: string): AppError {
  return new AppError({
    code: "PROVIDER_ID_TAKEN",
    message: `The market knows ${providerId} with another key`,
    actor: "user",
    help: "Restore that provider's key, or choose another provider id.",
  });
}

function stakeNeeded(detail: ProviderDetail, missing: bigint, allowed: bigint): AppError {
  const show = (nano: bigint) => `${formatDecimal(anm(nano))} ANM`;
  return new AppError({
    code: "INSUFFICIENT_STAKE",
    message: `The market wants ${show(detail.stake.minimum)} staked and sees ${show(detail.stake.effective)}`,
    actor: "user",
    help:
      allowed === 0n
        ? `Stake ${show(missing)}, or allow Bellows to do it.`
        : `Bellows may stake up to ${show(allowed)} by itself, ${show(missing)} are missing.`,
  });
}
