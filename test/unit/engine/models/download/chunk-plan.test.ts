import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkSpan, firstMissing, planChunks } from "../../../../../src/engine/models/download/chunk-plan.ts";

describe("chunks", () => {
  it("cover a file without gap or overlap, whatever its size", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 700 }),
        (bytes, chunkBytes) => {
          const plan = planChunks(bytes, chunkBytes);
          const spans = Array.from({ length: plan.count }, (_, index) => chunkSpan(plan, index));
          expect(spans[0]?.start).toBe(0);
          expect(spans.at(-1)?.end).toBe(bytes);
          for (const [i, span] of spans.entries()) {
            expect(span.end).toBeGreaterThan(span.start);
            if (i > 0) expect(span.start).toBe(spans[i - 1]?.end);
          }
        },
      ),
    );
  });

  it("that are missing are asked for run by run", () => {
    const plan = planChunks(95, 10);
    const done = new Set([0, 1, 5, 9]);
    expect(firstMissing(plan, (i) => done.has(i))).toEqual({ start: 20, end: 50 });
    for (const index of [2, 3, 4]) done.add(index);
    expect(firstMissing(plan, (i) => done.has(i))).toEqual({ start: 60, end: 90 });
    for (const index of [6, 7, 8]) done.add(index);
    expect(firstMissing(plan, (i) => done.has(i))).toBeNull();
    expect(firstMissing(plan, () => false)).toEqual({ start: 0, end: 95 });
  });
});
