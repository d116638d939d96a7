/**
 * Does a model fit into a GPU beside what is there now? Its need is the catalogue's figure until the process that held
 * it alone was seen with more; what was seen is kept for that model, kind of GPU and driver.
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { ModelNeedTable, NeedKey } from "../ledger/model-needs.ts";

/** Left free on top of the need: whoever else uses the GPU may want a little more. */
const MARGIN_SHARE = 0.1;
const LEAST_MARGIN_MB = 128;
/** It fitted when it was measured: of a GPU with nothing else on it no need is more than this. */
const MOST_OF_A_GPU = 0.85;

type Sized = Pick<CatalogueModel, "id" | "version" | "vramMb">;
type Gpu = Pick<DeviceInfo, "name" | "driverVersion" | "memoryTotalMb">;

export interface ModelMemoryDeps {
  readonly needs: Pick<ModelNeedTable, "get" | "put">;
  readonly now: () => number;
}

export class ModelMemory {
  readonly #deps: ModelMemoryDeps;
  /** What the ledger has, as it was asked for. */
  readonly #known = new Map<string, number | null>();

  constructor(deps: ModelMemoryDeps) {
    this.#deps = deps;
  }

  /** MiB of GPU memory a process held that has run this model and no other. */
  noteAlone(model: Sized, gpu: Gpu, usedMb: number): void {
    const most = gpu.memoryTotalMb === null ? usedMb : Math.floor(gpu.memoryTotalMb * MOST_OF_A_GPU);
    const used = Math.min(Math.ceil(usedMb), most);
    if (used <= (this.#measured(model, gpu) ?? 0)) return;
    const key = keyOf(model, gpu);
    this.#deps.needs.put(key, used, this.#deps.now());
    this.#known.set(JSON.stringify(key), used);
  }

  /** MiB, the larger of what is declared and what was measured. */
  needMb(model: Sized, gpu: Gpu): number {
    return Math.max(model.vramMb, this.#measured(model, gpu) ?? 0);
  }

  /** Why it does not fit into `freeMb` MiB, in words; null: it does, or nobody knows what is free. */
  shortage(model: Sized, gpu: Gpu, freeMb: number | null): string | null {
    if (freeMb === null) return null;
    const need = this.needMb(model, gpu);
    const margin = Math.max(LEAST_MARGIN_MB, Math.ceil(need * MARGIN_SHARE));
    if (freeMb >= need + margin) return null;
    return `${model.id} needs ${need} MiB of GPU memory and ${margin} MiB to spare, and ${Math.floor(freeMb)} MiB are free`;
  }

  #measured(model: Sized, gpu: Gpu): number | null {
    const key = keyOf(model, gpu);
    const text = JSON.stringify(key);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const stored = this.#deps.needs.get(key);
    this.#known.set(text, stored);
    return stored;
  }
}

function keyOf({ id, version }: Sized, { name, driverVersion }: Gpu): NeedKey {
  return { model: id, version, gpu: name, driver: driverVersion ?? "" };
}
