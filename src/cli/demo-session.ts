/** The demo in a terminal: its processes kept alive, and the engine of the moment to talk to. */
import { type Demo, prepareDemo } from "../engine/config/demo.ts";
import type { ConfigSources } from "../engine/config/from-environment.ts";
import type { ProcessHost } from "../host/process-host.ts";
import type { SupervisorState } from "../host/supervisor.ts";
import { WorkProcesses, type WorkProcessesOptions } from "../host/work-processes.ts";
import type { EngineReady } from "../shared/config.ts";
import type { ContractClient } from "../shared/contract/contract.ts";
import { connectContract } from "../shared/contract/rpc.ts";
import { AppError } from "../shared/errors.ts";
import { StartTeller } from "../shared/start-teller.ts";

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
  /** A process is started again, or its start takes long, in words; that one gave up is told by `whenFailed`. */
  readonly onTrouble?: (sentence: string) => void;
  readonly timings?: WorkProcessesOptions["timings"];
}

export class DemoSession {
  demo: Demo;
  readonly #options: DemoSessionOptions;
  readonly #processes: WorkProcesses;
  readonly #starting = new StartTeller((line) => this.#options.onTrouble?.(line));
  #stopping = false;
  #told = "";
  #life: (EngineLife & { close(): void }) | undefined;

  constructor(options: DemoSessionOptions) {
    const { sources, host, timings } = options;
    this.#options = options;
    this.demo = prepareDemo(sources);
    this.#processes = new WorkProcesses({
      host,
      entries: sources.paths.entries,
      planAgain: () => {
        this.demo = prepareDemo(sources);
        return { mode: "demo", ...this.demo };
      },
      ...(timings && { timings }),
    });
    this.#processes.devnet.onState((state) => this.#tellTrouble("The devnet", state));
    this.#processes.engine.onState((state) => {
      this.#tellTrouble("The engine", state);
      if (!this.#stopping) this.#starting.hear(state.doing);
      this.#followEngine(state);
    });
  }

  /** Resolves with the first life of the engine; rejects with the child's own error when one can't start. */
  async start(signal?: AbortSignal): Promise<EngineLife> {
    await this.#processes.start({ mode: "demo", ...this.demo }, signal);
    await this.#processes.engine.whenUp(signal);
    return this.life;
  }

  /** The engine of this moment. Throws while there is none. */
  get life(): EngineLife {
    if (this.#life) return this.#life;
    throw new AppError({
      code: "ENGINE_GONE",
      message: this.#processes.engine.state.reason ?? "The engine is not running right now",
      actor: "machine",
      retryable: true,
    });
  }

  /** Rejects when a process ended so often that it is not started any more. Never resolves. */
  whenFailed(): Promise<never> {
    return new Promise((_, reject) => {
      for (const [who, supervisor] of [
        ["The devnet", this.#processes.devnet],
        ["The engine", this.#processes.engine],
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
    await this.#processes.stop();
  }

  /** Without any order: for a person who does not want to wait. */
  kill(): void {
    this.#processes.kill();
  }

  #followEngine({ state }: SupervisorState): void {
    const { engine, engineReady: ready } = this.#processes;
    if (state === "up" && engine.child && ready) {
      const client = connectContract(engine.child);
      this.#life = { client, ready, close: () => client.close() };
      this.#options.onEngine?.(this.#life);
    } else if (state !== "up") {
      this.#life?.close();
      this.#life = undefined;
    }
  }

  #tellTrouble(who: string, { state, reason, error, pid }: SupervisorState): void {
    if (this.#stopping) return; // A terminal's Ctrl-C reaches the children too.
    if (state === "up") this.#told = "";
    // Said once, when it ended, not again when its successor has a pid.
    if (state !== "restarting" || pid !== null) return;
    const remedy = error?.help === undefined ? "" : ` ${error.help}`;
    const sentence = `${who} is started again: ${reason ?? "it ended"}.${remedy}`;
    if (sentence !== this.#told) this.#options.onTrouble?.(sentence);
    this.#told = sentence;
  }
}
