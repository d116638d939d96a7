/** Who does the work: the board of jobs, a worker per device, the person's say over both, and the tests of the devices. */
import type { SelfTestReport } from "../../shared/contract/self-test.ts";
import { AppError } from "../../shared/errors.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import { freeMemoryOf } from "../device/telemetry.ts";
import type { HeldLease } from "../ledger/leases.ts";
import { configuredMarkets } from "../market/adapters.ts";
import type { MarketSession } from "../market/session.ts";
import { isOllamaModel } from "../ollama/model.ts";
import { obstacleTo } from "../ollama/prompt.ts";
import { openPresence, type Presence } from "../presence/open-presence.ts";
import { openRuntime } from "../runtime-client/open-runtime.ts";
import { FailedModels } from "../self-test/failed-models.ts";
import { SelfTester } from "../self-test/self-tester.ts";
import { presenceRules } from "../settings/presence-rules.ts";
import { judgeLease } from "../work/admission.ts";
import { WorkBoard } from "../work/board.ts";
import { DeviceFleet, type FleetMember } from "../work/device-fleet.ts";
import { DeviceWorker } from "../work/device-worker.ts";
import { ModelMemory } from "../work/model-memory.ts";
import { OwnMemory } from "../work/own-memory.ts";
import { RunControl } from "../work/run-control.ts";
import type { Foundation } from "./foundation.ts";

/** What work asks of the parts that are made after it; not called before they are. */
export interface WorkBonds {
  readonly sessionOf: (market: string) => MarketSession | undefined;
  /** What a job that took a device so long brings after electricity, in one currency for all; null: not known. */
  readonly netValue: (lease: HeldLease, ms: number) => number | null;
  /** Rented out whole. */
  readonly isReserved: (deviceId: string) => boolean;
  readonly onDeviceChange: () => void;
  /** A device may work from now on, or no longer. */
  readonly onPause: () => void;
  readonly onSignals: () => void;
  readonly onTestStart: () => void;
  readonly onTestProgress: () => void;
  readonly onTestResult: (report: SelfTestReport) => void;
}

export interface Work {
  readonly board: WorkBoard;
  readonly fleet: DeviceFleet;
  readonly failedModels: FailedModels;
  readonly presence: Presence;
  readonly control: RunControl;
  readonly selfTester: SelfTester;
  /** No device here is to run the model now: its answers came out wrong there, or it does not run. */
  isRefused(model: string): boolean;
  /** Why no device has the memory for the named model now, in words; null: one has. Throws as `models.resolve`. */
  memoryShortage(name: string): string | null;
  isBusy(): boolean;
  /** Ids, of leases that are not computed yet. */
  modelsInUse(): string[];
}

export function composeWork(base: Foundation, bonds: WorkBonds): Work {
  const { config, ledger, settings, models, watcher, identity, now } = base;
  const { isReserved } = bonds;
  const board = new WorkBoard({
    ledger,
    markets: configuredMarkets(config),
    now,
    netValue: bonds.netValue,
    admit: (lease) =>
      judgeLease(lease, {
        taskOf: (name) => {
          const { id, task } = models.resolve(name).model;
          if (isRefused(id)) throw refusal(id);
          return task;
        },
        limitsOf: (name) => models.resolve(name).model.limits,
        obstacle: (name, work) => {
          const { spec } = models.resolve(name);
          return work.kind === "generate" && isOllamaModel(spec) ? obstacleTo(work, spec) : null;
        },
        memoryShortage: (name) => fleet.memoryShortage(models.resolve(name)),
        tooLong: (lease) => fleet.tooLong(lease, models.resolve(lease.model)),
        allowUnpaid: settings.value("allowUnpaid") ?? config.allowUnpaid,
        now,
      }),
  });
  const freeMemoryMb = (device: DeviceInfo) => freeMemoryOf(device, watcher.latest(device.id));
  const memory = new ModelMemory({ needs: ledger.modelNeeds, now });
  const failedModels = new FailedModels({ lastReport: (device) => ledger.devices.lastReport(device) });
  const isRefused = (model: string): boolean => {
    const refuses = ({ runtime, worker }: FleetMember) =>
      failedModels.failedOn(model, runtime.device.id) || worker.modelTrouble(model) !== null;
    const able = fleet.members.filter(({ worker }) => worker.canBeAskedFor(model));
    return able.length > 0 && able.every(refuses);
  };
  /** Of several reasons the one that is found out at work. */
  const refusal = (model: string): AppError => {
    for (const { worker } of fleet.members) {
      const trouble = worker.modelTrouble(model);
      if (trouble !== null) return trouble;
    }
    return distrusted(model);
  };
  const fleet: DeviceFleet = new DeviceFleet(
    {
      enlist: (device, devices) => {
        const free = () => freeMemoryMb(device);
        failedModels.recall(device);
        const needMb = (model: string) => memory.needMb(models.find(model), device);
        const own = openRuntime(config, {
          device,
          devices,
          host: base.processes,
          // Asked when a process begins: what the one before it held is free by then.
          freeMemoryMb: () => {
            const mb = free();
            return mb === null || device.kind === "cpu" ? mb : mb + (ownMemory.mb ?? 0);
          },
          needMb,
          seatOf: (pid) => watcher.seatOf(pid, device),
        });
        const runtime = base.ollama?.share(own) ?? own;
        const ownMemory: OwnMemory = new OwnMemory(runtime, () => watcher.latest(device.id));
        const worker = new DeviceWorker({
          runtime,
          board,
          models,
          ledger,
          signer: identity,
          providerIdAt: (lease) => bonds.sessionOf(lease.market)?.providerId ?? identity.providerId,
          get batchSize() {
            return settings.value("batchSize") ?? config.batchSize;
          },
          get latencyBudgetMs() {
            return settings.value("latencyBudget") ?? config.latencyBudgetMs;
          },
          freeMemoryMb: free,
          ownMemory,
          memory,
          others: () =>
            fleet.members
              .map(({ runtime }) => runtime.device.id)
              .filter((id) => id !== device.id && presence.canWork(id)),
          noGpuReason: watcher.detection.noGpuReason,
          jobMaxRuntimeMs: config.jobMaxRuntimeMs,
          isDistrusted: (model) => failedModels.failedOn(model, device.id),
          isReserved: () => isReserved(device.id),
          isPaused: () => presence.pauseOf(device.id) !== null,
          onHealth: () => {
            presence.giveBackIfIdle();
            board.judgeAgain();
            bonds.onPause();
          },
          now,
        });
        return { runtime, worker };
      },
      board,
      onChange: bonds.onDeviceChange,
    },
    watcher.detection.devices,
  );
  const { onPause, onSignals } = bonds;
  const rules = () => presenceRules(settings);
  const presence = openPresence({
    ledger,
    board,
    fleet,
    watcher,
    isReserved,
    restOf: (id) => fleet.find(id)?.worker.rest?.text ?? null,
    rules,
    onPause,
    onSignals,
    now,
  });
  const killRuntimes = () => fleet.killNow();
  const control = new RunControl({ ledger, board, now, killRuntimes }, config.startAs);
  const selfTester = new SelfTester({
    runtimes: () => fleet.members.map(({ runtime }) => runtime),
    references: base.references,
    models,
    textModel: (id) => (base.ollama?.library.device?.id === id ? models.firstInOllama() : null),
    ledger,
    gpuPack: () => base.gpuPack.identity,
    telemetry: async (id) => {
      await watcher.refresh();
      return watcher.latest(id);
    },
    isReserved,
    pauseOf: (id) => presence.pauseOf(id),
    mayTest: () => control.intent === "running",
    onStart: bonds.onTestStart,
    onProgress: bonds.onTestProgress,
    onResult: bonds.onTestResult,
    now,
  });
  return {
    board,
    fleet,
    failedModels,
    presence,
    control,
    selfTester,
    isRefused,
    memoryShortage: (name) => fleet.memoryShortage(models.resolve(name)),
    isBusy: () => board.held().some((lease) => lease.state === "running"),
    // All of them were admitted with a model that is in the catalogue.
    modelsInUse: () =>
      board
        .held()
        .filter(({ state }) => state === "leased" || state === "admitted" || state === "running")
        .flatMap(({ model }) => (models.has(model) ? [models.find(model).id] : [])),
  };
}

function distrusted(model: string): AppError {
  return new AppError({
    code: "MODEL_DISTRUSTED",
    message: `${model} gave wrong answers in the self-test of every device here`,
    actor: "machine",
    help: "Run the self-test again; if it fails again, look at the GPU's memory and its driver.",
  });
}
