/** How each slice of the state is made from the parts that own the facts. */
import type { GpuPackView } from "../../shared/contract/gpu-pack.ts";
import type { LlamaView } from "../../shared/contract/llama.ts";
import type { ModelView } from "../../shared/contract/models.ts";
import type { OffersView } from "../../shared/contract/offers.ts";
import type { OllamaView } from "../../shared/contract/ollama.ts";
import type { SettingsView } from "../../shared/contract/settings.ts";
import type { DeviceView, EarningsView, HostInfo, JobState, State } from "../../shared/contract/views.ts";
import { RECENT_JOBS } from "../../shared/contract/views.ts";
import { DAY } from "../../shared/durations.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import type { AllBooks, EarningBooks } from "../earnings/books.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { MarketSession } from "../market/session.ts";
import type { WorkBoard } from "../work/board.ts";
import { UNSENT_STATES } from "../work/job-machine.ts";
import type { RunControl } from "../work/run-control.ts";
import { deriveHeadline, type HeadlineInput } from "./headline.ts";
import type { SliceMakers } from "./keeper.ts";
import type { ThroughputMeter } from "./throughput.ts";

export interface ViewSources {
  readonly version: string;
  readonly mode: "demo" | "live";
  readonly dataFolder: string;
  /** Unix ms, by the clock as it stands. */
  readonly startedAt: () => number;
  readonly metricsUrl?: () => string | null;
  readonly ollama?: () => OllamaView | null;
  readonly hasFleet?: () => boolean;
  readonly notices: () => readonly ErrorValue[];
  readonly ledger: Ledger;
  readonly books: AllBooks;
  readonly board: WorkBoard;
  readonly control: RunControl;
  readonly sessions: readonly MarketSession[];
  readonly machine: () => HostInfo;
  readonly devices: () => DeviceView[];
  readonly throughput: ThroughputMeter;
  readonly models: () => ModelView[];
  readonly offers: () => OffersView;
  readonly modelProblem: () => HeadlineInput["modelProblem"];
  readonly machineProblem: () => HeadlineInput["machineProblem"];
  readonly keyProblem: () => HeadlineInput["keyProblem"];
  readonly settings: () => SettingsView;
  readonly gpuPack: () => GpuPackView;
  readonly llama: () => LlamaView;
  readonly missingGpu: () => HeadlineInput["missingGpu"];
  readonly now: () => number;
}

export function sliceMakers(sources: ViewSources): SliceMakers {
  const { ledger, sessions, now } = sources;
  const markets = () => sessions.map((session) => session.view());
  return {
    engine: () => ({
      version: sources.version,
      mode: sources.mode,
      startedAt: sources.startedAt(),
      pid: process.pid,
      intent: sources.control.intent,
      dataFolder: sources.dataFolder,
      notices: [...sources.notices()],
      metricsUrl: sources.metricsUrl?.() ?? null,
      hasFleet: sources.hasFleet?.() ?? false,
      host: sources.machine(),
      ...(sources.machineProblem() ? { fromOtherMachine: true, letGoByCopy: letGoByCopy(ledger) } : {}),
      ...ollamaOf(sources),
    }),
    headline: () =>
      deriveHeadline({
        mode: sources.mode,
        intent: sources.control.intent,
        startedAt: sources.startedAt(),
        now: now(),
        markets: markets(),
        devices: sources.devices(),
        leasesHeld: sources.board.count(),
        modelProblem: sources.modelProblem(),
        machineProblem: sources.machineProblem(),
        keyProblem: sources.keyProblem(),
        missingGpu: sources.missingGpu(),
      }),
    markets,
    devices: sources.devices,
    earnings: () => [...sources.books.values()].map((books) => earningsView(books, sessions)),
    throughput: () => throughputView(sources),
    models: sources.models,
    offers: sources.offers,
    settings: sources.settings,
    gpuPack: sources.gpuPack,
    llama: sources.llama,
    recentJobs: () => ledger.leases.list({}, { limit: RECENT_JOBS }).rows,
  };
}

/** What is held: all of it is closed where the answer is `copied` (ledger/other-machine.ts). */
export function letGoByCopy({ leases }: Pick<Ledger, "leases">): NonNullable<State["engine"]["letGoByCopy"]> {
  const held = leases.held();
  const unsent: readonly JobState[] = UNSENT_STATES;
  const jobs = held.filter(({ state }) => unsent.includes(state)).length;
  return { results: held.length - jobs, jobs };
}

/** Said only where it was turned on. */
function ollamaOf({ ollama }: ViewSources): Pick<State["engine"], "ollama"> {
  const view = ollama?.() ?? null;
  return view === null ? {} : { ollama: view };
}

function throughputView({ ledger, sessions, throughput, now }: ViewSources): State["throughput"] {
  const perSecond = throughput.perSecond(performance.now());
  const sum = (each: (session: MarketSession) => number) => sessions.reduce((total, s) => total + each(s), 0);
  return {
    jobsLastMinute: perSecond.reduce((total, count) => total + count, 0),
    acceptedTotal: ledger.leases.acceptedTotal(),
    failedLastDay: sum((session) => ledger.earnings.failedSince(session.adapter.id, now() - DAY)),
    perSecond,
  };
}

/** Also of a market that is not configured any more: what it brought is not gone with it. */
function earningsView(books: EarningBooks, sessions: readonly MarketSession[]): EarningsView {
  const { market, currency, today, week, month, total, rate, notConfigured } = books.summary();
  return {
    market,
    currency,
    settledToday: today.net,
    pendingToday: today.pending,
    settledTotal: total.net,
    pendingTotal: total.pending,
    periods: { today, week, month, total },
    rate,
    acceptedToday: today.accepted,
    failedToday: today.failed,
    reconciledAt: sessions.find(({ adapter }) => adapter.id === market)?.reconciledAt ?? null,
    ...(notConfigured && { notConfigured }),
  };
}
