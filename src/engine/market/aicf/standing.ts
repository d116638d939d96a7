/**
 * What AICF says of this provider, in words a person can act upon: why it is given no work and what helps (the guide's
 * §10, protocols/aicf.md §2.4–2.7), what is staked and when it is free, what was slashed and why.
 */
import type { ProviderStanding } from "../../../shared/contract/views.ts";
import { formatDecimal, toMoneyValue } from "../../../shared/money.ts";
import type { MarketClock } from "./market-clock.ts";
import { anm, type ProviderDetail } from "./wire.ts";

type Reason = ProviderStanding["reasons"][number];

export function standingOf(
  detail: ProviderDetail,
  clock: Pick<MarketClock, "toLocal">,
  now: number,
  /** null: the pace of the chain is not known yet. */
  msPerBlock: number | null = null,
): ProviderStanding {
  const { stake, sla, height } = detail;
  const jailedUntil = detail.jailed_until_ms == null ? null : clock.toLocal(detail.jailed_until_ms);
  const reasons = detail.ineligible_reasons.map((code) => explain(code, detail));
  return {
    market: "aicf",
    providerId: detail.id,
    at: now,
    state: stateOf(detail, jailedUntil, now),
    jailedUntil,
    health: { score: detail.health ?? null, word: detail.health_state ?? null },
    stake: {
      total: toMoneyValue(anm(stake.total ?? stake.effective)),
      effective: toMoneyValue(anm(stake.effective)),
      minimum: toMoneyValue(anm(stake.minimum)),
      releases: stake.pending_release.map(({ amount, release_height }) => {
        const blocksLeft = height == null ? null : Math.max(0, release_height - height);
        const waitMs = blocksLeft === null || msPerBlock === null ? null : blocksLeft * msPerBlock;
        return {
          amount: toMoneyValue(anm(amount)),
          height: release_height,
          blocksLeft,
          freeAt: waitMs === null ? null : Math.round(now + waitMs),
        };
      }),
    },
    reasons,
    slashes: detail.slashes.map((slash) => ({
      reason: slash.reason,
      text: slashText(slash),
      amount: toMoneyValue(anm(slash.amount)),
      height: slash.height ?? null,
      at: slash.at_ms == null ? null : clock.toLocal(slash.at_ms),
      jobId: slash.job_id ?? null,
    })),
    service: {
      traps: sla?.traps ?? null,
      qos: sla?.qos ?? null,
      latencyP95Ms: sla?.latency_p95_ms ?? null,
      availability: sla?.availability ?? null,
    },
  };
}

function stateOf(detail: ProviderDetail, jailedUntil: number | null, now: number): ProviderStanding["state"] {
  if (jailedUntil !== null && jailedUntil > now) return "jailed";
  if (detail.ineligible_reasons.length > 0 || detail.eligible === false) return "ineligible";
  return detail.health_state === "DEGRADED" ? "degraded" : "eligible";
}

/** One reason of `ineligible_reasons`, with what the provider can do about it. */
function explain(code: string, { stake, health }: ProviderDetail): Reason {
  const missing = stake.minimum > stake.effective ? stake.minimum - stake.effective : 0n;
  switch (code) {
    case "insufficient_stake":
      return {
        code,
        text: `The stake that counts is ${show(stake.effective)}, the market wants ${show(stake.minimum)}`,
        help: `Stake ${show(missing)} more: bellows aicf stake --amount ${missing}.`,
      };
    case "no_heartbeat":
      return {
        code,
        text: "The market has not heard a heartbeat from this provider yet",
        help: "Start the worker with `bellows serve`: it beats by itself.",
      };
    case "unresponsive":
    case "health_low":
      return {
        code,
        text: `The market finds this provider's health too low${health == null ? "" : ` (${health.toFixed(2)} of 1)`}`,
        help: "Keep the worker running: each heartbeat in time lifts it, two are usually enough.",
      };
    case "capability_missing":
      return {
        code,
        text: "This provider is not registered for AI work",
        help: "Register it again with --caps AI.",
      };
    case "denied":
    case "not_allowlisted":
      return {
        code,
        text: "The market's allow-list does not have this provider",
        help: "Ask the market's operator to add this provider's id.",
      };
    case "region_denied":
    case "region_mismatch":
      return {
        code,
        text: "The market gives no work to providers in this region",
        help: "Correct PROVIDER_REGION if it is wrong, or ask the operator which regions are served.",
      };
    case "jailed":
      return {
        code,
        text: "This provider is jailed after its penalties",
        help: "No work is given for that time; look at the penalties, mend their cause, and keep the worker running.",
      };
    case "inactive":
    case "paused":
      return {
        code,
        text: `The market has this provider as ${code}`,
        help: "Register it again: bellows aicf register.",
      };
    default:
      return {
        code,
        text: `The market says "${code.replaceAll("_", " ").slice(0, 100)}"`,
        help: "Ask the market's operator what it means.",
      };
  }
}

const SLASH_WORDS: Readonly<Record<string, string>> = {
  traps: "Too many trap jobs were answered wrongly",
  traps_miss: "A trap job was answered wrongly",
  qos: "The quality of service was below the market's limit",
  qos_breach: "The quality of service was below the market's limit",
  availability: "Heartbeats were missing for too long",
  availability_downtime: "Heartbeats were missing for too long",
  latency_breach: "Jobs took longer than the market's limit",
  job_expired: "A job was not finished in its time",
  lease_lost: "A lease ran out without a result",
  proof_invalid: "A proof did not hold",
  no_attestation: "An attestation was missing",
  misbehaviour: "The market calls it misbehaviour",
};

function slashText({ reason, job_id, height }: ProviderDetail["slashes"][number]): string {
  const what = SLASH_WORDS[reason] ?? `The market's reason: ${reason.slice(0, 100)}`;
  const job = job_id == null ? "" : `, job ${job_id}`;
  return `${what}${job}${height == null ? "" : `, block ${height}`}`;
}

export function show(nano: bigint): string {
  return `${formatDecimal(anm(nano))} ANM`;
}
