/** The demo's two processes, kept alive: the devnet with both markets, then the engine that works for them. */
import { type Demo, prepareDemo } from "../engine/config/demo.ts";
import type { ConfigSources } from "../engine/config/from-environment.ts";
import type { ManagedProcess, ProcessHost } from "../host/process-host.ts";
import { Supervisor, type SupervisorState, type SupervisorTimings } from "../host/supervisor.ts";
import {
  type DevnetReady,
  DevnetReadySchema,
  type EngineReady,
  EngineReadySchema,
} from "../shared/config.ts";
import type { ContractClient } from "../shared/contract/contract.ts";
import { connectContract } from "../shared/contract/rpc.ts";
import { SECOND } from "../shared/durations.ts";
import { AppError } from "../shared/errors.ts";

/** The engine gives leases back and submits what is computed; both processes together end within 10 s. */
const ENGINE_STOP_MS = 7 * SECOND;
const DEVNET_STOP_MS = 2 * SECOND;

/** One life of the engine, from ready to its end. */
export interface EngineLife {
  readonly client: ContractClient;
  readonly ready: EngineReady;
}

export interface DemoSessionOptions {
  readonly sources: ConfigSources;
  readonly host: ProcessHost;
  /** The engine is ready; again after each restart. */
  readonly onEngine?: (life: EngineLife) => void;
  /** A process is started again, in words; that one gave up is told by `whenFailed`. */
  readonly onTrouble?: (sentence: string) => void;
  readonly timings?: { devnet?: Partial<SupervisorTimings>; engine?: Partial<SupervisorTimings> };
}

export class DemoSession {
  demo: Demo;
  readonly #options: DemoSessionOptions;
  readonly #devnet: Supervisor;
  readonly #engine: Supervisor;
  /** The addresses of the devnet's last start: a restart takes them again. */
  #addresses: DevnetReady | undefined;
  #engineReady: EngineReady | undefined;
  #stopping = false;
  #life: (EngineLife & { close(): void }) | undefined;

  constructor(options: DemoSessionOptions) {
    const { entries } = options.sources.paths;
    this.#options = options;
    this.demo = prepareDemo(options.sources);
    this.#devnet = new Supervisor({
      host: options.host,
      spec: () => ({ name: "devnet", entry: entries.devnet }),
      configure: (child) =>
        child.post({ kind: "configure", config: this.demo.devnetConfig(this.#addresses) }),
      isReady: (message) => this.#noteAddresses(message),
      timings: { stopWithin: DEVNET_STOP_MS, ...options.timings?.devnet },
    });
    this.#engine = new Supervisor({
      host: options.host,
      spec: () => ({ name: "engine", entry: entries.engine }),
      configure: (child) => this.#configureEngine(child),
      isReady: (message) => this.#noteEngineReady(message),
      beforeWantedRestart: async () => {
        this.demo = prepareDemo(this.#options.sources);
      },
      timings: { stopWithin: ENGINE_STOP_MS, ...options.timings?.engine },
    });
    this.#devnet.onState((state) => this.#tellTrouble("The devnet", state));
    this.#engine.onState((state) => {
      this.#tellTrouble("The engine", state);
      this.#followEngine(state);
    });
  }

  /** Resolves with the first life of the engine; rejects with the child's own error when one can't start. */
  async start(signal?: AbortSignal): Promise<EngineLife> {
    this.#devnet.start();
    await this.#devnet.whenUp(signal);
    this.#engine.start();
    await this.#engine.whenUp(signal);
    return this.life;
  }

  /** The engine of this moment. Throws while there is none. */
  get life(): EngineLife {
    if (this.#life) return this.#life;
    throw new AppError({
      code: "ENGINE_GONE",
      message: this.#engine.state.reason ?? "The engine is not running right now",
      actor: "machine",
      retryable: true,
    });
  }

  /** Rejects when a process ended so often that it is not started any more. Never resolves. */
  whenFailed(): Promise<never> {
    return new Promise((_, reject) => {
      for (const [who, supervisor] of [
        ["The devnet", this.#devnet],
        ["The engine", this.#engine],
      ] as const) {
        supervisor.onState(({ state, error, reason }) => {
          if (state !== "failed") return;
          reject(
            error
              ? AppError.fromValue(error)
              : new AppError({
                  code: "PROCESS_FAILED",
                  message: `${who} gave up: ${reason ?? "it can't be started"}`,
                  actor: "machine",
                }),
          );
        });
      }
    });
  }

  /** First the engine, while the markets still answer, then the devnet. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#engine.stop();
    await this.#devnet.stop();
  }

  /** Without any order: for a person who does not want to wait. */
  kill(): void {
    this.#engine.child?.kill("SIGKILL");
    this.#devnet.child?.kill("SIGKILL");
  }

  #noteAddresses(message: unknown): boolean {
    const ready = DevnetReadySchema.safeParse(message);
    if (ready.success) this.#addresses = ready.data;
    return ready.success;
  }

  #configureEngine(child: ManagedProcess): void {
    if (this.#addresses === undefined) return; // Never: the engine starts after the devnet.
    const startAs = this.#engineReady === undefined ? undefined : "as-left";
    child.post({ kind: "configure", config: this.demo.engineConfig(this.#addresses, startAs) });
  }

  #noteEngineReady(message: unknown): boolean {
    const ready = EngineReadySchema.safeParse(message);
    if (ready.success) this.#engineReady = ready.data;
    return ready.success;
  }

  #followEngine({ state }: SupervisorState): void {
    const child = this.#engine.child;
    if (state === "up" && child && this.#engineReady) {
      const client = connectContract(child);
      this.#life = { client, ready: this.#engineReady, close: () => client.close() };
      this.#options.onEngine?.(this.#life);
    } else if (state !== "up") {
      this.#life?.close();
      this.#life = undefined;
    }
  }

  #tellTrouble(who: string, { state, reason, pid }: SupervisorState): void {
    if (this.#stopping) return; // A terminal's Ctrl-C reaches the children too.
    // Said once, when it ended, not again when its successor has a pid.
    if (state === "restarting" && pid === null)
      this.#options.onTrouble?.(`${who} is started again: ${reason ?? "it ended"}.`);
  }
}
