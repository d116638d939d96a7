import { describe, expect, test } from "vitest";
import { DevicePace } from "../../../../src/engine/work/device-pace.ts";
import type { CatalogueModel } from "../../../../src/shared/catalogue.ts";
import type { Work } from "../../../../src/shared/work.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MINILM = { id: "m", task: "embed", embed: { maxTokens: 256 } } as CatalogueModel;

const job = (work: Work, maxRuntimeMs: number | null = 90 * SECOND) => ({ work, maxRuntimeMs });
const texts = (count: number, characters = 48, maxRuntimeMs: number | null = 90 * SECOND) =>
  job({ kind: "embed", texts: Array<string>(count).fill("x".repeat(characters)) }, maxRuntimeMs);

function pace(jobMaxRuntimeMs?: number) {
  const clock = { now: 0 };
  const device = new DevicePace({ now: () => clock.now, ...(jobMaxRuntimeMs && { jobMaxRuntimeMs }) });
  return { device, clock };
}

describe("how long a batch may take", () => {
  test("as long as its longest job may, where its jobs are small: a hang among them is found in that time", () => {
    const { device } = pace();
    expect(device.allowance([texts(2048)], MINILM)).toBe(90 * SECOND);
    expect(device.allowance([texts(1, 1, null)], MINILM)).toBe(90 * SECOND);
    expect(device.allowance([texts(1, 1, 20 * MINUTE), texts(1)], MINILM)).toBe(20 * MINUTE);
    expect(device.allowance(Array(64).fill(texts(1)), MINILM)).toBe(90 * SECOND);
    device.note(Array(64).fill(texts(1)), MINILM, 64, "cuda");
    expect(device.allowance(Array(64).fill(texts(1)), MINILM)).toBe(90 * SECOND);
    expect(pace(60 * SECOND).device.allowance([texts(1)], MINILM)).toBe(60 * SECOND);
  });

  test("as long as large ones need one after the other, and no job of them longer than it may", () => {
    const { device } = pace();
    device.note([texts(2048)], MINILM, 15 * SECOND, "cpu");
    expect(device.allowance(Array(3).fill(texts(2048)), MINILM)).toBeCloseTo(180 * SECOND);
    device.note([texts(2048)], MINILM, 60 * SECOND, "cpu");
    expect(device.allowance(Array(3).fill(texts(2048)), MINILM)).toBe(270 * SECOND);
  });
});

describe("how many jobs are run together", () => {
  test("as many as half of a job's time is enough for", () => {
    const { device } = pace();
    const eight = Array(8).fill(texts(2048));
    device.note([texts(2048)], MINILM, 15 * SECOND, "cpu");
    expect(device.fitting(eight, MINILM)).toBe(3);
    expect(device.fitting([texts(2048), texts(2048, 48, 20 * SECOND)], MINILM)).toBe(1);
    expect(device.fitting(Array(8).fill(texts(20)), MINILM)).toBe(8);
  });

  test("while nothing is known, large ones one by one and small ones all at once", () => {
    const { device } = pace();
    expect(device.fitting(Array(8).fill(texts(2048)), MINILM)).toBe(1);
    expect(device.fitting(Array(64).fill(texts(16, 200)), MINILM)).toBe(64);
  });

  test("large ones together where small ones were quick", () => {
    const { device } = pace();
    device.note(Array(64).fill(texts(1)), MINILM, 10, "cuda");
    expect(device.fitting(Array(64).fill(texts(2048)), MINILM)).toBe(64);
  });

  test("never none", () => {
    const { device } = pace();
    device.note([texts(2048)], MINILM, 80 * SECOND, "cpu");
    expect(device.fitting([texts(2048), texts(2048)], MINILM)).toBe(1);
  });

  test("eight jobs of 2,048 texts on a processor that does 139 a second: each batch is done in its time", () => {
    const { device } = pace();
    let left = Array<ReturnType<typeof texts>>(8).fill(texts(2048));
    while (left.length > 0) {
      const batch = left.slice(0, device.fitting(left, MINILM));
      left = left.slice(batch.length);
      const took = ((batch.length * 2048) / 139) * SECOND;
      expect(took).toBeLessThan(90 * SECOND);
      expect(took).toBeLessThan(device.allowance(batch, MINILM) / 1.5);
      device.note(batch, MINILM, took, "cpu");
    }
  });
});

describe("a job that can't be done in its time", () => {
  test("is not begun, with the figures", () => {
    const { device } = pace();
    device.note([texts(1024)], MINILM, 50 * SECOND, "cpu");
    expect(device.tooLong(texts(1024), MINILM)).toBeNull();
    expect(device.tooLong(texts(2048), MINILM)).toBe("It would take about 100 s here, and may take 90 s");
    expect(device.tooLong(texts(2048, 48, 2 * MINUTE), MINILM)).toBeNull();
    expect(device.tooLong(texts(2048), { ...MINILM, id: "another" })).toBeNull();
  });

  test("counts a text only as far as the model reads it", () => {
    const { device } = pace();
    device.note([texts(1000, 1024)], MINILM, 60 * SECOND, "cpu");
    expect(device.tooLong(texts(1000, 50_000), MINILM)).toBeNull();
  });

  test("is tried where what is known is old, of much smaller batches, or of a moment when the machine was busy", () => {
    const { device, clock } = pace();
    device.note([texts(100)], MINILM, 10 * SECOND, "cpu"); // The first one: the device got warm.
    expect(device.tooLong(texts(2048), MINILM)).toBeNull();
    device.note([texts(1024)], MINILM, 80 * SECOND, "cpu");
    expect(device.tooLong(texts(2048), MINILM)).not.toBeNull();
    device.note([texts(1024)], MINILM, 10 * SECOND, "cpu");
    expect(device.tooLong(texts(2048), MINILM)).toBeNull();
    device.note([texts(2048)], { ...MINILM, id: "slow" }, 100 * SECOND, "cpu");
    expect(device.tooLong(texts(2048), { ...MINILM, id: "slow" })).not.toBeNull();
    clock.now += 10 * MINUTE + 1;
    expect(device.tooLong(texts(2048), { ...MINILM, id: "slow" })).toBeNull();
  });

  test("is another matter on another back end", () => {
    const { device } = pace();
    device.note([texts(2048)], MINILM, 100 * SECOND, "cpu");
    expect(device.tooLong(texts(2048), MINILM)).not.toBeNull();
    device.note([texts(1)], MINILM, 10, "cuda");
    expect(device.tooLong(texts(2048), MINILM)).toBeNull();
  });

  test("a batch of a blink tells nothing of it", () => {
    const { device } = pace();
    device.note([texts(1)], MINILM, 900, "cpu");
    expect(device.tooLong(texts(4, 48, 2000), MINILM)).toBeNull();
  });
});
