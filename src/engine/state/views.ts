/** How each slice of the state is made from the parts that own the facts. */
import type { ModelView } from "../../shared/contract/models.ts";
import type { OffersView } from "../../shared/contract/offers.ts";
import type { SettingsView } from "../../shared/contract/settings.ts";
import type { DeviceView, EarningsView, HostInfo, State } from "../../shared/contract/views.ts";
import { RECENT_JOBS } from "../../shared/contract/views.ts";
import { DAY } from "../../shared/durations.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { add, type Money, money, toMoneyValue } from "../../shared/money.ts";
import { localMidnight } from "../earnings/local-days.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { MarketSession } from "../market/session.ts";
import type { WorkBoard } from "../work/board.ts";
import type { RunControl } from "../work/run-control.ts";
import { deriveHeadline, type HeadlineInput } from "./headline.ts";
import type { SliceMakers } from "./keeper.ts";
import type { ThroughputMeter } from "./throughput.ts";

export interface ViewSources {
  readonly version: string;
  readonly mode: "demo" | "live";
  readonly dataFolder: string;
  readonly startedAt: number;
  readonly metricsUrl?: () => string | null;
  readonly notices: () => readonly ErrorValue[];
  readonly ledger: Ledger;
  readonly board: WorkBoard;
  readonly control: RunControl;
  readonly sessions: readonly MarketSession[];
  readonly machine: HostInfo;
  readonly devices: () => DeviceView[];
  readonly throughput: ThroughputMeter;
  readonly models: () => ModelView[];
  readonly offers: () => OffersView;
  readonly modelProblem: () => HeadlineInput["modelProblem"];
  readonly keyProblem: () => HeadlineInput["keyProblem"];
  readonly settings: () => SettingsView;
  readonly now: () => number;
}

export function sliceMakers(sources: ViewSources): SliceMakers {
  const { ledger, sessions, now } = sources;
  const markets = () => sessions.map((session) => session.view());
  return {
    engine: () => ({
      version: sources.version,
      mode: sources.mode,
      startedAt: sources.startedAt,
      pid: process.pid,
      intent: sources.control.intent,
      dataFolder: sources.dataFolder,
      notices: [...sources.notices()],
      metricsUrl: sources.metricsUrl?.() ?? null,
      host: sources.machine,
    }),
    headline: () =>
      deriveHeadline({
        intent: sources.control.intent,
        startedAt: sources.startedAt,
        now: now(),
        markets: markets(),
        devices: sources.devices(),
        leasesHeld: sources.board.count(),
        modelProblem: sources.modelProblem(),
        keyProblem: sources.keyProblem(),
      }),
    markets,
    devices: sources.devices,
    earnings: () => sessions.map((session) => earningsView(ledger, session, now())),
    throughput: () => throughputView(sources),
    models: sources.models,
    offers: sources.offers,
    settings: sources.settings,
    recentJobs: () => ledger.leases.list({}, { limit: RECENT_JOBS }).rows,
  };
}

function throughputView({ ledger, sessions, throughput, now }: ViewSources): State["throughput"] {
  const perSecond = throughput.perSecond(now());
  const sum = (each: (session: MarketSession) => number) => sessions.reduce((total, s) => total + each(s), 0);
  return {
    jobsLastMinute: perSecond.reduce((total, count) => total + count, 0),
    acceptedTotal: ledger.leases.acceptedTotal(),
    failedLastDay: sum((session) => ledger.earnings.failedSince(session.adapter.id, now() - DAY)),
    perSecond,
  };
}

function earningsView(ledger: Ledger, session: MarketSession, now: number): EarningsView {
  const { id, currency, expectedNet } = session.adapter;
  const sums = ledger.earnings.sums(id, currency, {
    today: localMidnight(now),
    week: localMidnight(now, 6),
    month: localMidnight(now, 29),
  });
  const zero = money(currency, 0n);
  const net = (fee: Money) => expectedNet.call(session.adapter, fee);
  const pending = sums.pendingFees.map((entry) => ({ net: net(entry.fee), today: entry.today }));
  const total = (entries: typeof pending) => entries.reduce((sum, entry) => add(sum, entry.net), zero);
  return {
    market: id,
    currency,
    settledToday: toMoneyValue(sums.settledToday),
    pendingToday: toMoneyValue(total(pending.filter((entry) => entry.today))),
    settledWeek: toMoneyValue(sums.settledWeek),
    settledMonth: toMoneyValue(sums.settledMonth),
    settledTotal: toMoneyValue(sums.settledTotal),
    pendingTotal: toMoneyValue(total(pending)),
    acceptedToday: sums.acceptedToday,
    failedToday: sums.failedToday,
    reconciledAt: session.reconciledAt,
  };
}
