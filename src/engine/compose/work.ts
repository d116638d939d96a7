/** Who does the work: the board of jobs, a worker per device, the person's say over both, and the tests of the devices. */
import type { SelfTestReport } from "../../shared/contract/self-test.ts";
import { AppError } from "../../shared/errors.ts";
import type { Detection } from "../device/detect.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { MarketSession } from "../market/session.ts";
import { openPresence, type Presence } from "../presence/open-presence.ts";
import { openRuntime } from "../runtime-client/open-runtime.ts";
import { FailedModels } from "../self-test/failed-models.ts";
import { SelfTester } from "../self-test/self-tester.ts";
import { presenceRules } from "../settings/presence-rules.ts";
import { judgeLease } from "../work/admission.ts";
import { WorkBoard } from "../work/board.ts";
import { DeviceFleet } from "../work/device-fleet.ts";
import { DeviceWorker } from "../work/device-worker.ts";
import { ModelMemory } from "../work/model-memory.ts";
import { RunControl } from "../work/run-control.ts";
import type { Foundation } from "./foundation.ts";

/** What work asks of the parts that are made after it; not called before they are. */
export interface WorkBonds {
  readonly sessionOf: (market: string) => MarketSession | undefined;
  /** Rented out whole. */
  readonly isReserved: (deviceId: string) => boolean;
  readonly onDeviceChange: () => void;
  readonly onPause: () => void;
  readonly onSignals: () => void;
  readonly onTestStart: () => void;
  readonly onTestResult: (report: SelfTestReport) => void;
}

export interface Work {
  readonly board: WorkBoard;
  readonly fleet: DeviceFleet;
  readonly failedModels: FailedModels;
  readonly presence: Presence;
  readonly control: RunControl;
  readonly selfTester: SelfTester;
  /** On every device here the model's answers came out wrong. */
  isDistrusted(model: string): boolean;
  isBusy(): boolean;
  /** Ids, of leases that are not computed yet. */
  modelsInUse(): string[];
}

/** Throws AppError NO_DEVICE. */
export function composeWork(base: Foundation, bonds: WorkBonds): Work {
  const { config, ledger, settings, models, watcher, identity, now } = base;
  const { isReserved } = bonds;
  const board = new WorkBoard({
    ledger,
    now,
    admit: (lease) =>
      judgeLease(lease, {
        taskOf: (name) => {
          const { id, task } = models.resolve(name).model;
          if (isDistrusted(id)) throw distrusted(id);
          return task;
        },
        memoryShortage: (name) => fleet.memoryShortage(models.resolve(name).model),
        allowUnpaid: settings.value("allowUnpaid") ?? config.allowUnpaid,
        now,
      }),
  });
  const freeMemoryMb = ({ id, memoryTotalMb }: DeviceInfo): number | null => {
    const { memoryUsedMb } = watcher.latest(id);
    return memoryTotalMb === null || memoryUsedMb === null ? null : Math.max(0, memoryTotalMb - memoryUsedMb);
  };
  const ownMemoryMb = ({ id }: DeviceInfo, pid: number | null): number | null =>
    watcher.latest(id).gpu?.processes?.find((process) => process.pid === pid)?.memoryMb ?? null;
  requireDevice(watcher.detection);
  const memory = new ModelMemory();
  const failedModels = new FailedModels({ lastReport: (device) => ledger.devices.lastReport(device) });
  const isDistrusted = (model: string): boolean => {
    const { members } = fleet;
    return (
      members.length > 0 && members.every(({ runtime }) => failedModels.failedOn(model, runtime.device.id))
    );
  };
  const fleet: DeviceFleet = new DeviceFleet(
    {
      enlist: (device, devices) => {
        const free = () => freeMemoryMb(device);
        failedModels.recall(device);
        const runtime = openRuntime(config, { device, devices, host: base.processes, freeMemoryMb: free });
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
          freeMemoryMb: free,
          ownMemoryMb: () => ownMemoryMb(device, runtime.status.pid),
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
    ledger,
    telemetry: async (id) => {
      await watcher.refresh();
      return watcher.latest(id);
    },
    isReserved,
    pauseOf: (id) => presence.pauseOf(id)?.text ?? null,
    mayTest: () => control.intent === "running",
    onStart: bonds.onTestStart,
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
    isDistrusted,
    isBusy: () => board.held().some((lease) => lease.state === "running"),
    // All of them were admitted with a model that is in the catalogue.
    modelsInUse: () =>
      board
        .held()
        .filter(({ state }) => state === "leased" || state === "admitted" || state === "running")
        .flatMap(({ model }) => (models.has(model) ? [models.find(model).id] : [])),
  };
}

/** Forced onto a back end that nothing here has, it is said at once. */
function requireDevice({ devices, noGpuReason }: Detection): void {
  if (devices.length > 0) return;
  throw new AppError({
    code: "NO_DEVICE",
    message: `No device can run jobs: ${noGpuReason ?? "none was found"}`,
    actor: "user",
    help: "Set GPU_BACKEND=auto to work on the CPU meanwhile.",
  });
}

function distrusted(model: string): AppError {
  return new AppError({
    code: "MODEL_DISTRUSTED",
    message: `${model} gave wrong answers in the self-test of every device here`,
    actor: "machine",
    help: "Run the self-test again; if it fails again, look at the GPU's memory and its driver.",
  });
}
