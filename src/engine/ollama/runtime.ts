/**
 * An Ollama as the runtime of one device: the same questions and answers as with a process of ours. It loads a model
 * for a job and nobody else's, holds it while there is work, and has it let go at once when the device is wanted for
 * something else; that it is gone, Ollama has to say itself.
 *
 *   asleep ──work──▶ starting ──▶ ready ⇄ working ──keep-alive over, stop──▶ asleep
 *                        └──────────┴───────┴── not let go ──▶ failed ──next job──▶ starting
 */

import { MILLISECOND, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import type { ItemResult } from "../../shared/runtime/protocol.ts";
import { delay } from "../../shared/wait.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import { ModelNotLoaded } from "../runtime-client/answers.ts";
import type { ComputeClass, RunAnswer, RunItem, RuntimeStatus } from "../runtime-client/device-runtime.ts";
import type { OllamaApi } from "./api.ts";
import { inUse, modelGone, tooSlow } from "./errors.ts";
import { writeItem } from "./item.ts";
import type { OllamaLibrary } from "./library.ts";
import type { OllamaModel } from "./model.ts";
import { weightsOf } from "./modelfile.ts";
import { Vocabulary } from "./vocabulary.ts";
import type { OllamaRunning } from "./wire.ts";
import type { OpenModel } from "./writing.ts";

/** Ollama ends a model's process some moments after it was told to. */
const UNLOAD_DEADLINE = 5 * SECOND;
const UNLOAD_LOOK = 50 * MILLISECOND;
/** Ollama lets go by itself this long after we would have: for when we are gone. */
const KEEP_ALIVE_MARGIN = 30 * SECOND;
/** What a driver tells of a process that ended is a little old. */
const PROGRAM_REMEMBERED = 10 * SECOND;

/** After these nothing is to be counted on before Ollama was looked at again. */
const SHAKES_TRUST = ["OLLAMA_UNREACHABLE", "OLLAMA_REDIRECTS", "OLLAMA_MODEL_GONE", "OLLAMA_IN_USE"];
/** Of the rest those that may go better next time: all others mean that the model can't be run here for now. */
const MAY_PASS = ["OLLAMA_BROKE_OFF", "OLLAMA_BUSY", "OLLAMA_FAILED", "OLLAMA_HUNG"];

export interface OllamaRequest {
  readonly model: OllamaModel;
  readonly items: readonly RunItem[];
  /** For the whole batch once the model is loaded, ms. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export interface OllamaRuntimeOptions {
  readonly api: OllamaApi;
  readonly library: OllamaLibrary;
  readonly device: DeviceInfo;
  readonly keepAliveMs: number;
}

interface Held extends OpenModel {
  readonly computeClass: ComputeClass;
}

export class OllamaRuntime {
  readonly device: DeviceInfo;
  readonly #options: OllamaRuntimeOptions;
  readonly #listeners = new Set<(status: RuntimeStatus) => void>();
  #status: RuntimeStatus = {
    state: "asleep",
    reason: null,
    pid: null,
    runtimeClass: null,
    textsPerSecond: null,
  };
  /** null: nothing of ours is in Ollama's memory, as far as we know. */
  #held: Held | null = null;
  /** One job at a time: the last one that was asked for. */
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Aborted by stop and killNow: what was asked before does not run after. */
  #era = new AbortController();
  #letGoing: Promise<void> = Promise.resolve();
  #keepAlive: NodeJS.Timeout | undefined;
  #heldUntil = Number.NEGATIVE_INFINITY;

  constructor(options: OllamaRuntimeOptions) {
    this.#options = options;
    this.device = options.device;
    options.library.onChange(() => this.#yield());
  }

  get status(): RuntimeStatus {
    return this.#status;
  }

  onStatus(listener: (status: RuntimeStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  holds(model: string): boolean {
    return this.#held?.model.id === model;
  }

  /** Does Ollama have a model loaded for us, or had it a moment ago? */
  get holdsDevice(): boolean {
    const { state } = this.#status;
    const works = state === "starting" || state === "ready" || state === "working";
    return works || performance.now() - this.#heldUntil < PROGRAM_REMEMBERED;
  }

  /** Throws RUNTIME_STOPPED, OUT_OF_MEMORY, OLLAMA_…, or the signal's reason; ends Ollama's work on an abort. */
  run(request: OllamaRequest): Promise<RunAnswer> {
    const signal = AbortSignal.any([request.signal, this.#era.signal]);
    this.#waiting++;
    clearTimeout(this.#keepAlive);
    const work = this.#turn.then(() => this.#run(request, signal));
    this.#turn = work.catch(() => undefined).then(() => this.#afterRun()); // The caller gets the error.
    return work;
  }

  async stop(): Promise<void> {
    this.killNow();
    await this.#letGoing;
  }

  /** Ends what runs and has the model let go; `stop` waits until it is. */
  killNow(): void {
    this.#era.abort(stopped());
    this.#era = new AbortController();
    this.#letGo();
  }

  async #run(request: OllamaRequest, signal: AbortSignal): Promise<RunAnswer> {
    await this.#letGoing;
    signal.throwIfAborted();
    try {
      const held = await this.#open(request.model, signal);
      const startedAt = performance.now();
      this.#publish({ state: "working", reason: null, runtimeClass: held.computeClass });
      const late = AbortSignal.timeout(Math.max(1, Math.round(request.deadlineMs)));
      const items: ItemResult[] = [];
      for (const item of request.items)
        items.push(
          await writeItem(held, item, AbortSignal.any([signal, late])).catch((thrown: unknown) => {
            throw late.aborted ? tooSlow(this.#options.api.base, "finish a text") : thrown;
          }),
        );
      if (this.#waiting === 1) this.#publish({ state: "ready" });
      const took = performance.now() - startedAt;
      return { items, inferMs: took, totalMs: took, runtimeClass: held.computeClass };
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof AppError)) throw thrown;
      if (SHAKES_TRUST.includes(thrown.code)) this.#options.library.distrust(thrown);
      this.#letGo();
      // Its jobs are for somebody else then, and it is no failure of the device.
      throw thrown.retryable && MAY_PASS.includes(thrown.code)
        ? thrown
        : new ModelNotLoaded(thrown.toValue());
    }
  }

  /** Loaded, and made of the file that the catalogue pins, as of now. */
  async #open(model: OllamaModel, signal: AbortSignal): Promise<Held> {
    const { api, library, keepAliveMs } = this.#options;
    const { name, weightsSha256 } = model.ollama;
    if (this.#held?.model.ollama.name === name && this.#held.model.ollama.weightsSha256 === weightsSha256) {
      // It may have been taken away or been made another one since.
      if ((await api.running(signal)).some((each) => each.name === name)) return this.#held;
    } else if (this.#held !== null) {
      this.#letGo();
      await this.#letGoing;
    }
    const [other] = (await api.running(signal)).filter((each) => each.name !== this.#held?.model.ollama.name);
    if (other !== undefined) throw inUse(other.name);
    this.#publish({ state: "starting", reason: null });
    const shown = await api.show(name, true, signal);
    if (weightsOf(shown.modelfile) !== weightsSha256) throw modelGone(name);
    const vocabulary = Vocabulary.of(shown.model_info ?? {});
    const kept = keepAliveMs + KEEP_ALIVE_MARGIN;
    library.setOurs(name);
    // From here Ollama may hold it, also when loading ends badly.
    this.#held = {
      api,
      model,
      vocabulary,
      keepAliveMs: kept,
      computeClass: this.#classOf(null),
    };
    await api.load(name, { numCtx: model.generate.contextTokens, keepAliveMs: kept }, signal);
    const running = (await api.running(signal)).find((each) => each.name === name);
    if (running === undefined) throw modelGone(name);
    this.#held = { ...this.#held, computeClass: this.#classOf(running) };
    return this.#held;
  }

  #classOf(running: OllamaRunning | null): ComputeClass {
    const { library } = this.#options;
    const version = library.version ?? "of unknown version";
    return {
      backend: "ollama",
      reason: running === null ? null : placeOf(running, this.device),
      skipped: [],
      onnxruntime: `none (ollama ${version})`,
      node: process.versions.node,
      threads: 0,
      hardware: this.device.name,
    };
  }

  #afterRun(): void {
    this.#waiting--;
    if (this.#waiting > 0 || this.#held === null) return;
    this.#keepAlive = setTimeout(() => this.#letGo(), this.#options.keepAliveMs);
    this.#keepAlive.unref();
    this.#yield();
  }

  /** The person's own model goes before ours. */
  #yield(): void {
    if (this.#options.library.isInUse && this.#waiting === 0) this.#letGo();
  }

  #letGo(): void {
    clearTimeout(this.#keepAlive);
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#letGoing = this.#letGoing.then(() => this.#unload(held.model.ollama.name));
  }

  /** Never rejects: that it could not be done is the status. */
  async #unload(name: string): Promise<void> {
    const { api, library } = this.#options;
    const signal = AbortSignal.timeout(UNLOAD_DEADLINE);
    try {
      await api.unload(name, signal);
      while ((await api.running(signal)).some((each) => each.name === name)) await delay(UNLOAD_LOOK, signal);
      this.#publish({ state: "asleep", reason: null });
    } catch (thrown) {
      // An Ollama that does not answer any more, or has no such model, holds nothing of ours.
      const code = thrown instanceof AppError ? thrown.code : null;
      if (code === "OLLAMA_UNREACHABLE" || code === "OLLAMA_MODEL_GONE")
        this.#publish({ state: "asleep", reason: null });
      else this.#publish({ state: "failed", reason: `Ollama has not let go of ${name}: ${whyOf(thrown)}` });
    }
    this.#heldUntil = performance.now();
    library.setOurs(null);
  }

  #publish(change: Partial<RuntimeStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const listener of [...this.#listeners]) listener(this.#status);
  }
}

/** A model that Ollama put beside the GPU is slower, not wrong: it is said. */
function placeOf({ size, size_vram: onGpu }: OllamaRunning, device: DeviceInfo): string | null {
  if (device.kind === "cpu" || size === 0 || onGpu >= size) return null;
  const share = Math.round((1 - onGpu / size) * 100);
  return `Ollama put ${share} % of the model on the processor`;
}

function whyOf(thrown: unknown): string {
  if (thrown instanceof AppError) return thrown.message;
  return `it is still in memory after ${UNLOAD_DEADLINE / SECOND} s`;
}

function stopped(): AppError {
  return new AppError({
    code: "RUNTIME_STOPPED",
    message: "The work in Ollama was stopped",
    actor: "user",
    retryable: true,
  });
}
