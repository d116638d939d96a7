/** The runtime's side of the protocol: one message after the other, one answer each, whatever goes wrong. */
import { AppError, toErrorValue, unreachable } from "../shared/errors.ts";
import type { FromRuntime, ModelSpec, ToRuntime } from "../shared/runtime/protocol.ts";
import { OnnxBackend } from "./backends/onnx.ts";
import { EmbedModel } from "./tasks/embed.ts";

/** Weights stay in the device's memory; beyond this many models the least recently used one is released. */
const MAX_LOADED_MODELS = 2;

export class Runtime {
  readonly #post: (message: FromRuntime) => void;
  readonly #models = new Map<string, EmbedModel>();
  #backend: OnnxBackend | null = null;

  constructor(post: (message: FromRuntime) => void) {
    this.#post = post;
  }

  /** Handle one message; the caller waits for it before the next. Throws when the process can't serve its device. */
  async handle(message: Exclude<ToRuntime, { type: "shutdown" }>): Promise<void> {
    switch (message.type) {
      case "init":
        this.#backend = await OnnxBackend.open(message);
        return this.#post({ type: "ready", pid: process.pid, runtimeClass: this.#backend.runtimeClass });
      case "load":
        return this.#load(message.model);
      case "run":
        return this.#run(message);
      default:
        return unreachable(message);
    }
  }

  async #load(spec: ModelSpec): Promise<void> {
    const startedAt = performance.now();
    try {
      if (this.#backend === null) throw notInitialised();
      const model = this.#models.get(spec.id) ?? (await EmbedModel.load(spec, this.#backend));
      await this.#keep(spec.id, model);
      const loadMs = performance.now() - startedAt;
      this.#post({ type: "loaded", model: spec.id, loadMs, runtimeClass: model.runtimeClass });
    } catch (thrown) {
      this.#post({ type: "load-failed", model: spec.id, error: toErrorValue(thrown) });
    }
  }

  async #run(message: Extract<ToRuntime, { type: "run" }>): Promise<void> {
    const startedAt = performance.now();
    const model = this.#models.get(message.model);
    if (model) this.#touch(message.model, model);
    const outcome = model ? await model.run(message.items) : { items: refuseAll(message), inferMs: 0 };
    this.#post({
      type: "done",
      batchId: message.batchId,
      ...outcome,
      totalMs: performance.now() - startedAt,
    });
  }

  /** A Map keeps its keys in order of insertion: the first is the least recently used. */
  async #keep(id: string, model: EmbedModel): Promise<void> {
    this.#touch(id, model);
    for (const [oldest, unused] of this.#models) {
      if (this.#models.size <= MAX_LOADED_MODELS) return;
      this.#models.delete(oldest);
      await unused.release();
    }
  }

  #touch(id: string, model: EmbedModel): void {
    this.#models.delete(id);
    this.#models.set(id, model);
  }
}

function refuseAll(message: Extract<ToRuntime, { type: "run" }>) {
  const error = toErrorValue(
    new AppError({
      code: "MODEL_NOT_LOADED",
      message: `The model ${message.model} is not loaded`,
      actor: "bug",
    }),
  );
  return message.items.map(({ key }) => ({ key, ok: false as const, error }));
}

function notInitialised(): AppError {
  return new AppError({
    code: "RUNTIME_NOT_INITIALISED",
    message: "The first message must be init",
    actor: "bug",
  });
}
