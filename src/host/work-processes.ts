/**
 * The two processes that earn, in the order they need each other: the devnet (demo only) with the markets, then the
 * engine that works for them; at the end the engine first, while its markets still answer. Each is kept alive by a
 * Supervisor of its own, and a restarted one finds the other at the addresses it had.
 */
import {
  type DevnetConfig,
  type DevnetReady,
  DevnetReadySchema,
  type End,
  type EngineConfig,
  EngineLeftSchema,
  type EngineReady,
  EngineReadySchema,
  EngineStartingSchema,
} from "../shared/config.ts";
import type { RunIntent } from "../shared/contract/views.ts";
import { SECOND } from "../shared/durations.ts";
import { withoutSecrets } from "../shared/secret-variables.ts";
import { diskObstacle } from "./full-disk.ts";
import type { ManagedProcess, ProcessHost } from "./process-host.ts";
import { Supervisor, type SupervisorTimings } from "./supervisor.ts";

/**
 * Leases are given back and results submitted in this time, or the process is killed; with the devnet's, 10 s. The engine
 * means to end a second earlier (END_WITHIN).
 */
export const ENGINE_STOP = 8 * SECOND;
const DEVNET_STOP = 2 * SECOND;

type StartAs = EngineConfig["startAs"];

/** What is to run. `startAs`: how the engine begins, when not as the settings say. */
export type WorkPlan = {
  /** Of the engine's ledger. */
  readonly dataFolder: string;
  /**
   * How the first engine of this ledger begins, when not as the settings say; after a crash it goes on as it was left.
   * `before`: what was wanted of the engine of another ledger that ran until now; null: none did.
   */
  startAs?(before: RunIntent | null): StartAs;
} & (
  | { readonly mode: "live"; engineConfig(startAs?: StartAs): EngineConfig }
  | {
      readonly mode: "demo";
      /** `before`: the addresses it had, to be taken again. */
      devnetConfig(before?: DevnetReady): DevnetConfig;
      engineConfig(devnet: DevnetReady, startAs?: StartAs): EngineConfig;
    }
);

export interface WorkProcessesOptions {
  readonly host: ProcessHost;
  readonly entries: { readonly engine: string; readonly devnet: string };
  /** Asked when the engine wants to be started again: a setting that counts from a start was changed. May throw. */
  readonly planAgain: (signal: AbortSignal) => WorkPlan | Promise<WorkPlan>;
  /** How the engine is asked to end; default SIGTERM. */
  readonly askEngineToStop?: (child: ManagedProcess) => void;
  readonly timings?: {
    readonly engine?: Partial<SupervisorTimings> | undefined;
    readonly devnet?: Partial<SupervisorTimings> | undefined;
  };
}

export class WorkProcesses {
  readonly engine: Supervisor;
  readonly devnet: Supervisor;
  readonly #options: WorkProcessesOptions;
  #plan: WorkPlan | null = null;
  #addresses: DevnetReady | undefined;
  #engineReady: EngineReady | null = null;
  /** What was wanted of the engine when it last ended to be started again. */
  #left: RunIntent | null = null;

  constructor(options: WorkProcessesOptions) {
    const { host, entries, timings, askEngineToStop } = options;
    this.#options = options;
    this.devnet = new Supervisor({
      host,
      spec: () => ({ name: "devnet", entry: entries.devnet, env: withoutSecrets() }),
      configure: (child) => {
        if (this.#plan?.mode !== "demo") return;
        child.post({ kind: "configure", config: this.#plan.devnetConfig(this.#addresses) });
      },
      isReady: (message) => this.#noteAddresses(message),
      askToStop: (child) => child.post({ kind: "end" } satisfies End),
      obstacle: (error) => diskObstacle(error, this.#plan?.dataFolder),
      timings: { stopWithin: DEVNET_STOP, ...timings?.devnet },
    });
    this.engine = new Supervisor({
      host,
      spec: () => ({ name: "engine", entry: entries.engine }),
      configure: (child) => child.post({ kind: "configure", config: this.#engineConfig() }),
      isReady: (message) => this.#noteEngineReady(message),
      startNews: (message) => EngineStartingSchema.safeParse(message).data ?? null,
      ...(askEngineToStop && { askToStop: askEngineToStop }),
      obstacle: (error) => diskObstacle(error, this.#plan?.dataFolder),
      beforeWantedRestart: (signal) => this.#beginAnew(signal),
      timings: { stopWithin: ENGINE_STOP, ...timings?.engine },
    });
  }

  /** What the engine said when it was ready the last time; null: it never was, with this ledger. */
  get engineReady(): EngineReady | null {
    return this.#engineReady;
  }

  /** Resolves once the engine is being started; rejects with the devnet's own error, or the signal's reason. */
  async start(plan: WorkPlan, signal?: AbortSignal): Promise<void> {
    this.#take(plan);
    if (plan.mode === "demo") {
      this.devnet.start();
      await this.devnet.whenUp(signal);
    }
    signal?.throwIfAborted();
    this.engine.start();
  }

  /** Bounded: about 10 s, then they are killed. */
  async stop(): Promise<void> {
    await this.engine.stop();
    await this.devnet.stop();
  }

  /** Without any order: for whoever can't wait any longer. */
  kill(): void {
    this.engine.child?.kill("SIGKILL");
    this.devnet.child?.kill("SIGKILL");
  }

  /** With a new plan: it may even be another market than the demo's. */
  async #beginAnew(signal: AbortSignal): Promise<void> {
    const plan = await this.#options.planAgain(signal);
    signal.throwIfAborted();
    const before = this.#plan?.dataFolder;
    this.#take(plan);
    // The devnet of another ledger has that one's accounts.
    if (plan.mode === "live" || plan.dataFolder !== before) await this.devnet.stop();
    if (plan.mode === "live") return;
    this.devnet.start();
    await this.devnet.whenUp(signal);
  }

  #take(plan: WorkPlan): void {
    if (this.#plan !== null && this.#plan.dataFolder !== plan.dataFolder) {
      this.#engineReady = null;
      this.#addresses = undefined;
    }
    this.#plan = plan;
  }

  #noteAddresses(message: unknown): boolean {
    const ready = DevnetReadySchema.safeParse(message);
    if (ready.success) this.#addresses = ready.data;
    return ready.success;
  }

  #noteEngineReady(message: unknown): boolean {
    const left = EngineLeftSchema.safeParse(message);
    if (left.success) this.#left = left.data.wish;
    const ready = EngineReadySchema.safeParse(message);
    if (ready.success) this.#engineReady = ready.data;
    return ready.success;
  }

  #engineConfig(): EngineConfig | null {
    const plan = this.#plan;
    const startAs = this.#engineReady === null ? plan?.startAs?.(this.#left) : "as-left";
    if (plan?.mode === "live") return plan.engineConfig(startAs);
    if (plan?.mode === "demo" && this.#addresses) return plan.engineConfig(this.#addresses, startAs);
    return null; // Never: the engine starts after the plan and the devnet.
  }
}
