/** Notices about the markets: not reached, not accepted, and what threatens the stake. */

import type { ServiceMeasure } from "../contract/service-level.ts";
import type { MarketView } from "../contract/views.ts";
import { DAY, HOUR, MINUTE } from "../durations.ts";
import { fromMoneyValue } from "../money.ts";
import { hear } from "../words/hear.ts";
import { hearErrorLine } from "../words/hear-error.ts";
import { showDecimal } from "../words/numbers.ts";
import { currentLanguage, t } from "../words/words.ts";
import { moneyText } from "./money-text.ts";
import type { NoticeProvider } from "./notice.ts";

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
      title: t("notifications.marketUnreachable.title", { market: market.name }),
      text: t("notifications.marketUnreachable.text", {
        minutes: Math.floor((now - (market.lastHeartbeatAckAt ?? state.engine.startedAt)) / MINUTE),
        held: market.leasesHeld,
      }),
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
      title: t("notifications.marketRefused.title", { market: market.name }),
      text: market.error === null ? t("notifications.marketRefused.text") : hearErrorLine(market.error),
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
            title: t("notifications.marketPaused.title", { market: name }),
            text: t("notifications.marketPaused.text", { lost: paused.lost }),
            screen: "reliability",
            lasting: true,
            quietFor: DAY,
          },
        ],
  );

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
        title: t("notifications.stakeLow.title", { market: market.name }),
        text: t("notifications.stakeLow.text", {
          effective: moneyText(stake.effective),
          minimum: moneyText(stake.minimum),
        }),
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
      title: t("notifications.jailed.title", { market: market.name }),
      text: firstReason(market) ?? t("notifications.jailed.text"),
      screen: "reliability",
      lasting: true,
      quietFor: DAY,
    }));

function firstReason({ standing }: MarketView): string | null {
  const reason = standing?.reasons[0];
  return reason === undefined ? null : hear(reason.text, reason.said);
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
      title: t("notifications.slashed.title", { market: market.name, amount: moneyText(slash.amount) }),
      text: hear(slash.text, slash.said),
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
    const cost = worst.breachCost === null ? null : moneyText(worst.breachCost);
    return [
      {
        key: `service-near-limit ${level.market} ${worst.name} ${worst.state}`,
        type: "service-near-limit",
        severity: worst.state === "breached" ? "bad" : "warn",
        title: t(
          worst.state === "breached"
            ? "notifications.serviceNearLimit.breached"
            : "notifications.serviceNearLimit.title",
          { market, measure: t(`reliability.measure.${worst.name}`) },
        ),
        text:
          cost === null
            ? breachText(worst)
            : t("notifications.serviceNearLimit.cost", { text: breachText(worst), cost }),
        screen: "reliability",
        lasting: true,
        quietFor: 6 * HOUR,
      },
    ];
  });

const byState = (a: ServiceMeasure, b: ServiceMeasure) =>
  Number(b.state === "breached") - Number(a.state === "breached");

/** What the market does beyond the limit. */
function breachText({ name, limit, unit }: ServiceMeasure): string {
  const figure = showDecimal(
    String(unit === "ratio" ? Math.round(limit * 1000) / 10 : limit),
    currentLanguage(),
  );
  return t(`reliability.explain.${name}`, { limit: `${figure}${UNITS[unit]}` });
}

const UNITS = { ratio: " %", ms: " ms", count: "" } as const satisfies Record<ServiceMeasure["unit"], string>;
