/** The runtime's side of the protocol: one message after the other, one answer each, whatever goes wrong. */
import { AppError, toErrorValue, unreachable } from "../shared/errors.ts";
import type { FromRuntime, ModelSpec, ToRuntime } from "../shared/runtime/protocol.ts";
import { OnnxBackend } from "./backends/onnx.ts";
import { memoryOf, SessionCache } from "./session-cache.ts";
import { loadTaskModel } from "./tasks/load.ts";
import type { TaskModel, TaskOutcome } from "./tasks/task.ts";
import { runVectorItems } from "./tasks/vector.ts";

export class Runtime {
  readonly #post: (message: FromRuntime) => void;
  #models = new SessionCache<TaskModel>(null);
  #backend: OnnxBackend | null = null;

  constructor(post: (message: FromRuntime) => void) {
    this.#post = post;
  }

  /** Handle one message; the caller waits for it before the next. Throws when the process can't serve its device. */
  async handle(message: Exclude<ToRuntime, { type: "shutdown" }>): Promise<void> {
    switch (message.type) {
      case "init":
        this.#backend = await OnnxBackend.open(message);
        this.#models = new SessionCache(message.memoryBytes);
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
      const { runtimeClass } = this.#models.get(spec.id) ?? (await this.#open(spec));
      const loadMs = performance.now() - startedAt;
      this.#post({ type: "loaded", model: spec.id, loadMs, runtimeClass, held: this.#models.ids });
    } catch (thrown) {
      const error = toErrorValue(thrown);
      this.#post({ type: "load-failed", model: spec.id, error, held: this.#models.ids });
    }
  }

  /** Room is made by estimate; where that was too hopeful, all others go and it is tried once more. */
  async #open(spec: ModelSpec): Promise<TaskModel> {
    const backend = this.#backend;
    if (backend === null) throw notInitialised();
    const bytes = memoryOf(spec);
    await this.#models.makeRoom(bytes);
    const model = await loadTaskModel(spec, backend).catch(async (thrown: unknown) => {
      const outOfMemory = thrown instanceof AppError && thrown.code === "OUT_OF_MEMORY";
      if (!outOfMemory || (await this.#models.clear()) === 0) throw thrown;
      return await loadTaskModel(spec, backend);
    });
    this.#models.put(spec.id, model, bytes);
    return model;
  }

  async #run(message: Extract<ToRuntime, { type: "run" }>): Promise<void> {
    const startedAt = performance.now();
    const { items, inferMs } = await this.#compute(message);
    const totalMs = performance.now() - startedAt;
    this.#post({ type: "done", batchId: message.batchId, items, inferMs, totalMs });
  }

  #compute({ model: id, items }: Extract<ToRuntime, { type: "run" }>): Promise<TaskOutcome> | TaskOutcome {
    if (id === null) return runVectorItems(items);
    const model = this.#models.get(id);
    if (model) return model.run(items);
    const error = toErrorValue(notLoaded(id));
    return { items: items.map(({ key }) => ({ key, ok: false, error })), inferMs: 0 };
  }
}

function notLoaded(model: string): AppError {
  return new AppError({
    code: "MODEL_NOT_LOADED",
    message: `The model ${model} is not loaded`,
    actor: "bug",
  });
}

function notInitialised(): AppError {
  return new AppError({
    code: "RUNTIME_NOT_INITIALISED",
    message: "The first message must be init",
    actor: "bug",
  });
}
