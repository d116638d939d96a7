import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryOf, SessionCache } from "../../../src/runtime/session-cache.ts";

function opened(capacity: number | null) {
  const cache = new SessionCache<{ id: string; release: () => Promise<void> }>(capacity);
  const released: string[] = [];
  const open = async (id: string, bytes = 40) => {
    await cache.makeRoom(bytes);
    cache.put(id, { id, release: async () => void released.push(id) }, bytes);
  };
  return { cache, released, open };
}

describe("the models a device holds", () => {
  test("stay while there is memory for all", async () => {
    const { cache, released, open } = opened(100);
    await open("a");
    await open("b");
    expect(cache.ids).toEqual(["a", "b"]);
    expect(released).toEqual([]);
  });

  test("make room for another, the least recently used one first", async () => {
    const { cache, released, open } = opened(100);
    await open("a");
    await open("b");
    expect(cache.get("a")?.id).toBe("a");
    await open("c");
    expect(released).toEqual(["b"]);
    expect(cache.ids).toEqual(["a", "c"]);
  });

  test("go all at once for one that needs everything, and one too big for the device is tried alone", async () => {
    const { cache, released, open } = opened(100);
    await open("a");
    await open("b");
    await open("huge", 1000);
    expect(released).toEqual(["a", "b"]);
    expect(cache.ids).toEqual(["huge"]);
  });

  test("are two where the free memory is unknown", async () => {
    const { cache, open } = opened(null);
    for (const id of ["a", "b", "c"]) await open(id);
    expect(cache.ids).toEqual(["b", "c"]);
  });

  test("can all be released", async () => {
    const { cache, released, open } = opened(100);
    await open("a");
    await open("b");
    expect(await cache.clear()).toBe(2);
    expect(released).toEqual(["a", "b"]);
    expect(cache.get("a")).toBeUndefined();
  });

  test("never fill more than the memory, except for one alone; each is released at most once", async () => {
    const step = fc.record({ id: fc.constantFrom(..."abcdef"), bytes: fc.integer({ min: 1, max: 150 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const { cache, released, open } = opened(100);
        const sizes = new Map<string, number>();
        let opens = 0;
        for (const { id, bytes } of steps) {
          if (cache.get(id) !== undefined) continue;
          await open(id, bytes);
          opens++;
          sizes.set(id, bytes);
          const held = cache.ids.reduce((sum, each) => sum + (sizes.get(each) ?? 0), 0);
          expect(cache.ids.at(-1)).toBe(id);
          expect(held <= 100 || cache.ids.length === 1).toBe(true);
        }
        expect(released.length + cache.ids.length).toBe(opens);
      }),
    );
  });
});

test("a model's memory is what the catalogue measured, else its files and a session's room", () => {
  const files = [{ bytes: 50_000_000 }, { bytes: 1_000_000 }];
  expect(memoryOf({ files, memoryBytes: 77 })).toBe(77);
  expect(memoryOf({ files })).toBe(51_000_000 + 128 * 1024 * 1024);
});
