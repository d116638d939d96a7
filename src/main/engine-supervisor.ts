/**
 * The engine as the app sees it: one link that outlives every engine process, and one status. Behind it stand the
 * processes of host/work-processes.ts, the devnet (demo only) and the engine.
 */
import type { ManagedProcess, ProcessHost } from "../host/process-host.ts";
import type { SupervisorState } from "../host/supervisor.ts";
import { type WorkPlan, WorkProcesses, type WorkProcessesOptions } from "../host/work-processes.ts";
import type { EngineStatus } from "../shared/contract/bridge.ts";
import type {
  CommandInput,
  CommandName,
  CommandOutput,
  ContractClient,
  EventName,
  EventPayload,
} from "../shared/contract/contract.ts";
import { EVENTS } from "../shared/contract/contract.ts";
import { connectContract, engineGone } from "../shared/contract/rpc.ts";
import { MINUTE, SECOND } from "../shared/durations.ts";
import { AppError, type ErrorValue, isAbort, toErrorValue, unreachable } from "../shared/errors.ts";
import { backoffMs, delay } from "../shared/wait.ts";

export interface EngineSupervisorOptions {
  /** Made anew at each start from the stopped or failed state, so that a corrected setting counts. May throw. */
  readonly plan: () => WorkPlan;
  /** Asked before anything of the plan is started; throws what speaks against it. */
  readonly mayStart?: (plan: WorkPlan, signal: AbortSignal) => Promise<void>;
  readonly host: ProcessHost;
  readonly entries: WorkProcessesOptions["entries"];
  readonly timings?: WorkProcessesOptions["timings"];
  readonly clock?: () => number;
}

type Client = ReturnType<typeof connectContract>;

export class EngineSupervisor implements ContractClient {
  readonly #options: EngineSupervisorOptions;
  readonly #clock: () => number;
  readonly #processes: WorkProcesses;
  readonly #statusListeners = new Set<(status: EngineStatus) => void>();
  readonly #eventListeners = new Map<EventName, Set<(payload: never) => void>>();
  #status: EngineStatus;
  #client: Client | null = null;
  #startSequence: AbortController | null = null;

  constructor(options: EngineSupervisorOptions) {
    const { host, entries, timings } = options;
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#status = { state: "starting", since: this.#clock() };
    this.#processes = new WorkProcesses({
      host,
      entries,
      planAgain: (signal) => this.#plan(signal),
      askEngineToStop: (child) => this.#askToStop(child),
      ...(timings && { timings }),
    });
    this.#processes.devnet.onState((state) => this.#followDevnet(state));
    this.#processes.engine.onState((state) => this.#followEngine(state));
  }

  get status(): EngineStatus {
    return this.#status;
  }

  get enginePid(): number | undefined {
    return this.#processes.engine.child?.pid;
  }

  /** Called on every change, not for the present status. Returns the unsubscribe function. */
  onStatus(listener: (status: EngineStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** To the engine of this moment; rejects with ENGINE_GONE while there is none. */
  invoke<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C>> {
    return this.#client === null ? Promise.reject(engineGone()) : this.#client.invoke(command, input);
  }

  /** Survives restarts of the engine. Returns the unsubscribe function. */
  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void {
    const set = this.#eventListeners.get(event) ?? new Set();
    this.#eventListeners.set(event, set);
    set.add(listener as (payload: never) => void);
    return () => set.delete(listener as (payload: never) => void);
  }

  /** Also after `failed`, by hand. Never throws: what is wrong becomes the status. */
  start(): void {
    if (this.#startSequence !== null) return;
    const sequence = new AbortController();
    this.#startSequence = sequence;
    this.#publish({ state: "starting", since: this.#clock() });
    this.#bringUp(sequence.signal).catch((thrown: unknown) => {
      if (!isAbort(thrown)) this.#fail(toErrorValue(thrown));
    });
  }

  /** It hangs: end it hard, and let it be started again. */
  killHangingEngine(): void {
    this.#processes.engine.child?.kill("SIGKILL");
  }

  /** First the engine, while the markets still answer, then the devnet. Bounded: about 10 s, then they are killed. */
  async stop(): Promise<void> {
    this.#publish({ state: "stopping", since: this.#clock() });
    this.#startSequence?.abort();
    await this.#processes.stop();
    this.#startSequence = null;
  }

  /** Without any order: for whoever can't wait any longer. */
  kill(): void {
    this.#processes.kill();
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    await this.#processes.start(await this.#planWithRoom(signal), signal);
  }

  /** A disk that is full passes by itself: said, and waited for. */
  async #planWithRoom(signal: AbortSignal): Promise<WorkPlan> {
    for (let tries = 1; ; tries++) {
      try {
        const plan = await this.#plan(signal);
        if (tries > 1) this.#publish({ state: "starting", since: this.#clock() });
        return plan;
      } catch (thrown) {
        if (!(thrown instanceof AppError && thrown.code === "DATA_FOLDER_FULL")) throw thrown;
        this.#restarting(thrown.toValue(), {});
        await delay(backoffMs(tries, { base: SECOND, cap: MINUTE }), signal);
      }
    }
  }

  async #plan(signal: AbortSignal): Promise<WorkPlan> {
    const plan = this.#options.plan();
    await this.#options.mayStart?.(plan, signal);
    signal.throwIfAborted();
    return plan;
  }

  #askToStop(child: ManagedProcess): void {
    if (this.#client === null) {
      child.kill("SIGTERM");
      return;
    }
    // Its answer may be lost with the channel; the exit is what counts, and the deadline kills.
    this.#client.invoke("engine.shutdown", {}).catch(() => undefined);
  }

  #followEngine(state: SupervisorState): void {
    if (this.#status.state === "stopping" && state.state !== "stopped") return;
    switch (state.state) {
      case "starting":
        this.#stillStarting(state);
        return;
      case "up":
        this.#adopt();
        return;
      case "restarting":
        this.#drop();
        this.#restarting(errorOf(state, "ENGINE_RESTARTING"), state);
        return;
      case "failed":
        this.#drop();
        this.#fail(errorOf(state, "ENGINE_FAILED"));
        return;
      case "stopped":
        this.#drop();
        return;
      default:
        unreachable(state.state);
    }
  }

  /** A devnet that restarts is a market that does not answer: the engine says so itself. Only a final end is ours. */
  #followDevnet(state: SupervisorState): void {
    if (state.state === "failed") this.#fail(errorOf(state, "DEVNET_FAILED"));
  }

  #adopt(): void {
    const { child } = this.#processes.engine;
    if (child === null) return;
    this.#client?.close();
    const client = connectContract(child);
    for (const event of Object.keys(EVENTS) as EventName[]) {
      client.on(event, (payload) => {
        for (const listener of this.#eventListeners.get(event) ?? []) listener(payload as never);
      });
    }
    this.#client = client;
    this.#publish({ state: "up", since: this.#clock() });
  }

  #drop(): void {
    this.#client?.close();
    this.#client = null;
  }

  #stillStarting({ doing }: SupervisorState): void {
    if (doing === undefined || this.#status.state !== "starting") return;
    this.#publish({ ...this.#status, doing });
  }

  /** "Since" is the first loss; a further crash before it is up again does not move it. */
  #restarting(error: ErrorValue, { doing }: Pick<SupervisorState, "doing">): void {
    const since = this.#status.state === "restarting" ? this.#status.since : this.#clock();
    this.#publish({ state: "restarting", since, error, ...(doing && { doing }) });
  }

  #fail(error: ErrorValue): void {
    this.#startSequence = null;
    this.#publish({ state: "failed", since: this.#clock(), error });
  }

  #publish(status: EngineStatus): void {
    this.#status = status;
    for (const listener of [...this.#statusListeners]) listener(status);
  }
}

function errorOf({ error, reason }: SupervisorState, code: string): ErrorValue {
  if (error) return error;
  return { code, message: reason ?? "The process ended without a word", actor: "machine" };
}
