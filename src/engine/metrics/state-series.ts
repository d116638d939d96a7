/** The engine's state as series, set anew for each scrape from the same slices that the window shows. */
import { OfferStateSchema, type OfferView } from "../../shared/contract/offers.ts";
import type { ServiceLevel } from "../../shared/contract/service-level.ts";
import {
  type DeviceView,
  DeviceViewSchema,
  type EarningsView,
  HeadlineLevelSchema,
  type MarketId,
  type MarketView,
  RunIntentSchema,
} from "../../shared/contract/views.ts";
import { MIB, SECOND } from "../../shared/durations.ts";
import { CURRENCIES, type MoneyValue } from "../../shared/money.ts";
import type { WantedBackend } from "../../shared/runtime/protocol.ts";
import type { SliceMakers } from "../state/keeper.ts";
import type { WorkBoard } from "../work/board.ts";
import { HELD_STATES } from "../work/job-machine.ts";
import type { Series } from "./families.ts";
import type { GuideSeries } from "./guide-series.ts";

const MEGAHERTZ = 1_000_000;
/** A GPU with nothing to do lets its clocks down of its own accord. */
const NO_THROTTLING = new Set(["idle", "clocks set by an application"]);
const SLA_LEVEL = { good: 0, warning: 1, breached: 2 } as const;

/** Series whose labels come and go; those with a fixed set of them are simply set again. */
const OF_DEVICES = [
  "deviceUsable",
  "devicePaused",
  "deviceState",
  "deviceJobs",
  "deviceBusy",
  "deviceTexts",
  "deviceEnergy",
  "gpuInfo",
  "gpuUtilisation",
  "gpuTemperature",
  "gpuPower",
  "gpuPowerLimit",
  "gpuMemoryUsed",
  "gpuMemoryTotal",
  "gpuFan",
  "gpuClock",
  "gpuThrottled",
] as const;
const OF_MARKETS = [
  "marketEligible",
  "lastHeartbeat",
  "heartbeatInterval",
  "lastPoll",
  "lastAccepted",
  "stake",
  "slaValue",
  "slaLimit",
  "slaDistance",
  "slaLevel",
  "guardActions",
] as const;

export interface StateSources {
  /** What GPUs are driven with, as it was asked for. */
  readonly backend: WantedBackend;
  readonly slices: Pick<SliceMakers, "engine" | "headline" | "markets" | "devices" | "earnings" | "models">;
  readonly board: Pick<WorkBoard, "held">;
  readonly level: (market: MarketId) => ServiceLevel | null;
  readonly offers: () => readonly OfferView[];
  /** The data folder is another machine's, and nobody said whether it was moved or copied. */
  readonly isUnsettled: () => boolean;
  /** Was a backup of the key read back? null: nothing hangs on it. */
  readonly keyBackup: boolean | null;
  /** Joules per device since counting began; a device whose power is unknown is absent. */
  readonly energy: () => ReadonlyMap<string, number>;
  /** Seconds with a job on it, per device; a device that had none is absent. */
  readonly busy: () => ReadonlyMap<string, number>;
  /** Settled and not claimed, where it is known. */
  readonly unclaimed: () => ReadonlyMap<MarketId, MoneyValue>;
  readonly guide: (market: MarketId) => Pick<GuideSeries, "health" | "lastSeen"> | undefined;
}

export function setStateSeries(series: Series, devices: readonly DeviceView[], sources: StateSources): void {
  const { slices } = sources;
  const { version, mode, intent } = slices.engine();
  series.build.set({ version, node: process.versions.node, mode, backend: sources.backend }, 1);
  oneOf(RunIntentSchema.options, intent, (value, on) => series.intent.set({ intent: value }, on));
  oneOf(HeadlineLevelSchema.options, slices.headline().level, (level, on) =>
    series.headline.set({ level }, on),
  );
  setDevices(series, devices, sources);
  const markets = slices.markets();
  setMarkets(series, markets, sources);
  setEarnings(series, slices.earnings());
  setUnclaimed(series, markets, sources.unclaimed());
  setOffers(series, markets, sources.offers());
  series.unsettled.set(sources.isUnsettled() ? 1 : 0);
  // Without labels a gauge is told as 0 from the beginning: what is unknown has to be taken out.
  if (sources.keyBackup === null) series.keyBackup.remove();
  else series.keyBackup.set(sources.keyBackup ? 1 : 0);
  setCounts(series.models, slices.models(), ({ state }) => state);
  const held = sources.board.held();
  for (const state of HELD_STATES) {
    series.jobsHeld.set({ state }, held.filter((lease) => lease.state === state).length);
  }
}

function setDevices(
  series: Series,
  devices: readonly DeviceView[],
  sources: Pick<StateSources, "energy" | "busy">,
): void {
  const [energy, busy] = [sources.energy(), sources.busy()];
  const { deviceUsable, devicePaused, deviceState, deviceJobs, deviceBusy, deviceTexts } = series;
  const { deviceEnergy, gpuInfo } = series;
  const { gpuUtilisation, gpuTemperature, gpuPower, gpuPowerLimit, gpuMemoryUsed, gpuMemoryTotal } = series;
  const { gpuFan, gpuClock, gpuThrottled } = series;
  for (const name of OF_DEVICES) series[name].reset();
  for (const view of devices) {
    const device = view.id;
    const usable = view.verdict?.usable ?? view.state !== "failed";
    deviceUsable.set({ device }, usable ? 1 : 0);
    devicePaused.set({ device }, view.paused === null ? 0 : 1);
    oneOf(DeviceViewSchema.shape.state.options, view.state, (state, on) =>
      deviceState.set({ device, state }, on),
    );
    deviceJobs.set({ device }, view.runningJobs);
    deviceBusy.inc({ device }, busy.get(device) ?? 0);
    known(view.textsPerSecond, (value) => deviceTexts.set({ device }, value));
    known(energy.get(device), (joules) => deviceEnergy.inc({ device }, joules));
    if (view.kind !== "gpu") continue;
    gpuInfo.set(
      {
        device,
        name: view.model ?? view.name,
        index: String(view.gpu?.index ?? ""),
        driver: view.gpu?.driver ?? "",
        cuda: view.gpu?.cuda ?? "",
        compute_capability: view.gpu?.computeCap ?? "",
        verdict: view.verdict?.code ?? "",
      },
      1,
    );
    known(view.utilisationPct, (value) => gpuUtilisation.set({ device }, value / 100));
    known(view.temperatureC, (value) => gpuTemperature.set({ device }, value));
    known(view.powerW, (value) => gpuPower.set({ device }, value));
    known(view.gpu?.powerLimitW, (value) => gpuPowerLimit.set({ device }, value));
    known(view.memoryUsedMb, (value) => gpuMemoryUsed.set({ device }, value * MIB));
    known(view.memoryTotalMb, (value) => gpuMemoryTotal.set({ device }, value * MIB));
    known(view.gpu?.fanPct, (value) => gpuFan.set({ device }, value / 100));
    known(view.gpu?.clockMhz, (value) => gpuClock.set({ device }, value * MEGAHERTZ));
    known(view.gpu?.throttle, (words) =>
      gpuThrottled.set({ device }, words.some((word) => !NO_THROTTLING.has(word)) ? 1 : 0),
    );
  }
}

function setMarkets(series: Series, markets: readonly MarketView[], sources: StateSources): void {
  const { marketUp, lastHeartbeat, heartbeatInterval, lastPoll, lastAccepted } = series;
  for (const name of OF_MARKETS) series[name].reset();
  for (const view of markets) {
    const market = view.id;
    marketUp.set({ market }, view.state === "registered" ? 1 : 0);
    series.marketPaused.set({ market }, view.paused === undefined ? 0 : 1);
    series.leasesHeld.set({ market }, view.leasesHeld);
    known(view.lastHeartbeatAckAt, (at) => lastHeartbeat.set({ market }, at / SECOND));
    known(view.heartbeatIntervalMs, (ms) => heartbeatInterval.set({ market }, ms / SECOND));
    known(view.lastPollAt, (at) => lastPoll.set({ market }, at / SECOND));
    known(view.lastAcceptedAt, (at) => lastAccepted.set({ market }, at / SECOND));
    setStanding(series, view, sources);
    setService(series, view, sources.level(market));
  }
}

function setStanding(
  series: Series,
  { id: market, standing, ...view }: MarketView,
  sources: StateSources,
): void {
  const guide = sources.guide(market);
  for (const each of [guide?.health, guide?.lastSeen]) each?.reset();
  const provider_id = providerLabel(view);
  known(view.lastHeartbeatAckAt, (at) => guide?.lastSeen.set({ provider_id }, at / SECOND));
  if (standing === undefined) return;
  const may = standing.state === "eligible" || standing.state === "degraded";
  series.marketEligible.set({ market, provider_id }, may ? 1 : 0);
  known(standing.health.score, (score) => guide?.health.set({ provider_id }, score));
  for (const part of ["total", "effective", "minimum"] as const) {
    const amount = standing.stake[part];
    series.stake.set({ market, provider_id, currency: amount.currency, part }, wholeCoins(amount));
  }
}

function setService(series: Series, view: MarketView, level: ServiceLevel | null): void {
  const market = view.id;
  for (const { name: measure, value, limit, distance, state } of level?.measures ?? []) {
    const labels = { market, provider_id: providerLabel(view), measure };
    series.slaLimit.set(labels, limit);
    known(value, (known) => series.slaValue.set(labels, known));
    known(distance, (known) => series.slaDistance.set(labels, known));
    if (state !== "unknown") series.slaLevel.set(labels, SLA_LEVEL[state]);
  }
  for (const { kind } of level?.actions ?? []) series.guardActions.inc({ market, kind });
}

/** Workers that share one account tell the same of it: whoever adds them up has to know which account it is. */
function setUnclaimed(
  { unclaimed: gauge }: Series,
  markets: readonly MarketView[],
  amounts: ReadonlyMap<MarketId, MoneyValue>,
): void {
  gauge.reset();
  for (const view of markets) {
    known(amounts.get(view.id), (amount) =>
      gauge.set(
        { market: view.id, provider_id: providerLabel(view), currency: amount.currency },
        wholeCoins(amount),
      ),
    );
  }
}

/** "" until the market knows us, which Prometheus takes for no label at all. */
function providerLabel({ providerId }: Pick<MarketView, "providerId">): string {
  return providerId ?? "";
}

function setEarnings(series: Series, earnings: readonly EarningsView[]): void {
  for (const each of [series.settled, series.pending]) each.reset();
  for (const { market, currency, settledTotal, pendingTotal } of earnings) {
    series.settled.inc({ market, currency }, wholeCoins(settledTotal));
    series.pending.set({ market, currency }, wholeCoins(pendingTotal));
  }
}

function setOffers(series: Series, markets: readonly MarketView[], offers: readonly OfferView[]): void {
  const { offers: counts, offersDrifted } = series;
  for (const each of [counts, offersDrifted]) each.reset();
  for (const { id: market } of markets) {
    const ours = offers.filter((offer) => offer.market === market);
    if (ours.length === 0) continue;
    for (const state of OfferStateSchema.options) {
      counts.set({ market, state }, ours.filter((offer) => offer.state === state).length);
    }
    offersDrifted.set({ market }, ours.filter(({ drift }) => drift !== null).length);
  }
}

function setCounts<T>(gauge: Series["models"], items: readonly T[], stateOf: (item: T) => string): void {
  gauge.reset();
  for (const item of items) gauge.inc({ state: stateOf(item) });
}

function oneOf<T extends string>(all: readonly T[], current: T, set: (value: T, on: 0 | 1) => void): void {
  for (const value of all) set(value, value === current ? 1 : 0);
}

function known<T>(value: T | null | undefined, set: (value: T) => void): void {
  if (value !== null && value !== undefined) set(value);
}

/** A double has 15 digits: nearer than anybody charts, and never added up by us. */
export function wholeCoins({ currency, minor }: MoneyValue): number {
  return Number(minor) / Number(CURRENCIES[currency].scale);
}
