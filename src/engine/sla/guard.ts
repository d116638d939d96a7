/**
 * The guard watches our service with the market's own formulas and acts before the market does: it warns, takes fewer
 * jobs at once, takes none, or leaves out a model that fails its self-test; and it says what it does and why.
 */
import { z } from "zod";
import {
  type GuardAction,
  GuardActionSchema,
  type GuardChange,
  type ServiceLevel,
  type ServiceMeasure,
} from "../../shared/contract/service-level.ts";
import type { MarketId, ProviderStanding } from "../../shared/contract/views.ts";
import { HOUR, MINUTE, SECOND } from "../../shared/durations.ts";
import { hasPassed, pause, toBeat } from "../../shared/wait.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { FailedModel } from "../self-test/failed-models.ts";
import { measureService, type ServiceFacts, windowOf } from "./measures.ts";
import type { ServiceRules } from "./rules.ts";

const LOOK = 5 * SECOND;
/** Heartbeats older than this no longer matter for any formula. */
const KEEP_BEATS = 2 * HOUR;
/** A remedy stays for this long after its cause is gone, so that it does not flicker. */
const CALM = 5 * MINUTE;
/** So does trouble, for a few heartbeats: one that comes and goes with each of them is one trouble. */
const TROUBLE_CALM = MINUTE;
const TREND_SPAN = 3 * MINUTE;
/** Changes smaller than this share of the limit are none. */
const STEADY = 0.005;
const LOG_LENGTH = 50;
const ActsSchema = z.object({ began: z.array(GuardActionSchema), ended: z.array(GuardActionSchema) });

/** One market, as the guard sees it. */
export interface GuardedMarket {
  readonly id: MarketId;
  readonly rules: ServiceRules;
  readonly standing: () => ProviderStanding | null;
  readonly heartbeatIntervalMs: () => number | null;
  /** Leases the market may have with us when all is well. */
  readonly fullQuota: () => number;
  /** Measures that are only looked at here. */
  readonly excused?: () => ReadonlySet<ServiceMeasure["name"]>;
  /** Models that a device answers wrongly with: they are left out there, as their traps would fail. */
  readonly failedModels?: () => readonly FailedModel[];
}

export interface GuardDeps {
  readonly market: GuardedMarket;
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly onChange: () => void;
}

/** When a measure was last seen near its limit, and past it: unix ms. */
interface LastTrouble {
  readonly warning: number;
  readonly breached: number;
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
  readonly #troubles = new Map<ServiceMeasure["name"], LastTrouble>();
  #samples: Sample[] = [];
  #level: ServiceLevel | null = null;
  #log: GuardChange[];

  constructor(deps: GuardDeps) {
    this.#deps = deps;
    const { ledger, market } = deps;
    this.#log = ledger.service.guardActs(market.id, LOG_LENGTH).flatMap(({ at, detail }) => {
      const acts = ActsSchema.safeParse(detail);
      return acts.success ? changesOf(at, acts.data.began, acts.data.ended) : [];
    });
    this.#actions = openWarnings(this.#log);
    // What an earlier start warned of is over when it has been well for a while, not with that start.
    for (const { measure } of this.#actions) if (measure !== null) this.#noteTrouble(measure, "warning");
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.look();
      await pause(toBeat(LOOK), signal);
    }
  }

  get level(): ServiceLevel {
    return this.#level ?? this.look();
  }

  /** Leases to hold at most now; 0: take none, end what is held. */
  get quota(): number {
    const full = this.#deps.market.fullQuota();
    // Half of one is one; of none, when no device works, it stays none.
    if (this.#does("finish-only") || full === 0) return 0;
    return this.#does("lower-concurrency") ? Math.max(1, Math.floor(full / 2)) : full;
  }

  /** Measures near or past their limit now. */
  get warnings(): number {
    const { measures } = this.level;
    return measures.filter(isTrouble).length;
  }

  /** Measures, decides, says what changed. */
  look(): ServiceLevel {
    const { market, now } = this.#deps;
    const at = now();
    const facts = this.#facts(at);
    const excused = market.excused?.() ?? new Set();
    const warnedOf = new Set(
      this.#actions.flatMap(({ kind, measure }) => (kind === "warn" ? [measure] : [])),
    );
    const present = measureService(facts, market.rules, (name) => warnedOf.has(name)).map((measure) => ({
      ...measure,
      trend: this.#trend(measure, at),
      ...(excused.has(measure.name) && { excused: true }),
    }));
    const measures = present.map((measure) => ({ ...measure, state: this.#heldState(measure, at) }));
    this.#remember(measures, at);
    this.#decide(measures, present.filter(isTrouble), at);
    const { from, to } = windowOf(facts, market.rules);
    this.#level = {
      market: market.id,
      at,
      window: { from, to, jobs: facts.ended.length },
      measures,
      actions: this.#actions,
      beats: facts.beats.filter((beat) => beat >= from),
      aliveMs: market.rules.aliveMs,
      log: this.#log,
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

  /** The worst state of the last minute. */
  #heldState({ name, state }: ServiceMeasure, now: number): ServiceMeasure["state"] {
    if (state === "unknown") return state;
    if (state !== "good") this.#noteTrouble(name, state, now);
    const last = this.#troubles.get(name);
    if (last === undefined) return state;
    if (!hasPassed(TROUBLE_CALM, last.breached, now)) return "breached";
    return hasPassed(TROUBLE_CALM, last.warning, now) ? state : "warning";
  }

  #noteTrouble(name: ServiceMeasure["name"], state: "warning" | "breached", at = this.#deps.now()): void {
    const before = this.#troubles.get(name) ?? NEVER;
    this.#troubles.set(name, { warning: at, breached: state === "breached" ? at : before.breached });
  }

  /** `measures`: with what was seen of them lately; `troubled`: those that are in trouble at this moment. */
  #decide(measures: readonly ServiceMeasure[], troubled: readonly ServiceMeasure[], now: number): void {
    const wanted: Omit<GuardAction, "since">[] = [];
    const about = ({ name }: ServiceMeasure) => ({ measure: name, model: null, device: null });
    for (const measure of measures.filter(isTrouble))
      wanted.push({ kind: "warn", ...about(measure), text: warning(measure) });
    for (const measure of troubled) {
      const remedy = remedyFor(measure);
      if (remedy !== null) wanted.push({ ...remedy, ...about(measure) });
    }
    for (const { model, device, text } of this.#deps.market.failedModels?.() ?? []) {
      wanted.push({
        kind: "pause-model",
        measure: null,
        model,
        device: device.id,
        text: `${model} is not run on ${device.name}: ${text}`,
      });
    }
    const before = new Map(this.#actions.map((action) => [keyOf(action), action]));
    // By a clock that was set back since: nothing is seen in the future.
    for (const [key, at] of this.#seen) if (at > now) this.#seen.set(key, now);
    for (const action of wanted) this.#seen.set(keyOf(action), now);
    const kept = this.#actions.filter((action) => {
      const calm = now - (this.#seen.get(keyOf(action)) ?? 0);
      // A warning ends with its trouble; a remedy stays a while, and a model until its test passes.
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
    this.#log = [...changesOf(now, began, ended), ...this.#log].slice(0, LOG_LENGTH);
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
    const fresh = this.#samples.filter((sample) => !hasPassed(TREND_SPAN, sample.at, at));
    this.#samples = [...fresh, { at, values }];
  }

  #does(kind: GuardAction["kind"]): boolean {
    return this.#actions.some((action) => action.kind === kind);
  }
}

const NEVER: LastTrouble = { warning: Number.NEGATIVE_INFINITY, breached: Number.NEGATIVE_INFINITY };

/** Warnings that began and did not end, of changes from the newest to the oldest. */
function openWarnings(log: readonly GuardChange[]): GuardAction[] {
  const last = new Map<string, GuardChange>();
  for (const change of log) if (!last.has(keyOf(change))) last.set(keyOf(change), change);
  return [...last.values()]
    .filter(({ kind, change }) => kind === "warn" && change === "began")
    .map(({ at, change: _, ...action }) => ({ ...action, since: at }));
}

function isTrouble({ state, excused = false }: ServiceMeasure): boolean {
  return !excused && (state === "warning" || state === "breached");
}

function changesOf(at: number, began: readonly GuardAction[], ended: readonly GuardAction[]): GuardChange[] {
  const said = (change: GuardChange["change"]) => (action: GuardAction) => {
    const { kind, measure, model, device, text } = action;
    return { at, change, kind, measure, model, device, text };
  };
  return [...began.map(said("began")), ...ended.map(said("ended"))];
}

function keyOf({
  kind,
  measure,
  model,
  device,
}: Pick<GuardAction, "kind" | "measure" | "model" | "device">): string {
  return `${kind}/${measure ?? ""}/${model ?? ""}/${device ?? ""}`;
}

function warning(measure: ServiceMeasure): string {
  const value = shown(measure.value, measure.unit);
  const limit = shown(measure.limit, measure.unit);
  const where =
    (measure.distance ?? 0) < 0 ? `${value}, past the limit of ${limit}` : `${value}, limit ${limit}`;
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
