/** Notices about the markets: not reached, not accepted, and what threatens the stake. */

import type { ServiceMeasure } from "../contract/service-level.ts";
import type { MarketView } from "../contract/views.ts";
import { DAY, HOUR, MINUTE } from "../durations.ts";
import { fromMoneyValue } from "../money.ts";
import { type EngineKey, type Said, type Sentence, type Spoken, say } from "../words/said.ts";
import type { NoticeProvider } from "./notice.ts";
import { sayAmount, sayErrorLine, spoken, worded } from "./notice-words.ts";

/** Shorter gaps close by themselves; nobody can do anything about them. */
const UNREACHABLE_FOR = 5 * MINUTE;

export const marketUnreachable: NoticeProvider = (_before, { state }, now) => {
  if (state === null) return [];
  return state.markets
    .filter((market) => market.state === "unreachable")
    .filter((market) => now - (market.lastHeartbeatAckAt ?? state.engine.startedAt) > UNREACHABLE_FOR)
    .map((market) => ({
      key: `market-unreachable ${market.id}`,
      type: "market-unreachable",
      severity: "warn",
      ...worded(
        say("noticeUnreachable", { market: market.name }),
        say("noticeUnreachableText", {
          minutes: Math.floor((now - (market.lastHeartbeatAckAt ?? state.engine.startedAt)) / MINUTE),
          held: market.leasesHeld,
        }),
      ),
      screen: "home",
      lasting: true,
      quietFor: 6 * HOUR,
    }));
};

export const marketRefused: NoticeProvider = (_before, { state }) =>
  (state?.markets ?? [])
    .filter((market) => market.state === "refused" && market.standing?.state !== "jailed")
    .map((market) => ({
      key: `market-refused ${market.id}`,
      type: "market-refused",
      severity: "bad",
      ...worded(
        say("noticeRefused", { market: market.name }),
        market.error === null ? say("noticeRefusedText") : sayErrorLine(market.error),
      ),
      screen: "home",
      lasting: true,
      quietFor: DAY,
    }));

export const marketPaused: NoticeProvider = (_before, { state }) =>
  (state?.markets ?? []).flatMap(({ id, name, paused }) =>
    paused === undefined
      ? []
      : [
          {
            key: `market-paused ${id} ${paused.since}`,
            type: "market-paused",
            severity: "bad",
            ...worded(
              say("noticeMarketPaused", { market: name }),
              say("noticeMarketPausedText", { lost: paused.lost }),
            ),
            screen: "reliability",
            lasting: true,
            quietFor: DAY,
          },
        ],
  );

/** What is signed with a time further off than this, markets refuse (protocols/aicf-profile.md "Authentication"). */
const CLOCK_BEARS = 5 * MINUTE;

/** One notice for all markets: this machine has one clock, and the market furthest from it says most. */
export const clockWrong: NoticeProvider = (_before, { state }) => {
  const [worst] = (state?.markets ?? [])
    .flatMap(({ name, clockSkewMs = 0 }) =>
      Math.abs(clockSkewMs) > CLOCK_BEARS ? [{ name, clockSkewMs }] : [],
    )
    .toSorted((a, b) => Math.abs(b.clockSkewMs) - Math.abs(a.clockSkewMs));
  if (worst === undefined) return [];
  const facts = { market: worst.name, minutes: Math.round(Math.abs(worst.clockSkewMs) / MINUTE) };
  return [
    {
      key: "clock-wrong",
      type: "clock-wrong",
      severity: "warn",
      ...worded(
        say("noticeClock"),
        worst.clockSkewMs > 0 ? say("noticeClockSlow", facts) : say("noticeClockFast", facts),
      ),
      screen: "home",
      lasting: true,
      quietFor: DAY,
    },
  ];
};

export const stakeLow: NoticeProvider = (_before, { state }) =>
  (state?.markets ?? []).flatMap((market) => {
    const stake = market.standing?.stake;
    if (stake === undefined) return [];
    const short = fromMoneyValue(stake.minimum).minor - fromMoneyValue(stake.effective).minor;
    if (short <= 0n) return [];
    return [
      {
        key: `stake-low ${market.id}`,
        type: "stake-low",
        severity: "bad",
        ...worded(
          say("noticeStakeLow", { market: market.name }),
          say("noticeStakeLowText", {
            effective: sayAmount(stake.effective),
            minimum: sayAmount(stake.minimum),
          }),
        ),
        screen: "identity",
        lasting: true,
        quietFor: DAY,
      },
    ];
  });

export const jailed: NoticeProvider = (_before, { state }) =>
  (state?.markets ?? [])
    .filter(({ standing }) => standing?.state === "jailed")
    .map((market) => ({
      key: `jailed ${market.id}`,
      type: "jailed",
      severity: "bad",
      ...worded(say("noticeJailed", { market: market.name }), firstReason(market) ?? say("noticeJailedText")),
      screen: "reliability",
      lasting: true,
      quietFor: DAY,
    }));

function firstReason({ standing }: MarketView): Spoken | null {
  return standing?.reasons[0] ?? null;
}

export const slashed: NoticeProvider = (before, { state }) => {
  if (before?.state == null || state === null) return [];
  const known = before.state.markets;
  return state.markets.flatMap((market) => {
    const old = known.find(({ id }) => id === market.id)?.standing?.slashes;
    // Without an older list nobody can say what is new.
    if (old === undefined) return [];
    const fresh = (market.standing?.slashes ?? []).filter(
      (slash) => !old.some(({ jobId, height, reason }) => sameSlash({ jobId, height, reason }, slash)),
    );
    return fresh.map((slash) => ({
      key: `slashed ${market.id} ${slash.jobId ?? ""} ${slash.height ?? ""} ${slash.reason}`,
      type: "slashed" as const,
      severity: "bad" as const,
      ...worded(
        say("noticeSlashed", { market: market.name, amount: sayAmount(slash.amount) }),
        spoken(slash.text, slash.said),
      ),
      screen: "reliability" as const,
      lasting: false,
      quietFor: DAY,
    }));
  });
};

interface SlashName {
  readonly jobId: string | null;
  readonly height: number | null;
  readonly reason: string;
}

const sameSlash = (a: SlashName, b: SlashName) =>
  a.jobId === b.jobId && a.height === b.height && a.reason === b.reason;

/** The measure with the least room left is named; the screen shows all. */
export const serviceNearLimit: NoticeProvider = (_before, { levels, state }) =>
  levels.flatMap((level) => {
    const near = level.measures.filter(
      ({ state, excused = false }) => !excused && (state === "warning" || state === "breached"),
    );
    const [worst] = near.toSorted(byState);
    if (worst === undefined) return [];
    const market = state?.markets.find(({ id }) => id === level.market)?.name ?? level.market.toUpperCase();
    const cost = worst.breachCost === null ? null : sayAmount(worst.breachCost);
    return [
      {
        key: `service-near-limit ${level.market} ${worst.name} ${worst.state}`,
        type: "service-near-limit",
        severity: worst.state === "breached" ? "bad" : "warn",
        ...worded(
          say(worst.state === "breached" ? "noticeLimitCrossed" : "noticeNearLimit", {
            market,
            measure: say(MEASURES[worst.name].named).said,
          }),
          cost === null ? breach(worst) : say("noticeLimitCost", { text: breach(worst).said, cost }),
        ),
        screen: "reliability",
        lasting: true,
        quietFor: 6 * HOUR,
      },
    ];
  });

const byState = (a: ServiceMeasure, b: ServiceMeasure) =>
  Number(b.state === "breached") - Number(a.state === "breached");

/** What the market does beyond the limit. */
function breach({ name, limit, unit }: ServiceMeasure): Sentence {
  return say(MEASURES[name].beyond, { limit: FIGURES[unit](limit) });
}

const MEASURES = {
  health: { named: "measureHealth", beyond: "limitHealth" },
  availability: { named: "measureAvailability", beyond: "limitAvailability" },
  "latency-p95": { named: "measureLatency", beyond: "limitLatency" },
  traps: { named: "measureTraps", beyond: "limitTraps" },
  qos: { named: "measureQos", beyond: "limitQos" },
  jail: { named: "measureJail", beyond: "limitJail" },
} as const satisfies Record<ServiceMeasure["name"], Readonly<Record<"named" | "beyond", EngineKey>>>;

const FIGURES: Readonly<Record<ServiceMeasure["unit"], (limit: number) => Said | number>> = {
  ratio: (limit) => say("aShare", { percent: String(Math.round(limit * 1000) / 10) }).said,
  ms: (limit) => say("milliseconds", { count: limit }).said,
  count: (limit) => limit,
};
