import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lengthOf, likest } from "../../../../src/engine/work/like-length.ts";

const job = (length: number) => ({ work: { kind: "embed", texts: ["x".repeat(length)] } as const });
const lengths = (jobs: readonly ReturnType<typeof job>[]) => jobs.map(({ work }) => work.texts[0]?.length);

describe("who shares a batch", () => {
  it("is everybody while all fit, in the order they came", () => {
    expect(lengths(likest(job(5), [job(900), job(1), job(30)], 3))).toEqual([900, 1, 30]);
  });

  it("is whoever is likest to the oldest, of equals the older, in the order they came", () => {
    const others = [job(900), job(55), job(20), job(60), job(55), job(800)];
    expect(lengths(likest(job(50), others, 3))).toEqual([55, 60, 55]);
    expect(likest(job(50), others, 0)).toEqual([]);
  });

  it("counts by proportion: 10 is further from 50 than 120 is", () => {
    expect(lengths(likest(job(50), [job(10), job(120)], 1))).toEqual([120]);
  });

  it("keeps no job waiting for ever: each is the oldest some day", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 500 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        (sizes, limit) => {
          let queue = sizes.map(job);
          for (let batches = 0; queue.length > 0; batches++) {
            const [first, ...others] = queue;
            if (first === undefined) break;
            const batch = new Set([first, ...likest(first, others, limit - 1)]);
            expect(batch.size).toBe(Math.min(limit, queue.length));
            queue = queue.filter((each) => !batch.has(each));
            expect(batches).toBeLessThan(sizes.length);
          }
        },
      ),
    );
  });
});

it("the length of work is what its model's time grows with", () => {
  const texts = ["ab", "abcd"];
  expect(lengthOf({ kind: "embed", texts })).toBe(3);
  expect(lengthOf({ kind: "rerank", query: "12345", documents: texts })).toBe(8);
  const generate = {
    kind: "generate",
    prompt: "x",
    maxTokens: 64,
    temperature: 0,
    seed: 0,
    stop: [],
  } as const;
  expect(lengthOf(generate)).toBe(64);
  expect(lengthOf({ kind: "clip", texts, images: [] })).toBe(1);
});
