/** What is shown of the engine: the slices of its state, each made of the parts it tells of, and the notices. */

import type { DeviceView, MarketId } from "../../shared/contract/views.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { BatteryWatch } from "../device/battery-watch.ts";
import { describeDevice, describeUnusable } from "../device/device-view.ts";
import { DeviceHistory } from "../device/history.ts";
import { backendSaid, stepsWithWords } from "../device/reason-words.ts";
import { toldApart } from "../device/told-apart.ts";
import { openBooks } from "../earnings/books.ts";
import { placeOfFleet } from "../fleet/place.ts";
import { findMps, mpsNotice } from "../gpu-pack/mps.ts";
import { type SliceMakers, StateKeeper } from "../state/keeper.ts";
import { NoticeLog, noticeDetail } from "../state/notice-log.ts";
import { ThroughputMeter } from "../state/throughput.ts";
import { sliceMakers } from "../state/views.ts";
import type { Foundation } from "./foundation.ts";
import type { Markets } from "./markets.ts";
import type { Power } from "./power.ts";
import type { Work } from "./work.ts";

export interface Views {
  readonly state: StateKeeper;
  readonly battery: BatteryWatch;
  readonly slices: SliceMakers;
  readonly throughput: ThroughputMeter;
  readonly history: DeviceHistory;
  readonly notices: Notices;
  readonly noticeLog: NoticeLog;
  readonly devices: () => DeviceView[];
}

/** `isWatched`: does a person look now? */
export function composeViews(
  base: Foundation,
  work: Work,
  markets: Markets,
  power: Power,
  isWatched: () => boolean,
): Views {
  const { config, ledger, settings, models, modelManager, machine, watcher, identity, now } = base;
  const { board, fleet, presence, control, selfTester } = work;
  const { adapters, sessions, offers, observers } = markets;
  const configured = adapters.map(({ id }) => id);
  const notices = new Notices([
    ...ledger.notices,
    ...strandedNotices(ledger.outbox.stranded(configured)),
    ...settings.notices.map((notice) => notice.toValue()),
    ...base.modelNotices.map((notice) => notice.toValue()),
    ...base.keyNotices.map((notice) => notice.toValue()),
    ...mpsNotice(config.mps ? findMps({ env: process.env }) : null),
  ]);
  const throughput = new ThroughputMeter();
  const ourPidsOn = (deviceId: string): number[] =>
    (watcher.latest(deviceId).gpu?.processes ?? []).filter((each) => fleet.owns(each)).map(({ pid }) => pid);
  const devices = (): DeviceView[] => {
    const facts = {
      platform: process.platform,
      wsl: machine.wsl,
      wanted: config.gpuBackend,
      noGpuReason: watcher.detection.noGpuReason,
      ourPids: new Set(fleet.members.flatMap(({ runtime }) => ourPidsOn(runtime.device.id))),
    };
    const working = fleet.members.map(({ runtime: { device, status }, worker }) => {
      const telemetry = watcher.latest(device.id);
      const lastSelfTest = ledger.devices.lastSelfTest(device.id);
      const view = describeDevice(worker.view(telemetry), device, telemetry, { ...facts, lastSelfTest });
      const selfTest = selfTester.progressOf(device.id);
      const steps = status.runtimeClass?.skipped ?? [];
      const reasonSaid = backendSaid(view.backendReason, steps);
      return {
        ...view,
        ...(steps.length === 0 ? {} : { backendSteps: stepsWithWords(steps) }),
        ...(reasonSaid && { backendSaid: reasonSaid }),
        ...(selfTest === null ? {} : { selfTest }),
      };
    });
    const all = toldApart([...working, ...watcher.detection.unusable.map(describeUnusable)]);
    return all.map((view) => ({ ...view, ...presence.keeper.viewOf(view.id) }));
  };
  const battery = new BatteryWatch({ machine, onChange: () => state.touch("engine") });
  const slices = sliceMakers({
    version: base.version,
    mode: config.mode,
    dataFolder: config.dataFolder,
    startedAt: () => base.started.at(now()),
    metricsUrl: () => observers.metricsUrl,
    ollama: () => base.ollama?.library.view() ?? null,
    hasFleet: () => placeOfFleet(settings, config) !== null,
    notices: () => notices.list,
    ledger,
    books: openBooks(configured, ledger, { electricity: power.electricity, now }),
    board,
    control,
    sessions,
    machine: () => battery.machine,
    devices,
    throughput,
    models: () => modelManager.views(),
    offers: () => offers.view(),
    settings: () => settings.view(),
    machineProblem: () => base.residence.problem?.toValue() ?? null,
    keyProblem: () => identity.problem,
    modelProblem: () => models.problem()?.toValue() ?? null,
    gpuPack: () => base.gpuPack.view(),
    llama: () => base.llama.view(),
    missingGpu: () => {
      const missing = watcher.missingGpu;
      if (missing === null) return null;
      const { reason, eagerForMs } = missing;
      return { reason, until: eagerForMs > 0 ? now() + eagerForMs : null };
    },
    now,
  });
  const state = new StateKeeper(slices, now, isWatched);
  const noticeLog = new NoticeLog({
    slices,
    startedAt: base.started.at(now()),
    write: (notice) => ledger.audit("noticed", now(), noticeDetail(notice)),
    now,
  });
  return {
    state,
    battery,
    slices,
    throughput,
    history: new DeviceHistory(),
    notices,
    noticeLog,
    devices,
  };
}

/** Results that no market of the settings can be given. */
function strandedNotices(stranded: readonly { market: MarketId; results: number }[]): ErrorValue[] {
  return stranded.map(({ market, results }) => ({
    code: "MARKET_LEFT",
    message: `${results} ${results === 1 ? "result" : "results"} for ${market.toUpperCase()} can't be delivered: it is not configured any more`,
    actor: "user",
    help: `Configure ${market.toUpperCase()} again and they are delivered; what is too late then, it refuses.`,
  }));
}

/** What a person should know of this start and of what lasts, until they put it away. */
export class Notices {
  list: readonly ErrorValue[];
  readonly #held = new Set<string>();

  constructor(list: readonly ErrorValue[]) {
    this.list = list;
  }

  add(notice: ErrorValue): void {
    this.list = [...this.list, notice];
  }

  /** One that holds for a spell: told when it begins, gone when it ends (null), put away at most once. Has the list changed? */
  hold(code: string, notice: ErrorValue | null): boolean {
    if ((notice !== null) === this.#held.has(code)) return false;
    if (notice === null) {
      this.#held.delete(code);
      this.list = this.list.filter((each) => each.code !== code);
    } else {
      this.#held.add(code);
      this.add(notice);
    }
    return true;
  }

  dismiss(): void {
    this.list = [];
  }
}
