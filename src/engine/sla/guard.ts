/**
 * The guard watches our service with the market's own formulas and acts before the market does: it warns, takes fewer
 * jobs at once, takes none, or leaves out a model that fails its self-test; and it says what it does and why.
 */
import type { GuardAction, ServiceLevel, ServiceMeasure } from "../../shared/contract/service-level.ts";
import type { MarketId, ProviderStanding } from "../../shared/contract/views.ts";
import { HOUR, MINUTE, SECOND } from "../../shared/durations.ts";
import { pause } from "../../shared/wait.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { measureService, type ServiceFacts, windowOf } from "./measures.ts";
import type { ServiceRules } from "./rules.ts";

const LOOK = 2 * SECOND;
/** Heartbeats older than this no longer matter for any formula. */
const KEEP_BEATS = 2 * HOUR;
/** An action stays for this long after its cause is gone, so that it does not flicker. */
const CALM = 5 * MINUTE;
const TREND_SPAN = 3 * MINUTE;
/** Changes smaller than this share of the limit are none. */
const STEADY = 0.005;

/** One market, as the guard sees it. */
export interface GuardedMarket {
  readonly id: MarketId;
  readonly rules: ServiceRules;
  readonly standing: () => ProviderStanding | null;
  readonly heartbeatIntervalMs: () => number | null;
  /** Leases the market may have with us when all is well. */
  readonly fullQuota: () => number;
}

export interface GuardDeps {
  readonly market: GuardedMarket;
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly onChange: () => void;
}

interface Sample {
  readonly at: number;
  readonly values: ReadonlyMap<ServiceMeasure["name"], number>;
}

export class ServiceGuard {
  readonly #deps: GuardDeps;
  #actions: GuardAction[] = [];
  /** When each action's cause was last seen. */
  readonly #seen = new Map<string, number>();
  readonly #failedModels = new Map<string, { text: string; since: number }>();
  #samples: Sample[] = [];
  #level: ServiceLevel | null = null;

  constructor(deps: GuardDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.look();
      await pause(LOOK, signal);
    }
  }

  get level(): ServiceLevel {
    return this.#level ?? this.look();
  }

  /** Leases to hold at most now; 0: take none, end what is held. */
  get quota(): number {
    const { fullQuota } = this.#deps.market;
    if (this.#does("finish-only")) return 0;
    return this.#does("lower-concurrency") ? Math.max(1, Math.floor(fullQuota() / 2)) : fullQuota();
  }

  /** False: the model failed its self-test, so its answers would fail traps too. */
  offers(model: string): boolean {
    return !this.#failedModels.has(model);
  }

  /** What the guard does, one sentence each. */
  get sentences(): readonly string[] {
    return this.#actions.map(({ text }) => text);
  }

  noteSelfTest(model: string, passed: boolean, detail: string): void {
    if (passed) this.#failedModels.delete(model);
    else if (!this.#failedModels.has(model)) {
      this.#failedModels.set(model, { text: detail, since: this.#deps.now() });
    }
    this.look();
  }

  /** Measures, decides, says what changed. */
  look(): ServiceLevel {
    const { market, now } = this.#deps;
    const at = now();
    const facts = this.#facts(at);
    const measures = measureService(facts, market.rules).map((measure) => ({
      ...measure,
      trend: this.#trend(measure, at),
    }));
    this.#remember(measures, at);
    this.#decide(measures, at);
    const { from, to } = windowOf(facts, market.rules);
    this.#level = {
      market: market.id,
      at,
      window: { from, to, jobs: facts.ended.length },
      measures,
      actions: this.#actions,
    };
    return this.#level;
  }

  #facts(now: number): ServiceFacts {
    const { ledger, market } = this.#deps;
    const beats = ledger.service.heartbeats(market.id, now - KEEP_BEATS);
    const registeredAt = ledger.registeredAt(market.id) ?? now;
    const from = Math.max(registeredAt, now - market.rules.windowMs);
    return {
      now,
      registeredAt,
      heartbeatIntervalMs: market.heartbeatIntervalMs() ?? 15 * SECOND,
      beats,
      ended: ledger.service.ended(market.id, from, now),
      running: ledger.service.running(market.id),
      standing: market.standing(),
    };
  }

  #decide(measures: readonly ServiceMeasure[], now: number): void {
    const wanted: Omit<GuardAction, "since">[] = [];
    for (const measure of measures) {
      if (measure.state === "warning" || measure.state === "breached") {
        wanted.push({ kind: "warn", measure: measure.name, model: null, text: warning(measure) });
        const remedy = remedyFor(measure);
        if (remedy !== null) wanted.push({ ...remedy, measure: measure.name, model: null });
      }
    }
    for (const [model, { text }] of this.#failedModels) {
      wanted.push({ kind: "pause-model", measure: null, model, text: `${model} is not offered: ${text}` });
    }
    const before = new Map(this.#actions.map((action) => [keyOf(action), action]));
    for (const action of wanted) this.#seen.set(keyOf(action), now);
    const kept = this.#actions.filter((action) => {
      const calm = now - (this.#seen.get(keyOf(action)) ?? 0);
      // A warning ends with its cause; a remedy stays a while, and a model until its test passes.
      return action.kind === "warn" || action.kind === "pause-model" ? calm === 0 : calm < CALM;
    });
    const current = new Map(kept.map((action) => [keyOf(action), action]));
    for (const action of wanted) {
      const since = before.get(keyOf(action))?.since ?? now;
      current.set(keyOf(action), { ...action, since });
    }
    this.#actions = [...current.values()].sort((a, b) => a.since - b.since);
    this.#tell(before, current, now);
  }

  #tell(
    before: ReadonlyMap<string, GuardAction>,
    after: ReadonlyMap<string, GuardAction>,
    now: number,
  ): void {
    const { ledger, market, onChange } = this.#deps;
    const began = [...after].filter(([key]) => !before.has(key)).map(([, action]) => action);
    const ended = [...before].filter(([key]) => !after.has(key)).map(([, action]) => action);
    if (began.length + ended.length === 0) return;
    ledger.audit("guard-acted", now, { began, ended }, { market: market.id });
    onChange();
  }

  #trend(measure: Omit<ServiceMeasure, "trend">, now: number): ServiceMeasure["trend"] {
    const then = this.#samples.find(({ at }) => now - at <= TREND_SPAN)?.values.get(measure.name);
    if (then === undefined || measure.value === null) return "unknown";
    const change = measure.value - then;
    if (Math.abs(change) < STEADY * measure.limit) return "steady";
    return change > 0 === (measure.good === "above") ? "better" : "worse";
  }

  #remember(measures: readonly ServiceMeasure[], at: number): void {
    const values = new Map(measures.flatMap(({ name, value }) => (value === null ? [] : [[name, value]])));
    this.#samples = [...this.#samples.filter((sample) => at - sample.at <= TREND_SPAN), { at, values }];
  }

  #does(kind: GuardAction["kind"]): boolean {
    return this.#actions.some((action) => action.kind === kind);
  }
}

function keyOf({ kind, measure, model }: Pick<GuardAction, "kind" | "measure" | "model">): string {
  return `${kind}/${measure ?? ""}/${model ?? ""}`;
}

function warning(measure: ServiceMeasure): string {
  const value = shown(measure.value, measure.unit);
  const limit = shown(measure.limit, measure.unit);
  const where =
    measure.state === "breached" ? `${value}, past the limit of ${limit}` : `${value}, limit ${limit}`;
  return `${measure.label}: ${where}. ${measure.breachText}`;
}

/** What helps before the market acts; null: only the person can do something. */
function remedyFor(measure: ServiceMeasure): Pick<GuardAction, "kind" | "text"> | null {
  switch (measure.name) {
    case "latency-p95":
    case "qos":
      return {
        kind: "lower-concurrency",
        text: "Half as many jobs are taken at once until they are in time again.",
      };
    case "traps":
      // Wrong answers get more with every job: below the limit nothing more is taken.
      return measure.state === "breached"
        ? { kind: "finish-only", text: "No more work is taken: this machine's answers are found wrong." }
        : null;
    case "jail":
      return measure.distance !== null && measure.distance <= 1
        ? { kind: "finish-only", text: "No more work is taken: the next penalty would jail this provider." }
        : null;
    case "health":
    case "availability":
      return null;
  }
}

function shown(value: number | null, unit: ServiceMeasure["unit"]): string {
  if (value === null) return "unknown";
  if (unit === "ms") return `${Math.round(value)} ms`;
  return unit === "count" ? String(value) : `${(value * 100).toFixed(1)} %`;
}
