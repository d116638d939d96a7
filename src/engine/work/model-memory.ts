/**
 * Does a model fit into a GPU beside what is there now, and with batches of how many jobs? Its need is the catalogue's figure
 * until a process that held it alone was seen with more; what was seen is kept for that model, kind of GPU and driver.
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { ModelNeed, ModelNeedTable, NeedKey } from "../ledger/model-needs.ts";

/** Left free on top of the need: whoever else uses the GPU may want a little more. */
const MARGIN_SHARE = 0.1;
const LEAST_MARGIN_MB = 128;
/** It fitted when it was measured: of a GPU with nothing else on it no need is more than this. */
const MOST_OF_A_GPU = 0.85;

/** What was seen at such a batch holds for smaller ones: it is all but the model itself. */
const SMALL_BATCH = 8;
/** Seen only at larger ones, a model may need as little as this share: a guess, until a small batch was run. */
const GUESSED_SHARE = 0.5;

type Sized = Pick<CatalogueModel, "id" | "version" | "vramMb">;
type Gpu = Pick<DeviceInfo, "name" | "driverVersion" | "memoryTotalMb">;

export interface ModelMemoryDeps {
  readonly needs: Pick<ModelNeedTable, "all" | "put">;
  readonly now: () => number;
}

export class ModelMemory {
  readonly #deps: ModelMemoryDeps;
  /** What the ledger has, as it was asked for; the smallest batch first. */
  readonly #known = new Map<string, readonly ModelNeed[]>();

  constructor(deps: ModelMemoryDeps) {
    this.#deps = deps;
  }

  /** MiB of GPU memory a process held that has run this model and no other, in batches of up to so many jobs. */
  noteAlone(model: Sized, gpu: Gpu, usedMb: number, jobs: number): void {
    const most = gpu.memoryTotalMb === null ? usedMb : Math.floor(gpu.memoryTotalMb * MOST_OF_A_GPU);
    const used = Math.min(Math.ceil(usedMb), most);
    const known = this.#measured(model, gpu);
    if (used <= (known.find((need) => need.jobs === jobs)?.usedMb ?? 0)) return;
    const key = keyOf(model, gpu);
    const need = { jobs, usedMb: used };
    this.#deps.needs.put(key, need, this.#deps.now());
    const others = known.filter((each) => each.jobs !== jobs);
    this.#known.set(
      JSON.stringify(key),
      [...others, need].sort((a, b) => a.jobs - b.jobs),
    );
  }

  /** MiB for batches of so many jobs, absent: of as many as were ever run. Never less than what is declared. */
  needMb(model: Sized, gpu: Gpu, jobs = Number.POSITIVE_INFINITY): number {
    const measured = this.#measured(model, gpu);
    // A process keeps what its largest batch took: no batch needs less than a smaller one.
    let below = { jobs: 0, usedMb: Math.max(model.vramMb, withoutJobs(measured)) };
    for (const { jobs: size, usedMb } of measured) {
      const above = { jobs: size, usedMb: Math.max(below.usedMb, usedMb) };
      if (size >= jobs) return between(below, above, jobs);
      below = above;
    }
    return below.usedMb;
  }

  /** Why it does not fit into `freeMb` MiB, not even for one job at a time, in words; null: it does, or nobody knows. */
  shortage(model: Sized, gpu: Gpu, freeMb: number | null): string | null {
    if (freeMb === null || this.#fits(model, gpu, freeMb, 1)) return null;
    const need = this.needMb(model, gpu, 1);
    return `${model.id} needs ${need} MiB of GPU memory and ${marginOf(need)} MiB to spare, and ${Math.floor(freeMb)} MiB are free`;
  }

  /** How many jobs, `most` of them at most, have room together in `freeMb` MiB. At least 1. */
  jobsWithin(model: Sized, gpu: Gpu, freeMb: number | null, most: number): number {
    if (freeMb === null) return most;
    let jobs = most;
    while (jobs > 1 && !this.#fits(model, gpu, freeMb, jobs)) jobs--;
    return jobs;
  }

  #fits(model: Sized, gpu: Gpu, freeMb: number, jobs: number): boolean {
    const need = this.needMb(model, gpu, jobs);
    return freeMb >= need + marginOf(need);
  }

  #measured(model: Sized, gpu: Gpu): readonly ModelNeed[] {
    const key = keyOf(model, gpu);
    const text = JSON.stringify(key);
    const known = this.#known.get(text) ?? this.#deps.needs.all(key);
    this.#known.set(text, known);
    return known;
  }
}

/** MiB, of the model alone. */
function withoutJobs([smallest]: readonly ModelNeed[]): number {
  if (smallest === undefined) return 0;
  return smallest.usedMb * (smallest.jobs <= SMALL_BATCH ? 1 : GUESSED_SHARE);
}

/** On the line from one to the other. */
function between(below: ModelNeed, above: ModelNeed, jobs: number): number {
  const share = (jobs - below.jobs) / (above.jobs - below.jobs);
  return Math.ceil(below.usedMb + (above.usedMb - below.usedMb) * share);
}

function marginOf(need: number): number {
  return Math.max(LEAST_MARGIN_MB, Math.ceil(need * MARGIN_SHARE));
}

function keyOf({ id, version }: Sized, { name, driverVersion }: Gpu): NeedKey {
  return { model: id, version, gpu: name, driver: driverVersion ?? "" };
}
