/** The person's say over the devices, put together: what is looked at, what it decides, and what a pause does. */
import type { PauseView, PresenceRules } from "../../shared/contract/presence.ts";
import type { ScreenReading } from "../../shared/gpu/reading.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { DeviceWatcher } from "../device/watcher.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { WorkBoard } from "../work/board.ts";
import type { DeviceFleet } from "../work/device-fleet.ts";
import { DeviceRest } from "../work/device-rest.ts";
import { type FullscreenState, FullscreenWatch } from "./fullscreen.ts";
import { type PresenceDevice, PresenceKeeper } from "./keeper.ts";
import { findListedProgram, readOnBattery } from "./system.ts";
import { DeviceWishes, readBoot } from "./wishes.ts";

export interface PresenceParts {
  readonly ledger: Ledger;
  readonly board: WorkBoard;
  readonly fleet: DeviceFleet;
  readonly watcher: DeviceWatcher;
  readonly isReserved: (deviceId: string) => boolean;
  /** Why it rests of its own accord, after failures, in words; null: it does not. */
  readonly restOf: (deviceId: string) => string | null;
  readonly rules: () => PresenceRules;
  /** A device may work from now on, or no longer. */
  readonly onPause: () => void;
  /** What is shown of a device changed. */
  readonly onSignals: () => void;
  readonly now: () => number;
}

export interface Presence {
  readonly keeper: PresenceKeeper;
  /** null: it may work. */
  pauseOf(deviceId: string): PauseView | null;
  /** Neither paused nor rented out, and not resting after failures. */
  canWork(deviceId: string): boolean;
  /** With no device left that may work, jobs that have not begun go back. */
  giveBackIfIdle(): void;
  /** Until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Decides nothing before `keeper.lookNow()` or `run`. */
export function openPresence(parts: PresenceParts): Presence {
  const { ledger, board, fleet, watcher, isReserved, rules, now } = parts;
  const fullscreen = new FullscreenWatch();
  const keeper = new PresenceKeeper({
    devices: () => watcher.detection.devices.map((device) => lookAt(device, parts)),
    idle: () => watcher.detection.unusable.map(({ gpu }) => gpu.uuid),
    rules,
    wishes: new DeviceWishes(ledger, readBoot()),
    fullscreen: () => fullscreen.state ?? stateOf(watcher.screen),
    readOnBattery: () => readOnBattery(),
    findListedProgram: (list) => findListedProgram(list),
    onChange: ({ id, name }, paused) => {
      ledger.audit(paused === null ? "device-resumed" : "device-paused", now(), {
        device: id,
        name,
        ...paused,
      });
      rest.changed(id);
      parts.onPause();
    },
    onSignals: parts.onSignals,
    now,
  });
  const pauseOf = (id: string) => keeper.pauseOf(id);
  const canWork = (id: string) => pauseOf(id) === null && !isReserved(id) && parts.restOf(id) === null;
  const rest = new DeviceRest({
    fleet,
    board,
    restOf: (id) => pauseOf(id)?.text ?? null,
    idleReason: (id) => pauseOf(id)?.text ?? parts.restOf(id),
    canWork,
  });
  fullscreen.onChange(() => keeper.lookNow());
  watcher.onReadings(() => keeper.lookNow());
  // A market may grant what it had on its way while the last device was paused, and what failed on the last one that
  // works is ready again when that one rests. Not within the move itself.
  board.onChange(({ state }) => {
    if (state === "admitted" && !fleet.members.some(({ runtime }) => canWork(runtime.device.id)))
      setImmediate(() => rest.giveBackIfIdle());
  });
  return {
    keeper,
    pauseOf,
    canWork,
    giveBackIfIdle: () => rest.giveBackIfIdle(),
    async run(signal) {
      await Promise.all([keeper.run(signal), fullscreen.run(() => rules().fullscreen, signal)]);
      await rest.settled();
    },
  };
}

function stateOf(screen: ScreenReading): FullscreenState {
  if (screen === null) return null;
  return screen.filled ? { pid: screen.pid, name: screen.name } : "none";
}

function lookAt({ id, name, kind, sensorId }: DeviceInfo, parts: PresenceParts): PresenceDevice {
  const { fleet, watcher, isReserved } = parts;
  const { gpu, suspended, utilisationPct, temperatureC } = watcher.latest(id);
  const runtime = fleet.find(id)?.runtime;
  const state = runtime?.status.state;
  return {
    id,
    name,
    kind,
    isSlice: kind === "gpu" && sensorId !== id,
    isReserved: isReserved(id),
    programs:
      (suspended ? null : gpu?.processes?.map((each) => ({ ...each, ours: fleet.owns(each) }))) ?? null,
    utilisationPct,
    temperatureC,
    hasOurs: runtime?.holdsDevice === true,
    works: state === "working" || state === "starting",
  };
}
