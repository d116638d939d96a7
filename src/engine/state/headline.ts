/**
 * The one sentence a person reads first, derived from proofs and nothing else (design.md §8): an accepted result, an
 * acknowledged heartbeat, an answered poll. What has no fresh proof is not claimed.
 */
import type {
  DeviceView,
  Headline,
  HeadlineLevel,
  MarketView,
  RunIntent,
} from "../../shared/contract/views.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../shared/durations.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { isLeftOut } from "../../shared/gpu/left-out.ts";
import type { ScreenName } from "../../shared/screens.ts";
import { hasPassed } from "../../shared/wait.ts";
import {
  type EngineKey,
  type Said,
  type Spoken,
  say,
  sayError,
  sayRemedy,
  within,
} from "../../shared/words/said.ts";
import { spokenReason } from "../device/reason-words.ts";

export interface HeadlineInput {
  /** With play money nothing is lost. */
  readonly mode: "demo" | "live";
  readonly intent: RunIntent;
  readonly startedAt: number;
  readonly now: number;
  readonly markets: readonly MarketView[];
  readonly devices: readonly DeviceView[];
  readonly leasesHeld: number;
  /** Set when the starter model is missing or damaged: nothing can be offered. */
  readonly modelProblem: ErrorValue | null;
  /** Set while nobody has said how the data folder came to this machine: no market may hear of it. */
  readonly machineProblem?: ErrorValue | null | undefined;
  /** Set while the provider key is locked or not made yet: nothing can be signed, so nothing runs. */
  readonly keyProblem?: ErrorValue | null | undefined;
  /** A GPU that should be here and is not; `until`: looked for eagerly till then, unix ms, null: no longer. */
  readonly missingGpu?: { readonly reason: string; readonly until: number | null } | null | undefined;
}

type Reason = Headline["reasons"][number];

/** Of other problems with the key: it is there, and locked. */
const KEY_SENTENCES: Readonly<Record<string, EngineKey>> = { NO_IDENTITY: "noKey", KEY_LOST: "keyLost" };

/** An accepted result is proof of earning for this long. */
const EARNING_FRESH = MINUTE;
/** Within this time a time of day can only be the next one. */
const CLOCK_IS_CLEAR = 20 * HOUR;
const WEEKDAY_IS_CLEAR = 6.5 * DAY;
const STARTING_GRACE = 30 * SECOND;
/** What fails for less, while the rest works, is not worth a person's look. */
const PASSING = MINUTE;
/** A heartbeat older than this many intervals is no proof any more. */
const STALE_HEARTBEATS = 3;

export function deriveHeadline(input: HeadlineInput): Headline {
  const accepted = newest(input.markets, (market) => market.lastAcceptedAt, input.now);
  // An earlier start's is proof of what was, not that this one earns.
  const proof = accepted !== null && accepted.at >= input.startedAt ? accepted.at : null;
  const heartbeat = newest(input.markets, (market) => market.lastHeartbeatAckAt, input.now);
  return {
    ...judge(input, proof),
    lastAcceptedAt: accepted?.at ?? null,
    lastAcceptedMarket: accepted?.market.id ?? null,
    lastHeartbeatAckAt: heartbeat?.at ?? null,
  };
}

type Judgement = Pick<Headline, "level" | "sentence" | "said" | "reasons">;

function verdict(level: HeadlineLevel, { text, said }: Spoken, reasons: Reason[] = []): Judgement {
  return { level, sentence: text, ...(said === undefined ? {} : { said }), reasons };
}

/** A sentence, what to do about it, and the screen that shows more of it. */
function because({ text, said }: Spoken, help?: Spoken, screen?: ScreenName): Reason {
  return {
    text,
    ...(screen === undefined ? {} : { screen }),
    ...(said === undefined ? {} : { said }),
    ...(help === undefined ? {} : { help: help.text }),
    ...(help?.said === undefined ? {} : { helpSaid: help.said }),
  };
}

function judge(input: HeadlineInput, acceptedAt: number | null): Judgement {
  const { intent, markets, devices, now, startedAt } = input;
  const usable = devices.filter((device) => device.state !== "failed");
  const connected = markets.filter((market) => market.state === "registered");
  const marketTroubles = markets.flatMap((market) => marketTrouble(market, now));
  const deviceTroubles = devices.flatMap(deviceTrouble);

  if (input.machineProblem)
    return verdict("error", say("fromOtherMachine"), [errorReason(input.machineProblem)]);
  if (input.keyProblem) {
    const sentence = say(KEY_SENTENCES[input.keyProblem.code] ?? "keyLocked");
    return verdict("error", sentence, [errorReason(input.keyProblem, "identity")]);
  }
  if (input.modelProblem)
    return verdict("error", say("modelUnusable"), [errorReason(input.modelProblem, "models")]);
  if (usable.length === 0) return withoutDevice(input.missingGpu ?? null, deviceTroubles);

  switch (intent) {
    case "stopped":
      return verdict("stopped", say("stopped"), [
        because(say("stoppedWhy"), say("pressStart")),
        ...(input.mode === "live" ? markets.flatMap(stakeAtRisk) : []),
      ]);
    case "paused":
      return verdict(
        "paused",
        input.leasesHeld > 0 ? say("pausedEnding", { count: input.leasesHeld }) : say("paused"),
        [because(say("pausedWhy"), say("pressStartToGoOn"))],
      );
    case "finishing":
      return verdict("finishing", say("finishing", { count: input.leasesHeld }), [
        because(say("finishingWhy"), say("pressStartInstead")),
      ]);
    case "running":
      break;
  }

  const allRefused = markets.length > 0 && markets.every((market) => market.state === "refused");
  if (allRefused) return verdict("error", say("allRefused"), marketTroubles);
  if (connected.length === 0) {
    const fresh =
      !hasPassed(STARTING_GRACE, startedAt, now) && markets.every((market) => market.error === null);
    if (fresh) return verdict("starting", say("connecting"));
    return verdict("offline", say("noMarketAnswers"), marketTroubles);
  }

  const resting = usable.filter((device) => device.paused !== null);
  const pauses = [
    ...resting.flatMap((device) => pauseReason(device, now)),
    ...gpuOnItsWay(input.missingGpu ?? null),
  ];
  if (resting.length === usable.length) return verdict("paused", pausedSentence(resting), pauses);

  const earning = acceptedAt !== null && !hasPassed(EARNING_FRESH, acceptedAt, now);
  // Beside a GPU that works, one that is left out is so on purpose; otherwise somebody may have mistyped a list.
  const wanted = usable.some(({ kind }) => kind === "gpu")
    ? devices.filter((each) => !isLeftOut(each))
    : devices;
  const troubles = [...marketTroubles, ...wanted.filter(canBeHelped).flatMap(deviceTrouble)];
  if (troubles.length > 0) {
    const names = connected.map((market) => market.name).join(" and ");
    const sentence = earning ? say("earningWithTrouble", { markets: names }) : say("runningWithTrouble");
    return verdict("attention", sentence, [...troubles, ...pauses]);
  }
  if (earning) {
    const working = usable.length - resting.length;
    return verdict("earning", say("earning", { working, count: wanted.length }), pauses);
  }
  if (input.leasesHeld > 0) return verdict("starting", say("working", { count: input.leasesHeld }), pauses);
  if (acceptedAt === null && !hasPassed(STARTING_GRACE, startedAt, now))
    return verdict("starting", say("waitingForFirst"), pauses);
  return verdict("idle", say("idle"), [...pauses, ...connected.map((market) => idleReason(market, now))]);
}

/** A market that measures how long it hears of us, and holds a stake that it can take from. */
function stakeAtRisk({ name, standing, serviceWarnings }: MarketView): Reason[] {
  const staked = BigInt(standing?.stake.total.minor ?? 0) > 0n;
  if (!staked || serviceWarnings === undefined) return [];
  return [because(say("stoppedStake", { market: name }), say("pauseInstead"), "reliability")];
}

type MissingGpu = NonNullable<HeadlineInput["missingGpu"]>;

/** Its driver may still come up: then there is nothing to do but to wait. */
function withoutDevice(missing: MissingGpu | null, troubles: Reason[]): Judgement {
  if (missing === null) return verdict("error", say("noDevice"), troubles);
  if (missing.until === null) {
    const reason = within(spokenReason(missing.reason));
    const why = because(say("gpuMissing", { reason }), say("workOnCpuMeanwhile"), "gpus");
    return verdict("error", say("noDevice"), troubles.length > 0 ? troubles : [why]);
  }
  const why = because(
    say("gpuNotYet", { reason: within(spokenReason(missing.reason)) }),
    say("nothingToDo"),
    "gpus",
  );
  return verdict("starting", say("waitingForGpu", { until: clockTime(missing.until) }), [why]);
}

/** Something else works meanwhile. */
function gpuOnItsWay(missing: MissingGpu | null): Reason[] {
  if (missing === null || missing.until === null) return [];
  const values = { until: clockTime(missing.until), reason: within(spokenReason(missing.reason)) };
  return [because(say("gpuOnItsWay", values), undefined, "gpus")];
}

/** By the clock on this machine's wall, "03:05". */
function clockTime(at: number): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** "03:05", or "Mon 03:05" where that is not within a day. */
function soon(at: number, now: number): string | Said {
  const time = clockTime(at);
  if (at - now < CLOCK_IS_CLEAR) return time;
  return say(WEEKDAYS[new Date(at).getDay()] ?? "onSun", { time }).said;
}

const WEEKDAYS = ["onSun", "onMon", "onTue", "onWed", "onThu", "onFri", "onSat"] as const;

function errorReason(error: ErrorValue, screen?: ScreenName): Reason {
  return because(say("fullStop", { what: sayError(error).said }), sayRemedy(error) ?? undefined, screen);
}

/** The market is there, and no work is given or taken. */
const WITHHELD: ReadonlySet<string> = new Set(["JAILED", "NOT_ELIGIBLE", "MARKET_PAUSED"]);

function marketTrouble(market: MarketView, now: number): Reason[] {
  const { failingSince } = market;
  const inTheWay =
    market.state !== "registered" ||
    market.lastPollAnswer === "error" ||
    market.paused !== undefined ||
    (failingSince !== undefined && hasPassed(PASSING, failingSince, now));
  if (market.error !== null && inTheWay) {
    const why = say("marketTrouble", { market: market.name, why: sayError(market.error).said });
    const help = sayRemedy(market.error) ?? say("triedAgain");
    return [because(why, help, WITHHELD.has(market.error.code) ? "reliability" : "settings")];
  }
  const interval = market.heartbeatIntervalMs;
  if (market.lastHeartbeatAckAt !== null && interval !== null) {
    if (hasPassed(STALE_HEARTBEATS * interval + 1, market.lastHeartbeatAckAt, now)) {
      const seconds = Math.max(0, Math.round((now - market.lastHeartbeatAckAt) / SECOND));
      const why = say("noHeartbeat", { market: market.name, seconds });
      return [because(why, say("checkNetwork"), "activity")];
    }
  }
  return [];
}

/** A GPU that never will work, beside one that does, is nothing to act on: the list of devices tells it. */
function canBeHelped({ verdict }: DeviceView): boolean {
  return verdict?.usable !== false || verdict.help !== null;
}

function deviceTrouble(device: DeviceView): Reason[] {
  if (device.state !== "failed" && device.state !== "breaker") return [];
  const { verdict } = device;
  // Not even begun with; what failed later has a reason of its own.
  if (verdict?.usable === false && device.stateReason?.startsWith(verdict.why) === true) {
    const { why, said, help, helpSaid } = verdict;
    const advice = help === null ? undefined : { text: help, ...(helpSaid && { said: helpSaid }) };
    return [because(say("deviceTrouble", { device: device.name, why: said ?? why }), advice, "gpus")];
  }
  const why = device.stateSaid ?? device.stateReason ?? "not usable";
  return [because(say("deviceTrouble", { device: device.name, why }), undefined, "gpus")];
}

/** "NVIDIA GeForce RTX 3060 paused for Cyberpunk2077, resumes by itself." */
function pauseReason({ name, paused }: DeviceView, now: number): Reason[] {
  if (paused === null) return [];
  const { until, resumesByItself, by } = paused;
  const values = { device: name, why: paused.said ?? paused.text };
  if (until !== null && until - now < WEEKDAY_IS_CLEAR)
    return [because(say("deviceRestsUntil", { ...values, until: soon(until, now) }), undefined, "gpus")];
  if (resumesByItself) return [because(say("deviceRestsForNow", values), undefined, "gpus")];
  return [because(say("deviceRests", values), say(by === "switch" ? "switchOn" : "resume"), "gpus")];
}

function pausedSentence(resting: readonly DeviceView[]): Spoken {
  const [only, ...more] = resting;
  if (only?.paused == null || more.length > 0) return say("allPaused", { count: resting.length });
  return say("onlyDeviceRests", { why: only.paused.said ?? only.paused.text });
}

function idleReason(market: MarketView, now: number): Reason {
  if (market.givesJobs === false)
    return because(say("givesNoJobs", { market: market.name }), say("addWhatGivesJobs"), "settings");
  if (market.lastPollAt === null) return because(say("notAsked", { market: market.name }));
  // Where the market keeps a standing it says what it wants; elsewhere the price decides.
  const screen = market.standing === undefined ? "offers" : "reliability";
  const seconds = Math.max(0, Math.round((now - market.lastPollAt) / SECOND));
  return because(say("noJob", { market: market.name, seconds }), undefined, screen);
}

/** What is still to come was noted by another clock and proves nothing. */
function newest(
  markets: readonly MarketView[],
  time: (market: MarketView) => number | null,
  now: number,
): { market: MarketView; at: number } | null {
  let best: { market: MarketView; at: number } | null = null;
  for (const market of markets) {
    const at = time(market);
    if (at !== null && at <= now && (best === null || at > best.at)) best = { market, at };
  }
  return best;
}
