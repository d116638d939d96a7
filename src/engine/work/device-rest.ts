/**
 * What a pause does to a device: it takes nothing more at once, what runs gets a moment to end, then its process ends,
 * so that the memory is free for whoever the device was paused for. What could not end goes to another device, or
 * back to its market when there is none.
 */
import { MILLISECOND, SECOND } from "../../shared/durations.ts";
import { delay } from "../../shared/wait.ts";
import type { WorkBoard } from "./board.ts";
import type { DeviceFleet, FleetMember } from "./device-fleet.ts";

/** Time for what runs to end by itself; with the end of the process all is over within 2 s. */
const SOFT_PATIENCE = 1.5 * SECOND;
const LOOK = 50 * MILLISECOND;

export interface DeviceRestDeps {
  readonly fleet: Pick<DeviceFleet, "find" | "members">;
  readonly board: Pick<WorkBoard, "held" | "putBack" | "giveBack" | "workReady" | "readyCount">;
  /** Why the device is to be freed, in words; null: it is not. */
  readonly restOf: (deviceId: string) => string | null;
  /** Why it takes no work, be it freed or not, in words; null: it may, or is rented out. */
  readonly idleReason: (deviceId: string) => string | null;
  /** Could this device take a job now? */
  readonly canWork: (deviceId: string) => boolean;
}

export class DeviceRest {
  readonly #deps: DeviceRestDeps;
  readonly #freeing = new Map<string, Promise<void>>();

  constructor(deps: DeviceRestDeps) {
    this.#deps = deps;
  }

  /** The answer for this device changed. */
  changed(deviceId: string): void {
    if (this.#deps.restOf(deviceId) === null) {
      this.#deps.board.workReady.ring();
      return;
    }
    this.giveBackIfIdle();
    if (this.#freeing.has(deviceId)) return;
    const freeing = this.#free(deviceId).finally(() => this.#freeing.delete(deviceId));
    this.#freeing.set(deviceId, freeing);
    freeing.catch(() => undefined); // Nothing in it rejects but a bug in a runtime's end, which its own status tells.
  }

  /** With no device left to run them, jobs that have not begun go back: the market finds somebody else in time. */
  giveBackIfIdle(): void {
    const { fleet, board, canWork, idleReason } = this.#deps;
    const { members } = fleet;
    if (board.readyCount() === 0 || members.some(({ runtime }) => canWork(runtime.device.id))) return;
    const resting = members.find(({ runtime }) => idleReason(runtime.device.id) !== null);
    if (resting === undefined) return;
    board.giveBack(sentence(resting, idleReason(resting.runtime.device.id)), { running: false });
  }

  /** Resolves when every pause that was begun is carried out. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#freeing.values());
  }

  async #free(deviceId: string): Promise<void> {
    const { fleet, restOf } = this.#deps;
    const deadline = performance.now() + SOFT_PATIENCE;
    for (;;) {
      const member = fleet.find(deviceId);
      const why = restOf(deviceId);
      // Gone, or allowed again meanwhile: nothing is to be freed any more.
      if (member === undefined || why === null) return;
      const { state } = member.runtime.status;
      if (state !== "working" && state !== "starting") {
        const stopped = member.runtime.stop();
        // A batch may be under way all the same: its model loads, or its process waits to be started again.
        this.#setAside(deviceId, sentence(member, why));
        return await stopped;
      }
      if (performance.now() >= deadline) {
        member.runtime.killNow();
        return this.#setAside(deviceId, sentence(member, why));
      }
      await delay(LOOK);
    }
  }

  /** Jobs whose process was ended, or never began. */
  #setAside(deviceId: string, message: string): void {
    const { fleet, board, canWork } = this.#deps;
    const left = board.held().filter((lease) => lease.device === deviceId && lease.state === "running");
    const elsewhere = fleet.members.some(({ runtime }) => canWork(runtime.device.id));
    if (left.length === 0) return;
    if (elsewhere) board.putBack(left, message);
    else board.giveBack(message, { running: true, device: deviceId });
  }
}

function sentence({ runtime }: FleetMember, why: string | null): string {
  return `${runtime.device.name}: ${why ?? "paused"}`;
}
