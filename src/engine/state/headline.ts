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
import { MINUTE, SECOND } from "../../shared/durations.ts";

export interface HeadlineInput {
  readonly intent: RunIntent;
  readonly startedAt: number;
  readonly now: number;
  readonly markets: readonly MarketView[];
  readonly devices: readonly DeviceView[];
  readonly leasesHeld: number;
  /** Set when the starter model is missing or damaged: nothing can be offered. */
  readonly modelProblem: { message: string; help: string | undefined } | null;
}

type Reason = Headline["reasons"][number];

/** An accepted result is proof of earning for this long. */
const EARNING_FRESH = MINUTE;
const STARTING_GRACE = 30 * SECOND;
/** A heartbeat older than this many intervals is no proof any more. */
const STALE_HEARTBEATS = 3;

export function deriveHeadline(input: HeadlineInput): Headline {
  const accepted = newest(input.markets, (market) => market.lastAcceptedAt);
  const heartbeat = newest(input.markets, (market) => market.lastHeartbeatAckAt);
  const { level, sentence, reasons } = judge(input, accepted?.at ?? null);
  return {
    level,
    sentence,
    reasons,
    lastAcceptedAt: accepted?.at ?? null,
    lastAcceptedMarket: accepted?.market.id ?? null,
    lastHeartbeatAckAt: heartbeat?.at ?? null,
  };
}

function judge(
  input: HeadlineInput,
  acceptedAt: number | null,
): { level: HeadlineLevel; sentence: string; reasons: Reason[] } {
  const { intent, markets, devices, now, startedAt } = input;
  const usable = devices.filter((device) => device.state !== "failed");
  const connected = markets.filter((market) => market.state === "registered");
  const marketTroubles = markets.flatMap((market) => marketTrouble(market, now));
  const deviceTroubles = devices.flatMap(deviceTrouble);

  if (input.modelProblem)
    return { level: "error", sentence: "The model is not usable", reasons: [modelReason(input)] };
  if (usable.length === 0)
    return { level: "error", sentence: "No device can run jobs", reasons: deviceTroubles };

  switch (intent) {
    case "stopped":
      return {
        level: "stopped",
        sentence: "Stopped",
        reasons: [{ text: "No work is taken until you start.", help: "Press Start." }],
      };
    case "paused":
      return {
        level: "paused",
        sentence: input.leasesHeld > 0 ? `Paused, ${jobs(input.leasesHeld)} being ended` : "Paused",
        reasons: [
          {
            text: "The markets still hear that this provider is alive.",
            help: "Press Start to go on.",
          },
        ],
      };
    case "finishing":
      return {
        level: "finishing",
        sentence: `Finishing ${jobs(input.leasesHeld)}, then stopping`,
        reasons: [{ text: "No new work is taken.", help: "Press Start to keep going instead." }],
      };
    case "running":
      break;
  }

  const allRefused = markets.length > 0 && markets.every((market) => market.state === "refused");
  if (allRefused)
    return { level: "error", sentence: "No market accepts this provider", reasons: marketTroubles };
  if (connected.length === 0) {
    const fresh = now - startedAt < STARTING_GRACE && markets.every((market) => market.error === null);
    if (fresh) return { level: "starting", sentence: "Connecting to the markets", reasons: [] };
    return { level: "offline", sentence: "No market answers", reasons: marketTroubles };
  }

  const earning = acceptedAt !== null && now - acceptedAt < EARNING_FRESH;
  const working = `${usable.length} of ${devices.length} ${devices.length === 1 ? "device" : "devices"}`;
  const troubles = [...marketTroubles, ...devices.filter(canBeHelped).flatMap(deviceTrouble)];
  if (troubles.length > 0) {
    const names = connected.map((market) => market.name).join(" and ");
    return {
      level: "attention",
      sentence: earning
        ? `Earning on ${names}, with something to look at`
        : "Running, with something to look at",
      reasons: troubles,
    };
  }
  if (earning) return { level: "earning", sentence: `Earning on ${working}`, reasons: [] };
  if (input.leasesHeld > 0)
    return { level: "starting", sentence: `Working on ${jobs(input.leasesHeld)}`, reasons: [] };
  if (acceptedAt === null && now - startedAt < STARTING_GRACE) {
    return { level: "starting", sentence: "Connected, waiting for the first job", reasons: [] };
  }
  return {
    level: "idle",
    sentence: "Ready, no work right now",
    reasons: connected.map((market) => idleReason(market, now)),
  };
}

function modelReason(input: HeadlineInput): Reason {
  return {
    text: input.modelProblem?.message ?? "",
    ...(input.modelProblem?.help ? { help: input.modelProblem.help } : {}),
  };
}

function marketTrouble(market: MarketView, now: number): Reason[] {
  if (market.error !== null && (market.state !== "registered" || market.lastPollAnswer === "error")) {
    const { message, help } = market.error;
    return [{ text: `${market.name}: ${message}.`, help: help ?? "It is tried again by itself." }];
  }
  const interval = market.heartbeatIntervalMs;
  if (market.lastHeartbeatAckAt !== null && interval !== null) {
    const age = now - market.lastHeartbeatAckAt;
    if (age > STALE_HEARTBEATS * interval) {
      return [
        {
          text: `${market.name} acknowledged no heartbeat for ${Math.round(age / SECOND)} s.`,
          help: "Check the network.",
        },
      ];
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
  return [{ text: `${device.name}: ${device.stateReason ?? "not usable"}.` }];
}

function idleReason(market: MarketView, now: number): Reason {
  if (market.lastPollAt === null) return { text: `${market.name} has not been asked for work yet.` };
  const age = Math.max(0, Math.round((now - market.lastPollAt) / SECOND));
  return { text: `${market.name} had no job for this provider ${age} s ago.` };
}

function newest(markets: readonly MarketView[], time: (market: MarketView) => number | null) {
  let best: { market: MarketView; at: number } | null = null;
  for (const market of markets) {
    const at = time(market);
    if (at !== null && (best === null || at > best.at)) best = { market, at };
  }
  return best;
}

function jobs(count: number): string {
  return count === 1 ? "1 job" : `${count} jobs`;
}
