/** The runtime's side of the protocol: one message after the other, one answer each, whatever goes wrong. */
import { AppError, toErrorValue, unreachable } from "../shared/errors.ts";
import type { FromRuntime, ModelSpec, ToRuntime } from "../shared/runtime/protocol.ts";
import { OnnxBackend } from "./backends/onnx.ts";
import { HeldModels } from "./held-models.ts";
import { loadTaskModel } from "./tasks/load.ts";
import { itemFailed, type TaskOutcome } from "./tasks/task.ts";
import { runVectorItems } from "./tasks/vector.ts";

export class Runtime {
  readonly #post: (message: FromRuntime) => void;
  /** null: not initialised. */
  #models: HeldModels | null = null;

  constructor(post: (message: FromRuntime) => void) {
    this.#post = post;
  }

  /** Handle one message; the caller waits for it before the next. Throws when the process can't serve its device. */
  async handle(message: Exclude<ToRuntime, { type: "shutdown" }>): Promise<void> {
    switch (message.type) {
      case "init": {
        const backend = await OnnxBackend.open(message);
        this.#models = new HeldModels(message.memoryBytes, (spec) => loadTaskModel(spec, backend));
        return this.#post({ type: "ready", pid: process.pid, runtimeClass: backend.runtimeClass });
      }
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
      if (this.#models === null) throw notInitialised();
      const { runtimeClass } = await this.#models.open(spec);
      const loadMs = performance.now() - startedAt;
      this.#post({ type: "loaded", model: spec.id, loadMs, runtimeClass, held: this.#held });
    } catch (thrown) {
      const error = toErrorValue(thrown);
      this.#post({ type: "load-failed", model: spec.id, error, held: this.#held });
    }
  }

  async #run(message: Extract<ToRuntime, { type: "run" }>): Promise<void> {
    const startedAt = performance.now();
    const { items, inferMs } = await this.#compute(message);
    const totalMs = performance.now() - startedAt;
    this.#post({ type: "done", batchId: message.batchId, items, inferMs, totalMs, held: this.#held });
  }

  async #compute({ model, items }: Extract<ToRuntime, { type: "run" }>): Promise<TaskOutcome> {
    if (model === null) return runVectorItems(items);
    try {
      if (this.#models === null) throw notInitialised();
      return await this.#models.run(model, items);
    } catch (thrown) {
      return { items: items.map(({ key }) => itemFailed(key, thrown)), inferMs: 0 };
    }
  }

  get #held(): string[] {
    return this.#models?.ids ?? [];
  }
}

function notInitialised(): AppError {
  return new AppError({
    code: "RUNTIME_NOT_INITIALISED",
    message: "The first message must be init",
    actor: "bug",
  });
}
