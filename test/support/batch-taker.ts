/** Takes whatever is ready, up to `max` jobs of one model, as a machine's only device. */
import type { BatchTaker } from "../../src/engine/work/next-batch.ts";

export function batchTaker(max: number, overrides: Partial<BatchTaker> = {}): BatchTaker {
  return {
    device: "cpu",
    others: [],
    limit: () => max,
    modelOf: (lease) => lease.model,
    canRun: () => true,
    ...overrides,
  };
}
