/** Where work comes from: the adapters, a session and a guard per market, and what is offered there. */
import { createAdapters } from "../market/adapters.ts";
import type { MarketAdapter, ProviderProfile } from "../market/port.ts";
import { MarketSession } from "../market/session.ts";
import { Observers } from "../metrics/observers.ts";
import { GPU_GONE, GPU_SWITCHED_OFF } from "../offers/fitness.ts";
import { OfferManager } from "../offers/manager.ts";
import { ServiceGuards } from "../sla/guards.ts";
import type { Foundation } from "./foundation.ts";
import type { Power } from "./power.ts";
import type { Work } from "./work.ts";

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
  /** Jobs that each market may give us at once: 0 while no device can work. */
  quota(): number;
}

export function composeMarkets(base: Foundation, work: Work, power: Power, bonds: MarketBonds): Markets {
  const { config, ledger, settings, log, models, watcher, identity, now } = base;
  const { board, control, presence, selfTester, failedModels, isDistrusted } = work;
  const observers = new Observers(
    base.observersCode,
    createAdapters(config, identity, now, (market) => (what, facts) => log.debug(what, { market, ...facts })),
    {
      version: base.version,
      ledger,
      dataFolder: config.dataFolder,
      modelId: (name) => (models.has(name) ? models.find(name).id : null),
      providerId: (market) => sessionOf(market)?.providerId ?? null,
    },
  );
  const { adapters } = observers;
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
      if (device === undefined) return GPU_GONE;
      return presence.keeper.viewOf(id).enabled ? selfTester.standing(device) : GPU_SWITCHED_OFF;
    },
    wantTest: () => selfTester.lookAgain(),
    power: (id) => ({
      measuredWatts: power.load.measured(id),
      limitWatts: watcher.latest(id).gpu?.powerLimitW ?? null,
    }),
    electricity: power.electricity,
    ledger,
    now,
  });
  const fullQuota = () =>
    Math.max(
      1,
      Math.floor((settings.value("maxConcurrency") ?? config.maxConcurrency) / Math.max(1, adapters.length)),
    );
  /** A device that is rented out or paused is no capacity for jobs. */
  const quota = () => {
    const { devices } = watcher.detection;
    const free = devices.filter(({ id }) => presence.canWork(id)).length;
    return free === 0 ? 0 : Math.max(1, Math.floor((fullQuota() * free) / devices.length));
  };
  const profile = (): ProviderProfile => ({
    name: config.markets.aicf?.name ?? "Bellows provider",
    region: config.markets.aicf?.region ?? config.markets.aitbc?.region ?? null,
    concurrency: fullQuota(),
    models: models.offeredNames().filter((name) => !isDistrusted(models.find(name).id)),
    devices: watcher.detection.devices.map(({ id, name, memoryTotalMb }) => ({
      id,
      name,
      memoryMb: memoryTotalMb,
      healthy: presence.canWork(id),
    })),
  });
  const guards = new ServiceGuards({
    failedModels: () => failedModels.list,
    markets: adapters,
    watched: (market) => sessionOf(market),
    fullQuota: quota,
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
        profile,
        advice: () => guards.sentences(adapter.id),
        warnings: () => guards.warnings(adapter.id),
        now,
      }),
  );
  const sessionOf = (market: string) => sessions.find((session) => session.adapter.id === market);
  return { observers, adapters, offers, guards, sessions, sessionOf, quota };
}
