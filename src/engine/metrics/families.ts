/**
 * Every series Bellows exports, as a table: names, help, labels. docs/metrics.md is checked against it. Labels take
 * their values from closed sets (markets, kinds of work, states, devices of this machine, models of the catalogue),
 * so that what a market sends can't make new series; provider_id is the one name that each market has for us. Unknown
 * is an absent series, never 0.
 */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

export interface Family {
  readonly kind: "gauge" | "counter" | "histogram";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Of histograms: upper bounds, seconds. */
  readonly buckets?: readonly number[];
}

export const COMPUTE_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300] as const;
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

const gauge = <const L extends readonly string[]>(name: string, help: string, labels: L) => ({
  kind: "gauge" as const,
  name,
  help,
  labels,
});
const counter = <const L extends readonly string[]>(name: string, help: string, labels: L) => ({
  kind: "counter" as const,
  name,
  help,
  labels,
});
const histogram = <const L extends readonly string[]>(
  name: string,
  help: string,
  labels: L,
  buckets: readonly number[],
) => ({ kind: "histogram" as const, name, help, labels, buckets });

const OF_MEASURE = ["market", "provider_id", "measure"] as const;

export const FAMILIES = {
  build: gauge("bellows_build_info", "Always 1; the labels say what runs; backend: the one asked for", [
    "version",
    "node",
    "mode",
    "backend",
  ]),
  intent: gauge("bellows_intent", "What the person asked for: 1 for that, 0 for the others", ["intent"]),
  headline: gauge("bellows_headline", "The state of the whole, as the window says it: 1 for that", ["level"]),

  marketUp: gauge("bellows_market_up", "1: the market knows us and answered last", ["market"]),
  marketEligible: gauge(
    "bellows_market_eligible",
    "1: the market may give us work, by its own word; absent where it does not say",
    ["market", "provider_id"],
  ),
  marketPaused: gauge(
    "bellows_market_paused",
    "1: too many of its leases were lost, so its work is not taken until a person says so",
    ["market"],
  ),
  lastHeartbeat: gauge(
    "bellows_market_last_heartbeat_timestamp_seconds",
    "When the market last acknowledged a heartbeat",
    ["market"],
  ),
  heartbeatInterval: gauge("bellows_market_heartbeat_interval_seconds", "What the market asks for", [
    "market",
  ]),
  lastPoll: gauge("bellows_market_last_poll_timestamp_seconds", "When the market last answered to a poll", [
    "market",
  ]),
  lastAccepted: gauge(
    "bellows_market_last_accepted_timestamp_seconds",
    "When the market last accepted a result, in this run",
    ["market"],
  ),
  leasesHeld: gauge("bellows_market_leases_held", "Leases the market counts as ours", ["market"]),
  requests: counter(
    "bellows_market_requests_total",
    "Calls to the market by what they are for; outcome: ok, error, or cancelled by ourselves",
    ["market", "call", "outcome"],
  ),
  requestSeconds: histogram(
    "bellows_market_request_seconds",
    "How long such a call took; a long poll takes as long as there is no work",
    ["market", "call"],
    REQUEST_BUCKETS,
  ),

  jobs: counter("bellows_jobs_total", "Jobs that came to an end; counted on from the ledger at a start", [
    "market",
    "kind",
    "status",
  ]),
  modelJobs: counter("bellows_model_jobs_total", "Results accepted in this run, by the catalogue's model", [
    "model",
  ]),
  jobSeconds: histogram(
    "bellows_job_seconds",
    "Phases of accepted jobs: queue (lease to start), compute, submit (durable to accepted), total",
    ["market", "phase"],
    COMPUTE_BUCKETS,
  ),
  jobsHeld: gauge("bellows_jobs_held", "Jobs under way, by state", ["state"]),

  deviceUsable: gauge("bellows_device_usable", "1: this device can do work", ["device"]),
  devicePaused: gauge("bellows_device_paused", "1: it rests by a person's wish or a rule of presence", [
    "device",
  ]),
  deviceState: gauge("bellows_device_state", "1 for the state the device is in", ["device", "state"]),
  deviceJobs: gauge("bellows_device_running_jobs", "Jobs in the batch that runs", ["device"]),
  deviceBusy: counter(
    "bellows_device_busy_seconds_total",
    "Time with a job on the device, from when it was handed over until its result was durable",
    ["device"],
  ),
  deviceTexts: gauge("bellows_device_texts_per_second", "Texts a second over the last minute of work", [
    "device",
  ]),
  deviceEnergy: counter(
    "bellows_device_energy_joules_total",
    "Energy by the device's own power reading, over all its readings",
    ["device"],
  ),
  gpuInfo: gauge("bellows_gpu_info", "Always 1; verdict is the code of what `bellows devices` says", [
    "device",
    "name",
    "index",
    "driver",
    "cuda",
    "compute_capability",
    "verdict",
  ]),
  gpuUtilisation: gauge("bellows_gpu_utilization_ratio", "Time with work on the GPU, 0 to 1", ["device"]),
  gpuTemperature: gauge("bellows_gpu_temperature_celsius", "Temperature of the GPU's core", ["device"]),
  gpuPower: gauge("bellows_gpu_power_watts", "What the GPU draws", ["device"]),
  gpuPowerLimit: gauge("bellows_gpu_power_limit_watts", "What it may draw", ["device"]),
  gpuMemoryUsed: gauge("bellows_gpu_memory_used_bytes", "GPU memory in use, by anybody", ["device"]),
  gpuMemoryTotal: gauge("bellows_gpu_memory_total_bytes", "GPU memory", ["device"]),
  gpuFan: gauge("bellows_gpu_fan_ratio", "Speed of the fan, 0 to 1", ["device"]),
  gpuClock: gauge("bellows_gpu_clock_hertz", "Clock of the multiprocessors", ["device"]),
  gpuThrottled: gauge(
    "bellows_gpu_throttled",
    "1: something but idleness holds the clocks back (power, heat, a brake)",
    ["device"],
  ),

  settled: counter(
    "bellows_earnings_settled_total",
    "Net money credited since the ledger began, whole coins; rounded, the ledger is exact",
    ["market", "currency"],
  ),
  pending: gauge("bellows_earnings_pending", "What accepted jobs will still bring, net, whole coins", [
    "market",
    "currency",
  ]),
  unclaimed: gauge(
    "bellows_earnings_unclaimed",
    "Settled and not yet moved to the provider's balance, whole coins; asked for every 10 minutes",
    ["market", "provider_id", "currency"],
  ),
  stake: gauge("bellows_stake", "The provider's stake by part: total, effective, minimum; whole coins", [
    "market",
    "provider_id",
    "currency",
    "part",
  ]),

  slaValue: gauge("bellows_sla_value", "Where our service stands, in the measure's own unit", OF_MEASURE),
  slaLimit: gauge("bellows_sla_limit", "The market's threshold for it", OF_MEASURE),
  slaDistance: gauge("bellows_sla_distance", "From value to limit; below 0: crossed", OF_MEASURE),
  slaLevel: gauge("bellows_sla_level", "0 good, 1 near the limit, 2 crossed", OF_MEASURE),
  guardActions: gauge("bellows_guard_actions", "What the service guard does now of its own accord", [
    "market",
    "kind",
  ]),

  offers: gauge("bellows_offers", "GPUs offered for rent, by state", ["market", "state"]),
  offersDrifted: gauge("bellows_offers_drifted", "Offers that the market shows otherwise than we want", [
    "market",
  ]),
  models: gauge("bellows_models", "Models of the catalogue, by state", ["state"]),

  ledgerSize: gauge("bellows_ledger_size_bytes", "Files of the ledger: main, and the write-ahead log", [
    "file",
  ]),
  ledgerFree: gauge("bellows_ledger_free_bytes", "Free space of the disk that holds the ledger", []),
  ledgerCopyAge: gauge(
    "bellows_ledger_copy_age_seconds",
    "How old the newest copy of the ledger is, made every hour or, of a big one, every day; absent while there is none",
    [],
  ),
  ledgerCopyFailed: gauge(
    "bellows_ledger_copy_failed",
    "1: the last copy of the ledger could not be made, as for want of room; it is tried again every hour",
    [],
  ),
  outbox: gauge(
    "bellows_outbox_items",
    "Results, failures and returns a configured market has still to hear",
    [],
  ),
  outboxAge: gauge(
    "bellows_outbox_oldest_age_seconds",
    "How long the oldest of them has waited; absent while there is none",
    [],
  ),

  unsettled: gauge(
    "bellows_machine_unsettled",
    "1: the data folder comes from another machine, and nobody has said yet whether it was moved or copied",
    [],
  ),
  keyBackup: gauge(
    "bellows_key_backup_checked",
    "1: a backup of the provider key was read back; absent where nothing hangs on this machine's key",
    [],
  ),
  runtimeProcesses: gauge("bellows_runtime_processes", "GPU processes that exist now", []),
  runtimeMemory: gauge("bellows_runtime_resident_memory_bytes", "Memory of a device's process", ["device"]),
  eventLoopP99: gauge(
    "bellows_event_loop_delay_p99_seconds",
    "How late the engine's timers were, 99th percentile since the last scrape",
    [],
  ),
  eventLoopMax: gauge("bellows_event_loop_delay_max_seconds", "The latest of them", []),
  heapUsed: gauge("bellows_heap_used_bytes", "JavaScript heap in use", []),
  scrapeSeconds: gauge("bellows_scrape_seconds", "How long it took to make the scrape before this one", []),

  processCpu: counter("process_cpu_seconds_total", "Processor time of the engine", []),
  processMemory: gauge("process_resident_memory_bytes", "Memory of the engine's process", []),
  processStart: gauge("process_start_time_seconds", "When the engine started, unix seconds", []),
} as const satisfies Record<string, Family>;

type Families = typeof FAMILIES;
type MetricOf<F extends Family> = F["kind"] extends "gauge"
  ? Gauge<F["labels"][number]>
  : F["kind"] extends "counter"
    ? Counter<F["labels"][number]>
    : Histogram<F["labels"][number]>;
export type Series = { readonly [K in keyof Families]: MetricOf<Families[K]> };

export function createSeries(registry: Registry): Series {
  const entries = Object.entries<Family>(FAMILIES).map(([key, family]) => [key, create(registry, family)]);
  // The mapped type above says of each entry what `create` makes of its kind.
  return Object.fromEntries(entries) as Series;
}

function create(registry: Registry, { kind, name, help, labels, buckets }: Family) {
  const configuration = { name, help, labelNames: [...labels], registers: [registry] };
  switch (kind) {
    case "gauge":
      return new Gauge(configuration);
    case "counter":
      return new Counter(configuration);
    case "histogram":
      return new Histogram({ ...configuration, buckets: [...(buckets ?? [])] });
  }
}
