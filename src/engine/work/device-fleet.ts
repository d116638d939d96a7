/**
 * The devices that work, each with its runtime and worker. Devices come and go while the engine runs: a new one begins
 * at once, one that is gone gives its batch back to the board, so that another device computes it.
 */
import type { DeviceInfo } from "../device/device-info.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { ResolvedModel } from "../models/store.ts";
import type { DeviceRuntime } from "../runtime-client/device-runtime.ts";
import type { WorkBoard } from "./board.ts";
import type { DeviceWorker } from "./device-worker.ts";

export interface FleetMember {
  readonly runtime: DeviceRuntime;
  readonly worker: DeviceWorker;
}

export interface FleetDeps {
  /** Makes a device's runtime and worker; `devices` share the machine. */
  readonly enlist: (device: DeviceInfo, devices: number) => FleetMember;
  readonly board: WorkBoard;
  readonly onChange: () => void;
}

interface Running extends FleetMember {
  readonly device: DeviceInfo;
  readonly leaving: AbortController;
}

export class DeviceFleet {
  readonly #deps: FleetDeps;
  readonly #members = new Map<string, Running>();
  /** Loops of members that were told to go, too: the fleet ends with the last of them. */
  readonly #loops = new Set<Promise<void>>();
  readonly #ending = Promise.withResolvers<void>();
  /** Null until the fleet runs. */
  #signal: AbortSignal | null = null;

  constructor(deps: FleetDeps, devices: readonly DeviceInfo[]) {
    this.#deps = deps;
    for (const device of devices) this.#enlist(device, devices.length);
  }

  get members(): readonly FleetMember[] {
    return [...this.#members.values()];
  }

  find(deviceId: string): FleetMember | undefined {
    return this.#members.get(deviceId);
  }

  /** Is this program, found on a device, one that works for us? */
  owns(program: { readonly pid: number; readonly name: string | null }): boolean {
    return this.members.some(({ runtime }) => runtime.owns(program));
  }

  /** Why no device has the memory for the model now, in words; null: one has, or there is none to ask. */
  memoryShortage({ model, spec }: Pick<ResolvedModel, "model" | "spec">): string | null {
    const able = this.members.filter(({ runtime }) => runtime.canRun(spec));
    const reasons = able.map(({ worker }) => worker.memoryShortage(model));
    return reasons.includes(null) ? null : (reasons[0] ?? null);
  }

  /** Why no device can do this job of that model in its time, in words; null: one can, or there is none to ask. */
  tooLong(lease: HeldLease, { model, spec }: Pick<ResolvedModel, "model" | "spec">): string | null {
    const able = this.members.filter(({ runtime }) => runtime.canRun(spec));
    const reasons = able.map(({ worker }) => worker.tooLong(lease, model));
    return reasons.includes(null) ? null : (reasons[0] ?? null);
  }

  /** From now on these devices work. One with another driver than before is a new one: its runtime has the old open. */
  set(devices: readonly DeviceInfo[]): void {
    for (const member of [...this.#members.values()]) {
      const now = devices.find(({ id }) => id === member.device.id);
      if (now?.driverVersion !== member.device.driverVersion) this.#dismiss(member);
    }
    for (const device of devices) {
      if (!this.#members.has(device.id)) this.#enlist(device, devices.length);
    }
    this.#deps.onChange();
  }

  /** Works until the signal aborts; rejects when a worker meets what nobody foresaw. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const member of this.#members.values()) this.#begin(member, signal);
    signal.addEventListener("abort", () => this.#ending.resolve(), { once: true });
    if (signal.aborted) this.#ending.resolve();
    await this.#ending.promise;
    await Promise.all(this.#loops);
  }

  /** End every runtime now; what ran is given back or failed by whoever asked for it. */
  killNow(): void {
    for (const { runtime } of this.#members.values()) runtime.killNow();
  }

  /** Asks every runtime to end; when the signal aborts they are killed. */
  async stop(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ runtime }) => runtime.stop(signal)));
  }

  #enlist(device: DeviceInfo, devices: number): void {
    const member = { ...this.#deps.enlist(device, devices), device, leaving: new AbortController() };
    this.#members.set(device.id, member);
    member.worker.onChange(() => this.#deps.onChange());
    if (this.#signal && !this.#signal.aborted) this.#begin(member, this.#signal);
  }

  #begin({ worker, leaving }: Running, signal: AbortSignal): void {
    const loop = worker.run(AbortSignal.any([signal, leaving.signal]));
    this.#loops.add(loop);
    loop.then(() => this.#loops.delete(loop), this.#ending.reject);
  }

  #dismiss({ device, runtime, leaving }: Running): void {
    this.#members.delete(device.id);
    leaving.abort(new DOMException("The device is gone", "AbortError"));
    runtime.killNow();
    const { board } = this.#deps;
    const left = board.held().filter((lease) => lease.device === device.id && lease.state === "running");
    board.putBack(left, `${device.name} is no longer there, or has another driver now`);
  }
}
