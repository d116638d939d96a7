/**
 * The engine's handle on one device. No process exists while there is no work: the first batch starts one, a while
 * without work ends it, a crash or a hang costs the batch it happened to and nothing more.
 *
 *   asleep ──work──▶ starting ──▶ ready ⇄ working ──keep-alive over──▶ asleep
 *                        └──────────┴───────┴── ended unasked ──▶ failed ──next batch (after a back-off)──▶ starting
 */
import { cpus } from "node:os";
import type { ProcessHost, ProcessSpec } from "../../host/process-host.ts";
import { MIB, MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import type {
  FromRuntime,
  ModelSpec,
  RuntimeClass,
  ToRuntime,
  WantedBackend,
} from "../../shared/runtime/protocol.ts";
import { withoutSecrets } from "../../shared/secret-variables.ts";
import { delay } from "../../shared/wait.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { Seat } from "../device/seat.ts";
import type { GpuSetup } from "../gpu-pack/gpu-setup.ts";
import { isOllamaModel, type RunnableModel } from "../ollama/model.ts";
import { isPoisoned, ModelNotLoaded } from "./answers.ts";
import { countTexts, type Done, inHalvesWhenStarved, inOrder, withoutRefused } from "./batch.ts";
import type { DeviceRuntime, RunAnswer, RunItem, RunRequest, RuntimeStatus } from "./device-runtime.ts";
import { backingOff, IDLE, idle, OUT_OF_MEMORY, poisoned, STOPPED, stopped } from "./endings.ts";
import { explainFailure, explainSteps, type Start } from "./explain.ts";
import { LadderRetry } from "./ladder-retry.ts";
import { RestartPause } from "./restart-pause.ts";
import { NotBegun, RuntimeProcess } from "./runtime-process.ts";
import { SeatCheck } from "./seat-check.ts";
import { Throughput } from "./throughput.ts";

/** Opening CUDA and proving that it works, or reading a model from a slow disk, may take this long. */
const START_DEADLINE = MINUTE;
const LOAD_DEADLINE = 3 * MINUTE;
/** From the wish to end to SIGKILL: time for the batch that runs. */
const SHUTDOWN_DEADLINE = 2 * SECOND;

export interface RuntimeClientOptions {
  readonly device: DeviceInfo;
  readonly host: ProcessHost;
  /** Entry of the runtime process, absolute. */
  readonly entry: string;
  readonly backend: WantedBackend;
  /** CPU threads of a session. */
  readonly threads: number;
  /** A process without work for this long is ended, ms. */
  readonly keepAliveMs: number;
  /** What a process needs to reach a GPU, asked for at each start; absent: nothing but the GPU's name. */
  readonly gpuSetup?: () => Promise<GpuSetup>;
  /** Added to its environment, whatever the device is. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the device, asked at each start of a process; null: unknown. */
  readonly freeMemoryMb?: () => number | null;
  /** On which GPU a process computes, by its number; absent: it is not looked at. */
  readonly seatOf?: (pid: number) => Promise<Seat>;
  /** MiB that a model takes of it at work, by its id; absent: the process estimates it. */
  readonly needMb?: (model: string) => number;
  /** A process that stepped down the ladder of back ends works for this long before it is tried again, ms; absent: 10 minutes. */
  readonly tryAgainAfterMs?: number;
}

export class RuntimeClient implements DeviceRuntime {
  readonly device: DeviceInfo;
  readonly #options: RuntimeClientOptions;
  readonly #listeners = new Set<(status: RuntimeStatus) => void>();
  readonly #throughput = new Throughput();
  #status: RuntimeStatus = {
    state: "asleep",
    reason: null,
    pid: null,
    runtimeClass: null,
    textsPerSecond: null,
  };
  #process: RuntimeProcess | null = null;
  /** What the present process said at its start. */
  #processClass: RuntimeClass | null = null;
  /** Models of the present process, by id, with the class each was loaded in. */
  #loaded = new Map<string, RuntimeClass>();
  /** Of the last request: it is in the process; it is answered. Of the one before: it is answered. */
  #posted: Promise<unknown> = Promise.resolve();
  #answered: Promise<unknown> = Promise.resolve();
  #answeredBefore: Promise<unknown> = Promise.resolve();
  /** Requests that the process has or is started for. */
  #underWay = 0;
  /** Aborted by stop and killNow: what waited before does not run after. */
  #era = new AbortController();
  #keepAlive: NodeJS.Timeout | undefined;
  readonly #pause = new RestartPause();
  readonly #ladder: LadderRetry;
  readonly #seat: SeatCheck;
  #nextBatchId = 1;

  constructor(options: RuntimeClientOptions) {
    this.#options = options;
    this.#ladder = new LadderRetry(options.tryAgainAfterMs);
    this.#seat = new SeatCheck(options.device.kind === "gpu" ? options.seatOf : undefined);
    this.device = options.device;
  }

  get status(): RuntimeStatus {
    return this.#status;
  }

  onStatus(listener: (status: RuntimeStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  holds(model: string): boolean {
    return this.#process !== null && !this.#process.ending && this.#loaded.has(model);
  }

  canRun(model: RunnableModel): boolean {
    return !isOllamaModel(model);
  }

  get holdsDevice(): boolean {
    return this.#status.pid !== null;
  }

  owns({ pid }: { readonly pid: number }): boolean {
    return pid === this.#status.pid;
  }

  async run(request: RunRequest): Promise<RunAnswer> {
    const signal = AbortSignal.any([request.signal, this.#era.signal]);
    signal.throwIfAborted();
    const posted = Promise.withResolvers<void>();
    const turn = Promise.all([this.#posted, this.#answeredBefore]);
    const before = this.#answered;
    const work = turn.then(() => this.#run(request, signal, posted.resolve, before));
    this.#answeredBefore = before;
    this.#answered = work.catch(() => undefined); // The caller gets the error; the queue goes on.
    this.#posted = Promise.race([posted.promise, this.#answered]);
    return await unlessAborted(work, signal);
  }

  startAnew(): void {
    this.#ladder.noteOutdated();
    if (this.#underWay === 0) void this.#process?.shutdown(idle(), SHUTDOWN_DEADLINE);
  }

  async stop(signal?: AbortSignal): Promise<void> {
    const working = this.#status.state === "working";
    const process = this.#rejectAllWork();
    if (!process) return;
    const kill = () => process.kill(stopped());
    signal?.addEventListener("abort", kill, { once: true });
    // Nobody waits for a batch that still runs.
    if (working || signal?.aborted) kill();
    await process.shutdown(stopped(), SHUTDOWN_DEADLINE);
    signal?.removeEventListener("abort", kill);
  }

  killNow(): void {
    this.#rejectAllWork()?.kill(stopped());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** `before`: the request that came before this one is answered. */
  async #run(
    request: RunRequest,
    signal: AbortSignal,
    onPosted: () => void,
    before: Promise<unknown>,
  ): Promise<RunAnswer> {
    signal.throwIfAborted();
    clearTimeout(this.#keepAlive);
    this.#underWay++;
    try {
      await this.#tryLadderAgain(before);
      for (;;) {
        // One that is on its way out may still hold the device's memory.
        if (this.#process?.ending) await this.#process.ended;
        signal.throwIfAborted();
        try {
          const process = this.#process ?? (await this.#start(request.deadlineMs, signal));
          const runtimeClass = await this.#load(process, request.model, before);
          const answer = this.#runBatch(process, request, runtimeClass);
          onPosted();
          return await answer;
        } catch (thrown) {
          // What waited behind the batch that ended the process is not to blame.
          if (!(thrown instanceof NotBegun)) throw thrown;
        }
      }
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#rest();
    }
  }

  /** A faster back end may work by now: what runs is let end, then another process looks. */
  async #tryLadderAgain(before: Promise<unknown>): Promise<void> {
    if (!this.#ladder.isDue || this.#process === null) return;
    await before;
    await this.#process?.shutdown(idle(), SHUTDOWN_DEADLINE);
  }

  #noteSteps({ skipped }: RuntimeClass, inProcess = 0): void {
    if (this.#options.backend === "auto" && skipped.length > inProcess) this.#ladder.noteStepDown();
  }

  async #start(patienceMs: number, signal: AbortSignal): Promise<RuntimeProcess> {
    await this.#waitOutPause(patienceMs, signal);
    const setup = (this.device.kind === "gpu" && (await this.#options.gpuSetup?.())) || null;
    signal.throwIfAborted();
    const process = new RuntimeProcess(this.#options.host.spawn(this.#spec(setup)));
    const start = { process, device: this.device, setup };
    this.#process = process;
    this.#loaded = new Map();
    this.#seat.noteStart();
    this.#publish({ state: "starting", reason: null, pid: process.pid });
    void process.ended.then((cause) => this.#onEnded(process, cause));

    const pick = (answer: FromRuntime) => (answer.type === "ready" ? answer : null);
    const ready = await process
      .ask(this.#init(), pick, START_DEADLINE)
      .catch(async (thrown: unknown) => Promise.reject(await this.#explainFailure(thrown, start)));
    const explained = await explainSteps(ready.runtimeClass, start);
    this.#processClass = this.#describe(explained);
    this.#pause.noteStarted();
    this.#ladder.noteStart();
    this.#noteSteps(explained);
    if (!process.ending)
      this.#publish({ state: "ready", pid: process.pid, runtimeClass: this.#processClass });
    return process;
  }

  async #load(
    process: RuntimeProcess,
    model: RunnableModel | null,
    before: Promise<unknown>,
  ): Promise<RuntimeClass> {
    // What needs no model is plain arithmetic: it runs on the CPU whatever the device is.
    if (model === null) return onCpu(this.#processClass ?? notStarted());
    if (isOllamaModel(model)) throw notOurs(model.id);
    const known = this.#loaded.get(model.id);
    if (known) return known;
    const pick = (answer: FromRuntime) =>
      (answer.type === "loaded" || answer.type === "load-failed") && answer.model === model.id
        ? answer
        : null;
    const answer = await process.ask({ type: "load", model: this.#sized(model) }, pick, LOAD_DEADLINE);
    this.#forgetBut(answer.held);
    if (answer.type === "load-failed") throw new ModelNotLoaded(answer.error);
    const ofProcess = this.#processClass;
    this.#noteSteps(answer.runtimeClass, ofProcess?.skipped.length);
    const { backend, onnxruntime } = answer.runtimeClass;
    // llama.cpp finds its own way to the device, even where that has the same name.
    const same = ofProcess?.backend === backend && ofProcess.onnxruntime === onnxruntime;
    const described = same ? ofProcess : this.#describe(answer.runtimeClass);
    const runtimeClass = await this.#seat.judge(process.pid, described);
    if (runtimeClass === null) {
      await before;
      await process.shutdown(idle(), SHUTDOWN_DEADLINE);
      throw new NotBegun();
    }
    this.#loaded.set(model.id, runtimeClass);
    return runtimeClass;
  }

  /** With what is known of its need, so that room is made for that. */
  #sized(model: ModelSpec): ModelSpec {
    const needMb = this.#options.needMb?.(model.id);
    return needMb === undefined ? model : { ...model, memoryBytes: Math.ceil(needMb) * MIB };
  }

  /** Models that had to go for another one. */
  #forgetBut(held: readonly string[]): void {
    for (const id of this.#loaded.keys()) if (!held.includes(id)) this.#loaded.delete(id);
  }

  async #runBatch(
    process: RuntimeProcess,
    request: RunRequest,
    runtimeClass: RuntimeClass,
  ): Promise<RunAnswer> {
    const { sent, refused } = withoutRefused(request.items);
    this.#publish({ state: "working", runtimeClass });
    const done = await inHalvesWhenStarved(sent, (items) => this.#askToRun(process, request, items));
    const poison = isPoisoned(runtimeClass, done.items);
    // A process that answers and fails everything is no better than one that dies: the pauses before a new one grow.
    if (!poison) this.#pause.noteAnswer();
    this.#throughput.add(countTexts(done.items), done.totalMs);
    const state = this.#underWay > 1 ? "working" : "ready";
    this.#publish({ state, textsPerSecond: this.#throughput.textsPerSecond });
    if (poison) process.kill(poisoned());

    const { inferMs, totalMs } = done;
    return { items: inOrder(request.items, [...refused, ...done.items]), inferMs, totalMs, runtimeClass };
  }

  async #askToRun(process: RuntimeProcess, request: RunRequest, items: readonly RunItem[]): Promise<Done> {
    const batchId = this.#nextBatchId++;
    const pick = (answer: FromRuntime) =>
      answer.type === "done" && answer.batchId === batchId ? answer : null;
    const model = request.model?.id ?? null;
    const done = await process.ask(
      { type: "run", batchId, model, items: [...items] },
      pick,
      request.deadlineMs,
    );
    if (process === this.#process) this.#forgetBut(done.held);
    return done;
  }

  #onEnded(process: RuntimeProcess, cause: AppError): void {
    if (this.#process !== process) return;
    this.#process = null;
    clearTimeout(this.#keepAlive);
    if (cause.code === STOPPED || cause.code === IDLE) {
      this.#publish({ state: "asleep", reason: null, pid: null });
      return;
    }
    if (cause.code === OUT_OF_MEMORY) this.#pause.noteNoMemory();
    else this.#pause.noteCrash();
    this.#publish({ state: "failed", reason: cause.message, pid: null });
  }

  async #waitOutPause(patienceMs: number, signal: AbortSignal): Promise<void> {
    const wait = this.#pause.leftMs;
    if (wait === 0) return;
    if (wait > patienceMs) throw backingOff(this.#status.reason, wait);
    await delay(wait, signal);
  }

  /** Nothing is under way any more. Two answers may have come at once, each while the other still counted. */
  #rest(): void {
    if (this.#status.state === "working" && this.#process?.ending === false)
      this.#publish({ state: "ready" });
    this.#armKeepAlive();
  }

  #armKeepAlive(): void {
    clearTimeout(this.#keepAlive);
    const process = this.#process;
    if (!process || process.ending) return;
    this.#keepAlive = setTimeout(
      () => void process.shutdown(idle(), SHUTDOWN_DEADLINE),
      this.#options.keepAliveMs,
    );
  }

  /** Rejects what waits and what runs; returns the process to end, if there is one. */
  #rejectAllWork(): RuntimeProcess | null {
    this.#era.abort(stopped());
    this.#era = new AbortController();
    clearTimeout(this.#keepAlive);
    this.#pause.forget();
    if (!this.#process) this.#publish({ state: "asleep", reason: null, pid: null });
    return this.#process;
  }

  #init(): Extract<ToRuntime, { type: "init" }> {
    const { id, kind, index } = this.device;
    const { backend, threads, freeMemoryMb } = this.#options;
    const freeMb = freeMemoryMb?.() ?? null;
    const memoryBytes = freeMb === null ? null : Math.floor(freeMb * MEMORY_SHARE[kind]) * MIB;
    const without = [...this.#seat.without];
    return { type: "init", device: { id, kind, index }, backend, without, threads, memoryBytes };
  }

  #spec(setup: GpuSetup | null): ProcessSpec {
    const { kind, id } = this.device;
    return {
      name: `runtime ${id}`,
      entry: this.#options.entry,
      env: {
        ...withoutSecrets(),
        // ONNX Runtime's Linux build can report usage to its maker; nothing leaves this machine unasked.
        ORT_DISABLE_TELEMETRY: "1",
        // TF32 would change results from the third decimal on (runtime class: precision).
        NVIDIA_TF32_OVERRIDE: "0",
        // Exactly this GPU, or none: in the process it is CUDA device 0.
        CUDA_VISIBLE_DEVICES: kind === "gpu" ? id : "-1",
        ...this.#options.env,
        ...setup?.env,
      },
    };
  }

  async #explainFailure(thrown: unknown, start: Start & { process: RuntimeProcess }): Promise<unknown> {
    if (!(thrown instanceof AppError && thrown.code === OUT_OF_MEMORY)) return explainFailure(thrown, start);
    // No job had a part in it: they wait, or go elsewhere.
    await start.process.ended;
    return backingOff(thrown.message, Math.max(1, this.#pause.leftMs));
  }

  /** The runtime knows its back end; the engine knows the device's name. */
  #describe(runtimeClass: RuntimeClass): RuntimeClass {
    const { backend, hardware, alsoOn } = runtimeClass;
    const own = backend === "cpu" || this.device.kind === "cpu";
    const whole = own ? hardware : this.device.name;
    return { ...runtimeClass, hardware: alsoOn === undefined ? whole : `${whole} and ${alsoOn}` };
  }

  #publish(change: Partial<RuntimeStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const listener of [...this.#listeners]) listener(this.#status);
  }
}

/** Of what is free, so that a model's estimate may be a little wrong, and other programs on a CPU's memory live on. */
const MEMORY_SHARE = { gpu: 0.9, cpu: 0.5 } as const;

/** `work`, or the signal's reason if that comes first; the work itself goes on. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function onCpu(ofProcess: RuntimeClass): RuntimeClass {
  if (ofProcess.backend === "cpu") return ofProcess;
  const hardware = cpus()[0]?.model.trim() || `${process.arch} CPU`;
  return { ...ofProcess, backend: "cpu", reason: "This kind of work runs on the CPU", hardware };
}

function notOurs(model: string): AppError {
  return new AppError({
    code: "WORK_MISMATCH",
    message: `${model} is Ollama's to run, and a process of ours was asked for it`,
    actor: "bug",
  });
}

function notStarted(): never {
  throw new AppError({
    code: "RUNTIME_NOT_INITIALISED",
    message: "The runtime has not started",
    actor: "bug",
  });
}
