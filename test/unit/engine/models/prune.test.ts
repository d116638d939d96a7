import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planPrune } from "../../../../src/engine/models/prune.ts";

const model = (id: string, bytes: number, lastUsedAt: number | null, keep = false) => ({
  id,
  bytes,
  lastUsedAt,
  keep,
});

describe("pruning", () => {
  it("takes the longest unused first, and only as many as needed", () => {
    const models = [
      model("new", 10, 300),
      model("old", 10, 100),
      model("never", 10, null),
      model("mid", 10, 200),
    ];
    expect(planPrune(models, 40)).toEqual({ remove: [], bytesLeft: 40 });
    expect(planPrune(models, 39)).toEqual({ remove: ["never"], bytesLeft: 30 });
    expect(planPrune(models, 15)).toEqual({ remove: ["never", "old", "mid"], bytesLeft: 10 });
  });

  it("never takes what is pinned or in use, even when the rest does not suffice", () => {
    const models = [model("kept", 50, null, true), model("free", 10, 999)];
    expect(planPrune(models, 20)).toEqual({ remove: ["free"], bytesLeft: 50 });
  });

  it("ends under the cap, or with nothing left that may go", () => {
    const arbitrary = fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 4 }),
        bytes: fc.nat(1000),
        lastUsedAt: fc.option(fc.nat(1e6)),
        keep: fc.boolean(),
      }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(arbitrary, fc.nat(5000), (models, cap) => {
        const { remove, bytesLeft } = planPrune(models, cap);
        const left = models.filter(({ id }) => !remove.includes(id));
        expect(left.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(bytesLeft);
        for (const gone of models.filter(({ id }) => remove.includes(id))) expect(gone.keep).toBe(false);
        if (bytesLeft > cap) expect(left.filter(({ keep, bytes }) => !keep && bytes > 0)).toEqual([]);
      }),
    );
  });
});
