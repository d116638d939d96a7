/** Samples of Prometheus, from a worker's own /metrics or from a Prometheus' answer, and the facts they tell. */
import { z } from "zod";
import type { FleetMeasure, WorkerFacts } from "../../shared/contract/fleet.ts";
import { type ServiceMeasure, ServiceMeasureSchema } from "../../shared/contract/service-level.ts";
import {
  DeviceViewSchema,
  HeadlineLevelSchema,
  type MarketId,
  MarketIdSchema,
  RunIntentSchema,
} from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { LEFT_OUT } from "../../shared/gpu/left-out.ts";
import { CURRENCIES, CurrencyCodeSchema, type MoneyValue } from "../../shared/money.ts";
import { toldApart } from "../device/told-apart.ts";
import { notAWorker } from "./errors.ts";

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const LEVELS: Readonly<Record<number, ServiceMeasure["state"]>> = { 0: "good", 1: "warning", 2: "breached" };
/** Metrics tell a measure in its own unit, and not which that is. */
const UNITS: Readonly<Record<ServiceMeasure["name"], ServiceMeasure["unit"]>> = {
  health: "ratio",
  availability: "ratio",
  "latency-p95": "ms",
  traps: "ratio",
  qos: "ratio",
  jail: "count",
};
/** No label of ours is longer; what answers there may be anything. */
const LONGEST_LABEL = 300;

/** Prometheus' text format (version 0.0.4); lines that are none of it are passed over. */
export function parseSamples(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value = ""] = LINE.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, label = "", text = ""]) => [label, unescaped(text)]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: numberOf(value) }];
  });
}

function unescaped(text: string): string {
  const whole = text.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
  return whole.slice(0, LONGEST_LABEL);
}

function numberOf(text: string): number {
  if (/^[+]?Inf$/i.test(text)) return Number.POSITIVE_INFINITY;
  return /^-Inf$/i.test(text) ? Number.NEGATIVE_INFINITY : Number(text);
}

/** Throws AppError NOT_A_WORKER when the samples are not those of a Bellows engine. */
export function factsOfSamples(samples: readonly Sample[]): WorkerFacts {
  const of = new SampleIndex(samples);
  const build = of.first("bellows_build_info")?.labels;
  const intent = RunIntentSchema.safeParse(of.active("bellows_intent", "intent"));
  const level = HeadlineLevelSchema.safeParse(of.active("bellows_headline", "level"));
  if (build?.version === undefined || !intent.success || !level.success) {
    throw notAWorker();
  }
  const startedAt = of.value("process_start_time_seconds");
  return {
    version: build.version,
    mode: build.mode === "demo" ? "demo" : "live",
    intent: intent.data,
    level: level.data,
    sentence: null,
    startedAt: startedAt === null ? null : Math.round(startedAt * SECOND),
    accepted: of.sum("bellows_jobs_total", { status: "accepted" }),
    gpus: gpusOf(of),
    markets: of.markets("bellows_market_up").map(({ market, value }) => {
      const heartbeat = of.value("bellows_market_last_heartbeat_timestamp_seconds", { market });
      return {
        market,
        connected: value === 1,
        lastHeartbeatAt: heartbeat === null ? null : Math.round(heartbeat * SECOND),
        leasesHeld: of.value("bellows_market_leases_held", { market }) ?? 0,
      };
    }),
    earnings: of.markets("bellows_earnings_settled_total").flatMap(({ market, value, labels }) => {
      const settled = moneyOf(labels.currency, value);
      const pending = moneyOf(labels.currency, of.value("bellows_earnings_pending", { market }) ?? 0);
      return settled === null || pending === null ? [] : [{ market, settled, pending, settledToday: null }];
    }),
    service: of.markets("bellows_sla_limit").flatMap((limit) => measureOf(of, limit)),
    models: null,
  };
}

/** By the names that the worker itself shows; its metrics say the model. */
function gpusOf(of: SampleIndex): WorkerFacts["gpus"] {
  const infos = of.all("bellows_gpu_info").map(({ labels }) => labels);
  const named = toldApart(
    infos.map(({ device = "", name = "", index = "" }) => ({
      id: device,
      name,
      gpu: /^\d+$/.test(index) ? { index: Number(index) } : undefined,
    })),
  );
  return infos.map((labels, at) => ({ ...gpuOf(of, labels), name: named[at]?.name ?? "" }));
}

function gpuOf(of: SampleIndex, labels: Sample["labels"]): WorkerFacts["gpus"][number] {
  const device = labels.device ?? "";
  const state = DeviceViewSchema.shape.state.safeParse(
    of.active("bellows_device_state", "state", { device }),
  );
  const utilisation = of.value("bellows_gpu_utilization_ratio", { device });
  return {
    id: device,
    name: labels.name ?? "",
    usable: of.value("bellows_device_usable", { device }) === 1,
    ...(labels.verdict === LEFT_OUT ? { leftOut: true } : {}),
    state: state.success ? state.data : null,
    driver: labels.driver || null,
    temperatureC: of.value("bellows_gpu_temperature_celsius", { device }),
    powerW: of.value("bellows_gpu_power_watts", { device }),
    utilisationPct: utilisation === null ? null : utilisation * 100,
  };
}

function measureOf(of: SampleIndex, limit: MarketSample): FleetMeasure[] {
  const name = ServiceMeasureSchema.shape.name.safeParse(limit.labels.measure);
  if (!name.success || !Number.isFinite(limit.value)) return [];
  const which = { market: limit.market, measure: name.data };
  const level = of.value("bellows_sla_level", which);
  return [
    {
      market: limit.market,
      name: name.data,
      value: of.value("bellows_sla_value", which),
      limit: limit.value,
      unit: UNITS[name.data],
      distance: of.value("bellows_sla_distance", which),
      state: (level === null ? undefined : LEVELS[level]) ?? "unknown",
    },
  ];
}

/** The series tell whole coins in a double: back to minor units as near as that is. */
function moneyOf(currency: string | undefined, coins: number): MoneyValue | null {
  const code = CurrencyCodeSchema.safeParse(currency);
  if (!code.success) return null;
  const minor = Math.round(coins * Number(CURRENCIES[code.data].scale));
  return Number.isFinite(minor) ? { currency: code.data, minor: BigInt(minor).toString() } : null;
}

interface MarketSample {
  readonly market: MarketId;
  readonly value: number;
  readonly labels: Sample["labels"];
}

type Which = Readonly<Record<string, string>>;

class SampleIndex {
  readonly #byName = new Map<string, Sample[]>();

  constructor(samples: readonly Sample[]) {
    for (const sample of samples) {
      const known = this.#byName.get(sample.name);
      if (known === undefined) this.#byName.set(sample.name, [sample]);
      else known.push(sample);
    }
  }

  all(name: string, which: Which = {}): Sample[] {
    const wanted = Object.entries(which);
    const samples = this.#byName.get(name) ?? [];
    return samples.filter(({ labels }) => wanted.every(([label, value]) => labels[label] === value));
  }

  first(name: string, which: Which = {}): Sample | undefined {
    return this.all(name, which)[0];
  }

  /** NaN and infinities are what exporters write for "not known". */
  value(name: string, which: Which = {}): number | null {
    const value = this.first(name, which)?.value;
    return value === undefined || !Number.isFinite(value) ? null : value;
  }

  sum(name: string, which: Which): number {
    return this.all(name, which).reduce((sum, { value }) => sum + (Number.isFinite(value) ? value : 0), 0);
  }

  /** The label's value of the one sample that is 1. */
  active(name: string, label: string, which: Which = {}): string | undefined {
    return this.all(name, which).find(({ value }) => value === 1)?.labels[label];
  }

  markets(name: string): MarketSample[] {
    return this.all(name).flatMap(({ labels, value }) => {
      const market = MarketIdSchema.safeParse(labels.market);
      return market.success ? [{ market: market.data, value, labels }] : [];
    });
  }
}

/** The answer of Prometheus' HTTP API to an instant query. Its samples are looked at one by one: a fleet has 100,000. */
const QueryAnswerSchema = z.object({
  status: z.literal("success"),
  data: z.object({ result: z.array(z.unknown()) }),
});

/** Throws what is no such answer; a sample that is none is passed over. */
export function samplesOfAnswer(answer: unknown): Sample[] {
  return QueryAnswerSchema.parse(answer).data.result.flatMap((entry) => sampleOf(entry) ?? []);
}

function sampleOf(entry: unknown): Sample | null {
  if (!isRecord(entry) || !isRecord(entry.metric) || !Array.isArray(entry.value)) return null;
  const text: unknown = entry.value[1];
  if (typeof text !== "string") return null;
  const labels: Record<string, string> = {};
  for (const label in entry.metric) {
    const value = entry.metric[label];
    if (typeof value === "string") labels[label] = value.slice(0, LONGEST_LABEL);
  }
  const { __name__: name = "", ...rest } = labels;
  return { name, labels: rest, value: numberOf(text) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
