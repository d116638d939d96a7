import { describe, expect, test } from "vitest";
import { Declines } from "../../../../src/engine/work/declines.ts";

const job = (jobId: string) => ({ market: "aicf" as const, jobId });
const evenly = () => 0.5;
const again = (declines: Declines, jobId: string, code: string, times: number) =>
  Array.from({ length: times }, () => declines.note(job(jobId), { code }));

describe("a job that comes back after it was declined", () => {
  test("is left longer each time, up to a minute", () => {
    const declines = new Declines();
    const waits = Array.from({ length: 8 }, () => {
      declines.note(job("a"), { code: "JOB_UNPAID" });
      return declines.pauseAfter([job("a")], evenly);
    });
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  test("holds nothing up beside one that was taken, and no more after it was taken itself", () => {
    const declines = new Declines();
    again(declines, "a", "JOB_UNPAID", 3);
    expect(declines.pauseAfter([job("a"), job("b")])).toBe(0);
    expect(declines.pauseAfter([])).toBe(0);
    declines.note(job("b"), { code: "JOB_UNPAID" });
    expect(declines.pauseAfter([job("a"), job("b")], evenly)).toBe(4000);
    declines.forget(job("a"));
    expect(declines.pauseAfter([job("a")])).toBe(0);
  });

  const back = { kind: "return" };
  test.each([
    ["an input nobody can compute: for good", "INPUT_TOO_LARGE", { kind: "fail", retryable: false }],
    ["what is not done here: others may", "WORK_UNSUPPORTED", { kind: "fail", retryable: true }],
    ["what may be otherwise in a while: never", "MEMORY_SHORT", back],
  ])("is reported as failed after three returns (%s)", (_, code, fate) => {
    expect(again(new Declines(), "a", code, 5)).toEqual([back, back, back, fate, fate]);
  });

  test("the thousand latest are remembered, and no more", () => {
    const declines = new Declines();
    again(declines, "first", "JOB_UNPAID", 4);
    for (let i = 0; i < 1000; i++) declines.note(job(`other ${i}`), { code: "JOB_UNPAID" });
    expect(declines.pauseAfter([job("first")])).toBe(0);
    expect(declines.pauseAfter([job("other 0")])).toBeGreaterThan(0);
  });
});
