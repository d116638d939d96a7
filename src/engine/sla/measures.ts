/**
 * Where we stand against each of a market's thresholds: value, limit, distance, and what crossing it would cost now.
 * Health, availability, latency and quality are our own arithmetic over the ledger; the outcome of traps is the one
 * number only the market has, so it is taken from its word.
 */
import type { ServiceMeasure } from "../../shared/contract/service-level.ts";
import type { ProviderStanding } from "../../shared/contract/views.ts";
import { MINUTE } from "../../shared/durations.ts";
import { fromMoneyValue, money, toMoneyValue } from "../../shared/money.ts";
import type { EndedLease, RunningLease } from "../ledger/service.ts";
import { availabilityOf, healthScore, p95, ratio, slashOf } from "./formulas.ts";
import type { ServiceRules } from "./rules.ts";

export interface ServiceFacts {
  readonly now: number;
  /** When this provider became known to the market, unix ms: nobody is measured before. */
  readonly registeredAt: number;
  readonly heartbeatIntervalMs: number;
  /** Acknowledged, ascending; a few windows back. */
  readonly beats: readonly number[];
  readonly ended: readonly EndedLease[];
  readonly running: readonly RunningLease[];
  /** What the market last said; null: nothing yet. */
  readonly standing: ProviderStanding | null;
}

type Measure = Omit<ServiceMeasure, "trend">;
type Span = ReturnType<typeof windowOf>;

/** A heartbeat this late is worth a warning: the market counts a miss after two intervals. */
const LATE_INTERVALS = 1.5;
/** A job that used this much of its time may miss its deadline. */
const AT_RISK = 0.7;
/** This near to a ratio's limit is too near. */
const NEAR = 0.02;
const NEAR_LATENCY = 0.8;
/** And this near still is, once it was told. */
const STILL_NEAR_LATENCY = 0.75;
/** With fewer jobs the 95th percentile is the slowest one alone, such as the first of all, which waits for its model. */
const ENOUGH_FOR_P95 = 20;

/** `warnedOf`: whether a measure was already told to be near its limit. It has to get well clear of it then. */
export function measureService(
  facts: ServiceFacts,
  rules: ServiceRules,
  warnedOf: (name: Measure["name"]) => boolean = () => false,
): Measure[] {
  return [
    health(facts, rules),
    availability(facts, rules),
    latency(facts, rules, warnedOf("latency-p95") ? STILL_NEAR_LATENCY : NEAR_LATENCY),
    traps(facts, rules),
    quality(facts, rules),
    jail(facts, rules),
  ];
}

export function windowOf({ now, registeredAt }: ServiceFacts, { windowMs }: ServiceRules) {
  return { from: Math.max(registeredAt, now - windowMs), to: now };
}

function health(facts: ServiceFacts, { health }: ServiceRules): Measure {
  const { beats, heartbeatIntervalMs, now } = facts;
  const value = healthScore(beats, heartbeatIntervalMs, health, now);
  const quietMs = quietFor(facts);
  const late = quietMs !== null && quietMs > LATE_INTERVALS * heartbeatIntervalMs;
  const measure = {
    ...above("health", "Health from heartbeats", value, health.degradedAt, late ? "warning" : "good"),
    breachCost: null,
    breachBps: null,
    breachText: `At ${health.degradedAt} the market calls this provider degraded, at ${health.unresponsiveAt} it gives no work.`,
  };
  // Everybody begins degraded: the second heartbeat lifts a provider out of it.
  return beats.length < 2 && !late ? { ...measure, state: value === null ? "unknown" : "good" } : measure;
}

function availability(facts: ServiceFacts, rules: ServiceRules): Measure {
  const { from, to } = windowOf(facts, rules);
  const value = availabilityOf(facts.beats, from, to, rules.aliveMs);
  const limit = rules.thresholds.availability;
  const quietMs = quietFor(facts);
  const fading = quietMs !== null && quietMs > rules.aliveMs * 0.75;
  const young = to - from < rules.aliveMs;
  const near = !young && worstOfCycle(facts, { from, to }, rules.aliveMs) - limit < NEAR / 2;
  const tone = fading || near ? "warning" : "good";
  const measure = above("availability", "Time covered by heartbeats", value, limit, tone);
  // A window that began without this provider is not held against it.
  const wasThere = facts.beats.some((at) => Math.abs(at - from) <= rules.aliveMs);
  // Nor do the seconds before the first heartbeat of all: one heartbeat is worth more than such a window is long.
  const spared = measure.state === "breached" && (!wasThere || young);
  return {
    ...measure,
    ...(spared ? { state: fading ? "warning" : "good" } : {}),
    ...cost(facts, rules.slashBps.availability),
    breachText: `A window below ${percent(limit)} is punished.`,
  };
}

/**
 * The share that would be covered at the worst moment of a heartbeat's cycle; 1 without any gap. A market forgets a heartbeat
 * that has left the window, though it vouches for the window's first seconds: that takes up to an interval away, and gives
 * it back with the next. Judged by the moment, one gap would be near the limit and clear of it with every heartbeat.
 */
function worstOfCycle({ beats, heartbeatIntervalMs }: ServiceFacts, span: Span, aliveMs: number): number {
  const { from, to } = span;
  const first = beats.find((at) => at >= from - aliveMs) ?? to;
  const gaps = (1 - (availabilityOf(beats, first, to, aliveMs) ?? 1)) * (to - first);
  return gaps < 1 ? 1 : 1 - (gaps + heartbeatIntervalMs) / (to - from);
}

function latency(facts: ServiceFacts, { thresholds }: ServiceRules, nearFrom: number): Measure {
  const times = facts.ended.filter(({ done }) => done).map(({ tookMs }) => tookMs);
  const value = p95(times);
  const limit = thresholds.latencyP95Ms;
  const slow = times.length < ENOUGH_FOR_P95 ? "unknown" : "breached";
  const distance = value === null ? null : limit - value;
  return {
    name: "latency-p95",
    label: "Time from lease to result, 95th percentile",
    value,
    limit,
    good: "below",
    unit: "ms",
    distance,
    state:
      value === null
        ? "unknown"
        : value > limit
          ? slow
          : value > nearFrom * limit && slow === "breached"
            ? "warning"
            : "good",
    breachCost: null,
    breachBps: null,
    breachText: `Above ${limit} ms the market counts this provider as slow.`,
  };
}

function traps(facts: ServiceFacts, rules: ServiceRules): Measure {
  const value = facts.standing?.service.traps ?? null;
  const limit = rules.thresholds.traps;
  // A healthy device answers every trap rightly: a single failure is a reason to look.
  return {
    ...above(
      "traps",
      "Trap jobs answered rightly",
      value,
      limit,
      value !== null && value < 1 ? "warning" : "good",
    ),
    ...cost(facts, rules.slashBps.traps),
    breachText: `A window below ${percent(limit)} is punished.`,
  };
}

function quality(facts: ServiceFacts, rules: ServiceRules): Measure {
  const { ended, running, now } = facts;
  const inTime = (lease: EndedLease) =>
    lease.done && (lease.maxRuntimeMs === null || lease.tookMs <= lease.maxRuntimeMs);
  const good = ended.filter(inTime).length;
  const value = ratio(good, ended.length);
  const limit = rules.thresholds.qos;
  const atRisk = running.some(
    ({ grantedAt, maxRuntimeMs }) => maxRuntimeMs !== null && now - grantedAt > AT_RISK * maxRuntimeMs,
  );
  const oneMore = ratio(good, ended.length + 1);
  const near = ended.length > 0 && good < ended.length && oneMore !== null && oneMore < limit;
  return {
    ...above("qos", "Jobs done within their time", value, limit, atRisk || near ? "warning" : "good"),
    ...(atRisk && value === null ? { state: "warning" as const } : {}),
    ...cost(facts, rules.slashBps.qos),
    breachText: `A window below ${percent(limit)} is punished.`,
  };
}

function jail(facts: ServiceFacts, { jail }: ServiceRules): Measure {
  const standing = facts.standing;
  const value = standing === null ? null : penaltiesWithin(standing, jail.spanMs, facts.now);
  const jailed = standing?.state === "jailed";
  return {
    name: "jail",
    label: `Penalties within ${Math.round(jail.spanMs / MINUTE)} minutes`,
    value,
    limit: jail.after,
    good: "below",
    unit: "count",
    distance: value === null ? null : jail.after - value,
    state:
      value === null
        ? "unknown"
        : jailed || value >= jail.after
          ? "breached"
          : value > 0
            ? "warning"
            : "good",
    breachCost: null,
    breachBps: null,
    breachText: `At ${jail.after} no work is given for ${jail.blocks} blocks.`,
  };
}

/** Without their times all penalties the market lists count: rather too careful than too late. */
function penaltiesWithin(standing: ProviderStanding, spanMs: number, now: number): number {
  return standing.slashes.filter(({ at }) => at == null || now - at <= spanMs).length;
}

function above(
  name: Measure["name"],
  label: string,
  value: number | null,
  limit: number,
  whileGood: "good" | "warning",
): Omit<Measure, "breachCost" | "breachBps" | "breachText"> {
  const distance = value === null ? null : value - limit;
  const breached = distance !== null && distance + 1e-12 < 0;
  return {
    name,
    label,
    value,
    limit,
    good: "above",
    unit: "ratio",
    distance,
    state: value === null ? "unknown" : breached ? "breached" : whileGood,
  };
}

function cost(
  { standing }: ServiceFacts,
  bps: number | undefined,
): Pick<Measure, "breachCost" | "breachBps"> {
  if (standing === null || bps === undefined) return { breachCost: null, breachBps: bps ?? null };
  const stake = fromMoneyValue(standing.stake.total);
  return {
    breachBps: bps,
    breachCost: stake.minor === 0n ? null : toMoneyValue(money(stake.currency, slashOf(stake.minor, bps))),
  };
}

function quietFor({ beats, now }: ServiceFacts): number | null {
  const last = beats.at(-1);
  return last === undefined ? null : now - last;
}

const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;
