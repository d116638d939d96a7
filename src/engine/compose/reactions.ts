/** What follows from what: every part that changes, and who looks again, is told or is shown anew because of it. */
import type { SelfTestReport } from "../../shared/contract/self-test.ts";
import type { Foundation } from "./foundation.ts";
import type { MarketBonds, Markets } from "./markets.ts";
import type { Power } from "./power.ts";
import type { Views } from "./views.ts";
import type { Work, WorkBonds } from "./work.ts";

export interface ReactingParts {
  readonly base: Foundation;
  readonly work: Work;
  readonly power: Power;
  readonly markets: Markets;
  readonly views: Views;
}

/** The reactions of parts that are given theirs when they are made. */
export type Reactions = Omit<WorkBonds, "sessionOf" | "isReserved" | "netValue"> & MarketBonds;

/** Listens to every part that can be listened to. */
export function wireReactions({ base, work, power, markets, views }: ReactingParts): Reactions {
  const { ledger, settings, log, modelManager, gpuPack, llama, watcher, now } = base;
  const { board, fleet, failedModels, presence, control, selfTester, isRefused } = work;
  const { observers, offers, guards, sessions } = markets;
  const { state } = views;
  /** The markets are told with a heartbeat, now. */
  const tellMarkets = () => control.changed.ring();

  settings.onChange((changed) => {
    if (changed.has("logLevel")) log.setLevel(settings.value("logLevel") ?? "info");
    // What was earned is told beside its worth and the price of its electricity.
    state.touch("settings", "devices", "offers", "headline", "earnings");
    if (changed.has("fleetFile") || changed.has("fleetPrometheus")) state.touch("engine");
    presence.keeper.lookNow();
    offers.lookAgain();
    tellMarkets();
  });
  modelManager.onChange((change) => {
    state.touch("models");
    if (change === "progress") return;
    views.noticeLog.look();
    if (change === "downloads") return;
    state.touch("headline");
    selfTester.lookAgain();
    tellMarkets();
  });
  gpuPack.onChange((change) => {
    state.touch("gpuPack");
    if (change === "progress") return;
    // A process that runs has the old files open, one that begins looks for them.
    for (const { runtime } of fleet.members) if (runtime.device.kind === "gpu") runtime.startAnew();
    selfTester.testAnew();
  });
  llama.onChange((change) => {
    state.touch("llama");
    if (change === "progress") return;
    // Each process looks for it when a text is to be written, so none has to begin anew.
    state.touch("models", "headline");
    selfTester.lookAgain();
    tellMarkets();
  });
  board.onChange((change) => {
    if (change.state === "running") for (const id of work.modelsInUse()) modelManager.noteUsed(id);
    if (change.event === "accept") views.throughput.note(performance.now());
    observers.noteJob(change);
    guards.noteJob(change);
    power.work.noteJob(change);
    state.touch("recentJobs", "earnings", "throughput", "headline", "markets");
  });
  base.ollama?.library.onChange(() => {
    state.touch("engine", "models", "headline");
    // What counted on a model that is gone, or on a device that may not work, is given back in time.
    board.judgeAgain();
    tellMarkets();
  });
  for (const session of sessions)
    session.onChange((change) => {
      state.touch("markets", "headline");
      // A sum over the ledger: not for every heartbeat and every question.
      if (change === "books") state.touch("earnings");
    });
  watcher.onReadings(() => {
    power.noteReadings();
    for (const view of views.devices()) {
      views.history.note(view.id, now(), view);
      power.meter.note(view.id, view.powerW, performance.now());
    }
    state.touch("devices");
  });
  watcher.onDetection((detection) => {
    ledger.audit("devices-changed", now(), detection);
    state.touch("gpuPack", "headline");
    ledger.devices.noteSeen(detection.devices, now());
    fleet.set(detection.devices);
    selfTester.lookAgain();
    offers.lookAgain();
    tellMarkets();
  });
  control.onChange(() => {
    state.touch("engine", "headline");
    selfTester.lookAgain();
    offers.lookAgain();
  });
  offers.onChange(() => {
    state.touch("devices", "offers");
    if (markets.capacity() === 0) board.giveBack("Every device is rented out", { running: false });
  });

  return {
    onDeviceChange: () => {
      state.touch("devices", "headline");
      watcher.attentionChanged();
    },
    onPause: () => {
      state.touch("devices", "headline");
      watcher.attentionChanged();
      selfTester.lookAgain();
      offers.lookAgain();
      tellMarkets();
    },
    onSignals: () => state.touch("devices"),
    onTestStart: () => state.touch("offers"),
    onTestProgress: () => state.touch("devices"),
    onTestResult: (report: SelfTestReport) => {
      failedModels.note(report);
      guards.look();
      if (report.model !== null && isRefused(report.model.id))
        board.giveBack("No device computes this model rightly", { running: false });
      state.touch("devices");
      offers.lookAgain();
    },
    onGuard: () => {
      state.touch("markets", "headline");
      tellMarkets();
    },
  };
}
