/** How many jobs of a model run together: the person's limit, or less where the device has little memory free. */
import type { CatalogueModel } from "../../shared/catalogue.ts";

type BatchTable = CatalogueModel["batchTable"];

/**
 * The row with the most free memory that is really free counts; unknown free memory takes the smallest row.
 * Never less than 1, never more than `limit` (BATCH_SIZE).
 */
export function jobsPerBatch(table: BatchTable, freeMb: number | null, limit: number): number {
  let best = table.reduce((smallest, row) => (row.freeMb < smallest.freeMb ? row : smallest));
  for (const row of table) {
    if (row.freeMb <= (freeMb ?? 0) && row.freeMb >= best.freeMb) best = row;
  }
  return Math.max(1, Math.min(limit, best.jobs));
}
