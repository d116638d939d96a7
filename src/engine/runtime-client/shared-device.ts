/**
 * One device with two that compute on it: our own process, and an Ollama for the models that it has. They never do so
 * at once: before the other one begins, what was under way is answered and a GPU's memory is free again.
 */
import { AppError } from "../../shared/errors.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import { isOllamaModel, type RunnableModel } from "../ollama/model.ts";
import type { OllamaRuntime } from "../ollama/runtime.ts";
import type { DeviceRuntime, RunAnswer, RunRequest, RuntimeStatus } from "./device-runtime.ts";

type Who = "own" | "ollama";

export class SharedDevice implements DeviceRuntime {
  readonly #own: DeviceRuntime;
  readonly #ollama: OllamaRuntime;
  /** Is this the device that Ollama takes? */
  readonly #isTaken: () => boolean;
  readonly #underWay = new Set<Promise<unknown>>();
  #whose: Who = "own";
  #ready: Promise<unknown> = Promise.resolve();
  #era = new AbortController();

  constructor(own: DeviceRuntime, ollama: OllamaRuntime, isTaken: () => boolean) {
    this.#own = own;
    this.#ollama = ollama;
    this.#isTaken = isTaken;
  }

  get device(): DeviceInfo {
    return this.#own.device;
  }

  /** Of the one that uses the device now; asleep both, our own says what it last proved. */
  get status(): RuntimeStatus {
    return this.#whose === "ollama" && this.#ollama.status.state !== "asleep"
      ? this.#ollama.status
      : this.#own.status;
  }

  onStatus(listener: (status: RuntimeStatus) => void): () => void {
    const tell = () => listener(this.status);
    const ends = [this.#own.onStatus(tell), this.#ollama.onStatus(tell)];
    return () => {
      for (const end of ends) end();
    };
  }

  holds(model: string): boolean {
    return this.#own.holds(model) || this.#ollama.holds(model);
  }

  canRun(model: RunnableModel): boolean {
    return isOllamaModel(model) ? this.#isTaken() : this.#own.canRun(model);
  }

  get holdsDevice(): boolean {
    return this.#own.holdsDevice || this.#ollama.holdsDevice;
  }

  owns(program: { readonly pid: number; readonly name: string | null }): boolean {
    if (this.#own.owns(program)) return true;
    return this.#ollama.holdsDevice && program.name !== null && OLLAMA_PROGRAM.test(program.name);
  }

  async run(request: RunRequest): Promise<RunAnswer> {
    const { model } = request;
    const signal = AbortSignal.any([request.signal, this.#era.signal]);
    const work = this.#turn(isOllamaModel(model) ? "ollama" : "own").then(() => {
      signal.throwIfAborted();
      return isOllamaModel(model)
        ? this.#ollama.run({ ...request, model, signal })
        : this.#own.run({ ...request, signal });
    });
    const ended = work.catch(() => undefined).finally(() => this.#underWay.delete(ended)); // The caller gets the error.
    this.#underWay.add(ended);
    return work;
  }

  startAnew(): void {
    this.#own.startAnew();
  }

  async stop(signal?: AbortSignal): Promise<void> {
    this.#rejectWaiting();
    await Promise.all([this.#own.stop(signal), this.#ollama.stop()]);
  }

  killNow(): void {
    this.#rejectWaiting();
    this.#own.killNow();
    this.#ollama.killNow();
  }

  #turn(whose: Who): Promise<unknown> {
    if (whose !== this.#whose) {
      const before = this.#whose === "own" ? this.#own : this.#ollama;
      this.#whose = whose;
      // On the processor both have room.
      const makeRoom = () => (this.device.kind === "cpu" ? undefined : before.stop());
      this.#ready = Promise.all([this.#ready, ...this.#underWay]).then(makeRoom);
    }
    return this.#ready;
  }

  #rejectWaiting(): void {
    this.#era.abort(stopped());
    this.#era = new AbortController();
  }
}

/** Ollama computes in processes of its own: `ollama runner`, ollama_llama_server, or a server in its own folder. */
const OLLAMA_PROGRAM = /(?:^|[\\/])ollama(?:[._-][\w.-]*)?$|[\\/]ollama[\\/]/i;

function stopped(): AppError {
  return new AppError({
    code: "RUNTIME_STOPPED",
    message: "The runtime was stopped",
    actor: "user",
    retryable: true,
  });
}
