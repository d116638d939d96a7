/** Where work comes from: the adapters, a session and a guard per market, and what is offered there. */

import { advise, say, within } from "../../shared/words/said.ts";
import type { HeldLease } from "../ledger/leases.ts";
import { createAdapters } from "../market/adapters.ts";
import type { MarketAdapter, ProviderProfile } from "../market/port.ts";
import { MarketSession } from "../market/session.ts";
import { type MarketCall, observed } from "../metrics/observed-adapter.ts";
import { Observers } from "../metrics/observers.ts";
import { GPU_GONE, type Rest } from "../offers/fitness.ts";
import { OfferManager } from "../offers/manager.ts";
import { jobValue } from "../pricing/job-value.ts";
import { coinWorth } from "../settings/energy-price.ts";
import { ServiceGuards } from "../sla/guards.ts";
import { LeaseRoom } from "../work/lease-room.ts";
import type { Foundation } from "./foundation.ts";
import type { Power } from "./power.ts";
import type { Work } from "./work.ts";

/** The market's limit is one for GPUs; a demo shows how it is counted, and takes nothing for it. */
const SLOW_ON_CPU = new Set(["latency-p95"] as const);
const NOTHING_EXCUSED = new Set<never>();

export interface MarketBonds {
  /** A guard found something else than before. Not called before every part is made. */
  readonly onGuard: () => void;
}

export interface Markets {
  /** Metrics and traces, which stand between the sessions and the adapters. */
  readonly observers: Observers;
  readonly adapters: readonly MarketAdapter[];
  readonly offers: OfferManager;
  readonly guards: ServiceGuards;
  readonly sessions: readonly MarketSession[];
  sessionOf(market: string): MarketSession | undefined;
  /** Jobs that keep the devices that can work busy: 0 while none can. */
  capacity(): number;
  /** What a job that took its device so long brings after electricity, millionths of the person's currency; null: not known. */
  netValue(lease: HeldLease, ms: number): number | null;
}

export function composeMarkets(base: Foundation, work: Work, power: Power, bonds: MarketBonds): Markets {
  const { config, ledger, settings, log, models, watcher, identity, now } = base;
  const { board, control, presence, selfTester, fleet, failedModels, isRefused, memoryShortage } = work;
  const observers = new Observers(
    base.observersCode,
    createAdapters(
      config,
      identity,
      (market) => ledger.claims.bookOf(market),
      now,
      (market) => (what, facts) => log.debug(what, { market, ...facts }),
    ).map((adapter) => observed(adapter, traceCall)),
    {
      version: base.version,
      ledger,
      dataFolder: config.dataFolder,
      modelId: (name) => (models.has(name) ? models.find(name).id : null),
      providerId: (market) => sessionOf(market)?.providerId ?? null,
    },
  );
  const { adapters } = observers;
  function traceCall({ market, name, tookMs, outcome }: MarketCall): void {
    if (log.wants("trace")) log.trace(`Call ${name}`, { market, outcome, ms: Math.round(tookMs) });
  }
  const offers = new OfferManager({
    adapters,
    get devices() {
      return watcher.detection.devices
        .filter(({ kind }) => kind === "gpu")
        .map(({ id, name, memoryTotalMb }) => ({ id, name, memoryMb: memoryTotalMb }));
    },
    region: config.markets.aitbc?.region ?? null,
    testOf: (id) => {
      const device = watcher.detection.devices.find((each) => each.id === id);
      return device === undefined ? GPU_GONE : selfTester.standing(device);
    },
    restOf: (id) => restOf(id, work),
    wantTest: () => selfTester.lookAgain(),
    power: (id) => ({
      measuredWatts: power.load.measured(id),
      limitWatts: watcher.latest(id).gpu?.powerLimitW ?? null,
    }),
    electricity: power.electricity,
    ledger,
    now,
  });
  /** A device that is rented out, paused or resting is no capacity for jobs. */
  const capacity = () => {
    const able = fleet.members.filter(({ runtime }) => presence.canWork(runtime.device.id));
    if (able.length === 0) return 0;
    const most = settings.value("maxConcurrency") ?? config.maxConcurrency;
    if (most === null) return able.reduce((sum, { worker }) => sum + worker.appetite, 0);
    return Math.max(1, Math.floor((most * able.length) / fleet.members.length));
  };
  const room = new LeaseRoom({ markets: adapters.map(({ id }) => id), capacity, board, now });
  const netValue = ({ market, fee, device }: HeldLease, ms: number) => {
    const adapter = adapters.find(({ id }) => id === market);
    if (adapter === undefined || fee === null) return null;
    const electricity = power.electricity();
    const drawn = device === null ? null : power.load.measured(device);
    return jobValue(adapter.expectedNet(fee), coinWorth(settings, fee.currency), {
      ms,
      watts: drawn === null ? null : drawn + (electricity?.restWatts ?? 0),
      microsPerKwh: electricity === null ? null : Number(electricity.microsPerKwh),
    });
  };
  const profile = (): ProviderProfile => ({
    name: config.markets.aicf?.name ?? "Bellows provider",
    region: config.markets.aicf?.region ?? config.markets.aitbc?.region ?? null,
    concurrency: Math.max(1, capacity()),
    models: models
      .offeredNames()
      .filter((name) => !isRefused(models.find(name).id) && memoryShortage(name) === null),
    devices: watcher.detection.devices.map(({ id, name, memoryTotalMb }) => ({
      id,
      name,
      memoryMb: memoryTotalMb,
      healthy: presence.canWork(id),
    })),
  });
  const playsOnCpu = () =>
    config.mode === "demo" && fleet.members.every(({ runtime }) => runtime.device.kind === "cpu");
  const guards = new ServiceGuards({
    failedModels: () => failedModels.list,
    excused: () => (playsOnCpu() ? SLOW_ON_CPU : NOTHING_EXCUSED),
    markets: adapters,
    watched: (market) => sessionOf(market),
    fullQuota: (market) => room.quota(market),
    ledger,
    now,
    onChange: bonds.onGuard,
  });
  const sessions: MarketSession[] = adapters.map(
    (adapter) =>
      new MarketSession({
        adapter,
        board,
        control,
        ledger,
        quota: () => guards.quota(adapter.id),
        room,
        profile,
        warnings: () => guards.warnings(adapter.id),
        paused: () => guards.pauseAt(adapter.id),
        now,
      }),
  );
  const sessionOf = (market: string) => sessions.find((session) => session.adapter.id === market);
  return { observers, adapters, offers, guards, sessions, sessionOf, capacity, netValue };
}

/** What can't work must not be sold. */
function restOf(device: string, { presence, control, fleet }: Work): Rest | null {
  if (!presence.keeper.viewOf(device).enabled)
    return { kind: "off", ...advise(say("offHere"), say("switchOnToOffer")) };
  if (control.intent !== "running")
    return { kind: "resting", ...advise(say("noWorkNow"), say("listedAfterStart")) };
  const failures = fleet.find(device)?.worker.rest;
  if (failures?.kind === "failures") {
    return { kind: "resting", ...advise(failures, say("listedAfterJob")) };
  }
  const pause = presence.pauseOf(device);
  if (pause === null) return null;
  const help = say(pause.resumesByItself ? "listedAgain" : "resumeToOffer");
  return { kind: "resting", ...advise(say("gpuRests", { why: within(pause) }), help) };
}
