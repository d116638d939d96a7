/**
 * The models a process holds and runs. Room is made by estimate; where that was too hopeful, while one loads or while it
 * runs, all others go and it is tried once more.
 */
import { AppError } from "../shared/errors.ts";
import type { ModelSpec, RuntimeClass } from "../shared/runtime/protocol.ts";
import { memoryOf, SessionCache } from "./session-cache.ts";
import type { TaskItem, TaskModel, TaskOutcome } from "./tasks/task.ts";

const OUT_OF_MEMORY = "OUT_OF_MEMORY";

/** Held, or had to go meanwhile: work that was sent before that was known brings it back. */
interface KnownModel {
  readonly spec: ModelSpec;
  readonly runtimeClass: RuntimeClass;
}

export class HeldModels {
  readonly #load: (spec: ModelSpec) => Promise<TaskModel>;
  readonly #cache: SessionCache<TaskModel>;
  readonly #known = new Map<string, KnownModel>();

  /** `capacityBytes`: memory of the device that models may fill; null: unknown. */
  constructor(capacityBytes: number | null, load: (spec: ModelSpec) => Promise<TaskModel>) {
    this.#cache = new SessionCache(capacityBytes);
    this.#load = load;
  }

  get ids(): string[] {
    return this.#cache.ids;
  }

  /** The model, loaded if it is not. Throws what loading throws. */
  async open(spec: ModelSpec): Promise<TaskModel> {
    const held = this.#cache.get(spec.id);
    if (held) return held;
    const bytes = memoryOf(spec);
    await this.#cache.makeRoom(bytes);
    const model = await this.#load(spec).catch(async (thrown: unknown) => {
      const outOfMemory = thrown instanceof AppError && thrown.code === OUT_OF_MEMORY;
      if (!outOfMemory || (await this.#cache.clear()) === 0) throw thrown;
      return await this.#load(spec);
    });
    this.#cache.put(spec.id, model, bytes);
    this.#known.set(spec.id, { spec, runtimeClass: model.runtimeClass });
    return model;
  }

  /** Throws MODEL_NOT_LOADED, or what loading it again throws; what goes wrong with an item is in its answer. */
  async run(id: string, items: readonly TaskItem[]): Promise<TaskOutcome> {
    const model = this.#cache.get(id) ?? (await this.#bringBack(id));
    const outcome = await model.run(items);
    // Several that do not fit together come again as fewer: that may be enough, and costs nobody a place.
    if (items.length !== 1 || !isStarved(outcome) || (await this.#cache.clear(id)) === 0) return outcome;
    const again = await model.run(items);
    return { ...again, inferMs: outcome.inferMs + again.inferMs };
  }

  async #bringBack(id: string): Promise<TaskModel> {
    const known = this.#known.get(id);
    if (known === undefined) throw notLoaded(id);
    const model = await this.open(known.spec);
    if (model.runtimeClass.backend === known.runtimeClass.backend) return model;
    await this.#cache.release(id);
    throw elsewhere(id, model.runtimeClass);
  }
}

function isStarved({ items }: TaskOutcome): boolean {
  return items.some((item) => !item.ok && item.error.code === OUT_OF_MEMORY);
}

function notLoaded(model: string): AppError {
  return new AppError({
    code: "MODEL_NOT_LOADED",
    message: `The model ${model} is not loaded`,
    actor: "bug",
  });
}

/** Whoever sent this work was told of another back end, and the receipt would name that: it has to be loaded by request. */
function elsewhere(model: string, { backend }: RuntimeClass): AppError {
  return new AppError({
    code: "MODEL_NOT_LOADED",
    message: `The model ${model} had to be loaded again, and would run on ${backend} now`,
    actor: "machine",
    retryable: true,
  });
}
