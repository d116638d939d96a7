/** How many jobs of a model run together: as its table has it for the memory that is free, or as the person wants it. */
import type { CatalogueModel } from "../../shared/catalogue.ts";

type BatchTable = CatalogueModel["batchTable"];

/** Of work that needs no model, and so has no table. */
export const JOBS_WITHOUT_TABLE = 8;

export interface BatchDevice {
  readonly kind: "gpu" | "cpu";
  /** MiB that models may fill; null: unknown. */
  readonly freeMb: number | null;
  /** BATCH_SIZE; null: the table decides. */
  readonly wanted: number | null;
}

/**
 * On a GPU the table's row with the most memory that is really free counts, on a CPU its careful row: there a larger batch
 * brings nothing and keeps its first job waiting. Never more than the person wants, and at least 1.
 */
export function jobsPerBatch(table: BatchTable | null, { kind, freeMb, wanted }: BatchDevice): number {
  if (table === null || table.length === 0) return wanted ?? JOBS_WITHOUT_TABLE;
  const { jobs } = rowFor(table, kind === "cpu" ? 0 : (freeMb ?? 0));
  return Math.max(1, Math.min(jobs, wanted ?? jobs));
}

function rowFor(table: BatchTable, freeMb: number): BatchTable[number] {
  let best = table.reduce((smallest, row) => (row.freeMb < smallest.freeMb ? row : smallest));
  for (const row of table) {
    if (row.freeMb <= freeMb && row.freeMb >= best.freeMb) best = row;
  }
  return best;
}
