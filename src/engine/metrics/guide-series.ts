/** Series that a market's own guide asks of a worker, under the guide's names and about that market alone. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { COMPUTE_BUCKETS, type Family } from "./families.ts";

/** The prefixes of those names; a market whose guide asks for none has no such series. */
export interface GuideNames {
  /** Of what a worker counts, such as `aicf_provider`. */
  readonly worker: string;
  /** Of what concerns heartbeats, such as `aicf_heartbeat`. */
  readonly heartbeat: string;
}

/** docs: protocols/aicf.md §7. The guide's latency of heartbeats is in bellows_market_request_seconds instead: its
 * name ends in `_ms`, which Prometheus' own check refuses. */
export const GUIDE_FAMILIES = {
  jobs: {
    kind: "counter",
    name: "{worker}_jobs_total",
    help: "Jobs of this market that came to an end, by kind and status",
    labels: ["kind", "status"],
  },
  compute: {
    kind: "histogram",
    name: "{worker}_job_duration_seconds",
    help: "From the start of a job's batch until its result was durable",
    labels: ["kind"],
    buckets: COMPUTE_BUCKETS,
  },
  pollInterval: {
    kind: "gauge",
    name: "{worker}_queue_poll_interval_seconds",
    help: "Between the last two times the queue was asked for work",
    labels: [],
  },
  renewals: {
    kind: "counter",
    name: "{worker}_lease_renew_total",
    help: "Leases renewed",
    labels: [],
  },
  errors: {
    kind: "counter",
    name: "{worker}_errors_total",
    help: "What failed, by stage: poll, compute, complete, heartbeat, renew, register, release, books",
    labels: ["stage"],
  },
  heartbeats: {
    kind: "counter",
    name: "{heartbeat}_total",
    help: "Heartbeats sent, by outcome: ok or fail",
    labels: ["provider_id", "outcome"],
  },
  health: {
    kind: "gauge",
    name: "{worker}_health_score",
    help: "The market's own score of this provider, 0 to 1",
    labels: ["provider_id"],
  },
  lastSeen: {
    kind: "gauge",
    name: "{worker}_last_seen_ts",
    help: "When the market last acknowledged a heartbeat, unix seconds",
    labels: ["provider_id"],
  },
} as const satisfies Record<string, Family>;

export type GuideSeries = ReturnType<typeof createGuideSeries>;

export function createGuideSeries(registry: Registry, names: GuideNames) {
  const nameOf = (family: Family) =>
    family.name.replace("{worker}", names.worker).replace("{heartbeat}", names.heartbeat);
  const of = <L extends string>(family: Family & { readonly labels: readonly L[] }) => ({
    name: nameOf(family),
    help: family.help,
    labelNames: [...family.labels],
    registers: [registry],
  });
  const { compute } = GUIDE_FAMILIES;
  return {
    jobs: new Counter(of(GUIDE_FAMILIES.jobs)),
    compute: new Histogram({ ...of(compute), buckets: [...compute.buckets] }),
    pollInterval: new Gauge(of(GUIDE_FAMILIES.pollInterval)),
    renewals: new Counter(of(GUIDE_FAMILIES.renewals)),
    errors: new Counter(of(GUIDE_FAMILIES.errors)),
    heartbeats: new Counter(of(GUIDE_FAMILIES.heartbeats)),
    health: new Gauge(of(GUIDE_FAMILIES.health)),
    lastSeen: new Gauge(of(GUIDE_FAMILIES.lastSeen)),
  };
}
