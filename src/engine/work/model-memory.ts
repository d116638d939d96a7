/**
 * Does a model fit into a GPU beside what is there now? Its need is the catalogue's figure until the process that held
 * it alone was seen with more.
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";

/** Left free on top of the need: whoever else uses the GPU may want a little more. */
const MARGIN_SHARE = 0.1;
const LEAST_MARGIN_MB = 128;

type Sized = Pick<CatalogueModel, "id" | "vramMb">;

export class ModelMemory {
  readonly #measured = new Map<string, number>();

  /** MiB of GPU memory a process held that has run this model and no other. */
  noteAlone(model: Sized, usedMb: number): void {
    this.#measured.set(model.id, Math.max(usedMb, this.#measured.get(model.id) ?? 0));
  }

  /** MiB, the larger of what is declared and what was measured. */
  needMb(model: Sized): number {
    return Math.max(model.vramMb, this.#measured.get(model.id) ?? 0);
  }

  /** Why it does not fit into `freeMb` MiB, in words; null: it does, or nobody knows what is free. */
  shortage(model: Sized, freeMb: number | null): string | null {
    if (freeMb === null) return null;
    const need = this.needMb(model);
    const margin = Math.max(LEAST_MARGIN_MB, Math.ceil(need * MARGIN_SHARE));
    if (freeMb >= need + margin) return null;
    return `${model.id} needs ${need} MiB of GPU memory and ${margin} MiB to spare, and ${Math.floor(freeMb)} MiB are free`;
  }
}
