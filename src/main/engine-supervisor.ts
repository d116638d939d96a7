/**
 * The engine as the app sees it: one link that outlives every engine process, and one status. Behind it stand the
 * devnet (demo only) and the engine, each kept alive by host/supervisor.ts; the engine starts once the devnet is up.
 */
import type { ManagedProcess, ProcessHost } from "../host/process-host.ts";
import { Supervisor, type SupervisorState, type SupervisorTimings } from "../host/supervisor.ts";
import {
  type DevnetReady,
  DevnetReadySchema,
  type EngineConfig,
  EngineReadySchema,
} from "../shared/config.ts";
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
import { SECOND } from "../shared/durations.ts";
import { type ErrorValue, isAbort, toErrorValue, unreachable } from "../shared/errors.ts";
import { type EnginePlan, planFolder } from "./config.ts";

/** Leases are given back and results submitted in this time, or the process is killed; with the devnet's, 10 s. */
const ENGINE_STOP = 8 * SECOND;
const DEVNET_STOP = 2 * SECOND;

export interface EngineSupervisorOptions {
  /** Made anew at each start from the stopped or failed state, so that a corrected setting counts. May throw. */
  readonly plan: () => EnginePlan;
  /** Asked before anything of the plan is started; throws what speaks against it. */
  readonly mayStart?: (plan: EnginePlan, signal: AbortSignal) => Promise<void>;
  /** How the first start begins, when not as the plan says; after a crash it goes on as the person left it. */
  readonly startAs?: () => EngineConfig["startAs"] | undefined;
  readonly host: ProcessHost;
  readonly entries: { readonly engine: string; readonly devnet: string };
  readonly timings?: {
    readonly engine?: Partial<SupervisorTimings>;
    readonly devnet?: Partial<SupervisorTimings>;
  };
  readonly clock?: () => number;
}

type Client = ReturnType<typeof connectContract>;

export class EngineSupervisor implements ContractClient {
  readonly #options: EngineSupervisorOptions;
  readonly #clock: () => number;
  readonly #engine: Supervisor;
  readonly #devnet: Supervisor;
  readonly #statusListeners = new Set<(status: EngineStatus) => void>();
  readonly #eventListeners = new Map<EventName, Set<(payload: never) => void>>();
  #status: EngineStatus;
  #plan: EnginePlan | null = null;
  /** The devnet's addresses: a restart takes them again. */
  #addresses: DevnetReady | undefined;
  #client: Client | null = null;
  /** The engine has been up: after a crash it goes on as the person left it. */
  #hasRun = false;
  #startSequence: AbortController | null = null;

  constructor(options: EngineSupervisorOptions) {
    const { host, entries, timings } = options;
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#status = { state: "starting", since: this.#clock() };
    this.#devnet = new Supervisor({
      host,
      spec: () => ({ name: "devnet", entry: entries.devnet }),
      configure: (child) => this.#configureDevnet(child),
      isReady: (message) => this.#noteAddresses(message),
      timings: { stopWithin: DEVNET_STOP, ...timings?.devnet },
    });
    this.#engine = new Supervisor({
      host,
      spec: () => ({ name: "engine", entry: entries.engine }),
      configure: (child) => child.post({ kind: "configure", config: this.#engineConfig() }),
      isReady: (message) => EngineReadySchema.safeParse(message).success,
      askToStop: (child) => this.#askToStop(child),
      beforeWantedRestart: (signal) => this.#planAgain(signal),
      timings: { stopWithin: ENGINE_STOP, ...timings?.engine },
    });
    this.#devnet.onState((state) => this.#followDevnet(state));
    this.#engine.onState((state) => this.#followEngine(state));
  }

  get status(): EngineStatus {
    return this.#status;
  }

  get enginePid(): number | undefined {
    return this.#engine.child?.pid;
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
    this.#engine.child?.kill("SIGKILL");
  }

  /** First the engine, while the markets still answer, then the devnet. Bounded: about 10 s, then they are killed. */
  async stop(): Promise<void> {
    this.#publish({ state: "stopping", since: this.#clock() });
    this.#startSequence?.abort();
    await this.#engine.stop();
    await this.#devnet.stop();
    this.#startSequence = null;
  }

  /** In order, and begun anew with a new plan: what the settings say now. */
  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  /** Without any order: for whoever can't wait any longer. */
  kill(): void {
    this.#engine.child?.kill("SIGKILL");
    this.#devnet.child?.kill("SIGKILL");
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const plan = this.#options.plan();
    const before = this.#plan;
    if (before !== null && planFolder(before) !== planFolder(plan)) {
      // Another ledger: nobody has left anything there.
      this.#hasRun = false;
      this.#addresses = undefined;
    }
    this.#plan = plan;
    await this.#options.mayStart?.(plan, signal);
    signal.throwIfAborted();
    if (plan.mode === "demo") {
      this.#devnet.start();
      await this.#devnet.whenUp(signal);
    }
    signal.throwIfAborted();
    this.#engine.start();
  }

  /** A setting was changed that counts from a start: it may even be another market than the demo's. */
  async #planAgain(signal: AbortSignal): Promise<void> {
    const plan = this.#options.plan();
    await this.#options.mayStart?.(plan, signal);
    signal.throwIfAborted();
    this.#plan = plan;
    if (plan.mode === "live") await this.#devnet.stop();
    else {
      this.#devnet.start();
      await this.#devnet.whenUp(signal);
    }
  }

  #configureDevnet(child: ManagedProcess): void {
    if (this.#plan?.mode !== "demo") return;
    child.post({ kind: "configure", config: this.#plan.demo.devnetConfig(this.#addresses) });
  }

  #noteAddresses(message: unknown): boolean {
    const ready = DevnetReadySchema.safeParse(message);
    if (ready.success) this.#addresses = ready.data;
    return ready.success;
  }

  #engineConfig(): EngineConfig | null {
    const plan = this.#plan;
    const startAs = this.#hasRun ? "as-left" : this.#options.startAs?.();
    if (plan?.mode === "live") return startAs === undefined ? plan.config : { ...plan.config, startAs };
    if (plan?.mode === "demo" && this.#addresses) return plan.demo.engineConfig(this.#addresses, startAs);
    return null; // Never: the engine starts after the plan and the devnet.
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
        return;
      case "up":
        this.#adopt();
        return;
      case "restarting":
        this.#drop();
        this.#restarting(errorOf(state, "ENGINE_RESTARTING"));
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
    const { child } = this.#engine;
    if (child === null) return;
    this.#client?.close();
    const client = connectContract(child);
    for (const event of Object.keys(EVENTS) as EventName[]) {
      client.on(event, (payload) => {
        for (const listener of this.#eventListeners.get(event) ?? []) listener(payload as never);
      });
    }
    this.#client = client;
    this.#hasRun = true;
    this.#publish({ state: "up", since: this.#clock() });
  }

  #drop(): void {
    this.#client?.close();
    this.#client = null;
  }

  /** "Since" is the first loss; a further crash before it is up again does not move it. */
  #restarting(error: ErrorValue): void {
    const since = this.#status.state === "restarting" ? this.#status.since : this.#clock();
    this.#publish({ state: "restarting", since, error });
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
