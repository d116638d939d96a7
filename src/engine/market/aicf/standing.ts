/**
 * What AICF says of this provider, in words a person can act upon: why it is given no work and what helps (the guide's
 * §10, protocols/aicf.md §2.4–2.7), what is staked and when it is free, what was slashed and why.
 */
import type { ProviderStanding } from "../../../shared/contract/views.ts";
import { formatDecimal, toMoneyValue } from "../../../shared/money.ts";
import { type EngineKey, type Sentence, say } from "../../../shared/words/said.ts";
import type { MarketClock } from "../market-clock.ts";
import { anm, type ProviderDetail } from "./wire.ts";

/** Everybody begins with no health at all: the second heartbeat lifts a provider out of "degraded" (aicf.md §2.5). */
const BEATS_TO_RISE = 2;
const LOW_STATES: ReadonlySet<string> = new Set(["DEGRADED", "UNRESPONSIVE"]);
const UNHEARD: ReadonlySet<string> = new Set(["no_heartbeat", "unresponsive", "health_low"]);

type Reason = ProviderStanding["reasons"][number];

export function standingOf(
  detail: ProviderDetail,
  clock: Pick<MarketClock, "toLocal">,
  now: number,
  /** null: the pace of the chain is not known yet. */
  msPerBlock: number | null = null,
  /** Heartbeats since this provider began; left out: it has been there for long. */
  beats: number = BEATS_TO_RISE,
): ProviderStanding {
  const { stake, sla, height } = detail;
  const jailedUntil = detail.jailed_until_ms == null ? null : clock.toLocal(detail.jailed_until_ms);
  const settlingIn = beats < BEATS_TO_RISE && isOnlyUnheard(detail);
  const reasons = settlingIn ? [] : detail.ineligible_reasons.map((code) => explain(code, detail));
  return {
    market: "aicf",
    providerId: detail.id,
    at: now,
    state: stateOf(detail, jailedUntil, now, settlingIn),
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
      ...slashWords(slash),
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

/** Nothing speaks against it but that the market has not heard it often enough yet. */
function isOnlyUnheard({ ineligible_reasons, health_state }: ProviderDetail): boolean {
  const low = ineligible_reasons.length > 0 || LOW_STATES.has(health_state ?? "");
  return low && ineligible_reasons.every((code) => UNHEARD.has(code));
}

function stateOf(
  detail: ProviderDetail,
  jailedUntil: number | null,
  now: number,
  settlingIn: boolean,
): ProviderStanding["state"] {
  if (jailedUntil !== null && jailedUntil > now) return "jailed";
  if (settlingIn) return "new";
  if (detail.ineligible_reasons.length > 0 || detail.eligible === false) return "ineligible";
  return detail.health_state === "DEGRADED" ? "degraded" : "eligible";
}

/** One reason of `ineligible_reasons`, with what the provider can do about it. */
function explain(code: string, detail: ProviderDetail): Reason {
  const [{ text, said }, help] = explanation(code, detail);
  return { code, text, said, help: help.text, helpSaid: help.said };
}

function explanation(code: string, { stake, health }: ProviderDetail): [why: Sentence, help: Sentence] {
  const missing = stake.minimum > stake.effective ? stake.minimum - stake.effective : 0n;
  switch (code) {
    case "insufficient_stake":
      return [
        say("stakeTooSmall", { effective: show(stake.effective), minimum: show(stake.minimum) }),
        say("stakeMore", { missing: show(missing), nano: String(missing) }),
      ];
    case "no_heartbeat":
      return [say("neverBeat"), say("startToBeat")];
    case "unresponsive":
    case "health_low":
      return [
        health == null ? say("healthLow") : say("healthLowAt", { health: health.toFixed(2) }),
        say("keepBeating"),
      ];
    case "capability_missing":
      return [say("capabilityMissing"), say("registerWithAi")];
    case "denied":
    case "not_allowlisted":
      return [say("notAllowed"), say("askToBeAllowed")];
    case "region_denied":
    case "region_mismatch":
      return [say("regionDenied"), say("correctRegion")];
    case "jailed":
      return [say("jailed"), say("waitInJail")];
    case "inactive":
      return [say("inactive"), say("registerAgain")];
    case "paused":
      return [say("pausedThere"), say("registerAgain")];
    default:
      return [say("marketSays", { words: code.replaceAll("_", " ").slice(0, 100) }), say("askWhatItMeans")];
  }
}

const SLASH_WORDS: Readonly<Record<string, EngineKey>> = {
  traps: "slashedTraps",
  traps_miss: "slashedTrap",
  qos: "slashedQuality",
  qos_breach: "slashedQuality",
  availability: "slashedAvailability",
  availability_downtime: "slashedAvailability",
  latency_breach: "slashedLatency",
  job_expired: "slashedExpired",
  lease_lost: "slashedLost",
  proof_invalid: "slashedProof",
  no_attestation: "slashedAttestation",
  misbehaviour: "slashedMisbehaviour",
};

function slashWords({ reason, job_id, height }: ProviderDetail["slashes"][number]): Sentence {
  const known = SLASH_WORDS[reason];
  let words = known === undefined ? say("slashedElse", { reason: reason.slice(0, 100) }) : say(known);
  if (job_id != null) words = say("slashJob", { what: words.said, job: job_id });
  // As text: no digits are put in groups.
  return height == null ? words : say("slashBlock", { what: words.said, block: String(height) });
}

export function show(nano: bigint): string {
  return `${formatDecimal(anm(nano))} ANM`;
}
