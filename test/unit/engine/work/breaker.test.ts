import { expect, test } from "vitest";
import { Breaker } from "../../../../src/engine/work/breaker.ts";

const MINUTE = 60_000;

test("three failures in a row of different jobs open it; success in between starts the count anew", () => {
  const breaker = new Breaker();
  breaker.noteFailure([1], "a", 0);
  breaker.noteFailure([2], "b", 0);
  breaker.noteSuccess();
  breaker.noteFailure([3], "c", 0);
  breaker.noteFailure([4], "d", 0);
  expect(breaker.rest).toBeNull();
  breaker.noteFailure([5], "it burns", 1000);
  expect(breaker.rest).toMatchObject({
    until: 1000 + 3 * MINUTE,
    text: "Resting for 3 min after 3 failures in a row: it burns",
  });
});

test("the same jobs again say nothing new of the device", () => {
  const breaker = new Breaker();
  const counted = [[1, 2], [1, 2], [1], [1], [1]].map((jobs) => breaker.noteFailure(jobs, "x", 0));
  expect(counted).toEqual([true, false, true, false, false]);
  expect(breaker.rest).toBeNull();
});

test("each rest without a success between is twice as long, up to 48 minutes", () => {
  const breaker = new Breaker();
  const lengths: number[] = [];
  let now = 0;
  for (let job = 0; lengths.length < 7; job++) {
    breaker.noteFailure([job], "x", now);
    const { rest } = breaker;
    if (rest === null) continue;
    lengths.push((rest.until - now) / MINUTE);
    expect(breaker.endRest(rest.until - 1)).toBe(false);
    now = rest.until;
    expect(breaker.endRest(now)).toBe(true);
    expect(breaker.isOnTrial).toBe(true);
  }
  expect(lengths).toEqual([3, 6, 12, 24, 48, 48, 48]);
  breaker.noteSuccess();
  expect(breaker.isOnTrial).toBe(false);
  breaker.noteFailure([100], "x", now);
  expect(breaker.rest).toBeNull();
});

test("what fails while it rests, from before, makes the rest no longer", () => {
  const breaker = new Breaker();
  for (const job of [1, 2, 3, 4]) breaker.noteFailure([job], "x", job);
  expect(breaker.rest?.until).toBe(3 + 3 * MINUTE);
});

test("a rest does not last for hours because the clock was set back by them", () => {
  const breaker = new Breaker();
  for (const job of [1, 2, 3]) breaker.noteFailure([job], "x", 300 * MINUTE);
  expect(breaker.endRest(301 * MINUTE)).toBe(false);
  expect(breaker.endRest(MINUTE)).toBe(true);
  breaker.holdFor(MINUTE, { text: "It starts again in a minute" }, 300 * MINUTE);
  expect(breaker.endRest(MINUTE)).toBe(true);
});

test("a start that is put off is no failure", () => {
  const breaker = new Breaker();
  breaker.holdFor(20_000, { text: "The runtime is started again in 20 s" }, 0);
  expect(breaker.rest).toMatchObject({ kind: "start", until: 20_000 });
  breaker.endRest(20_000);
  expect([breaker.rest, breaker.isOnTrial]).toEqual([null, false]);
});

test("a start that is put off ends no rest sooner than it was to end", () => {
  const breaker = new Breaker();
  breaker.holdFor(20_000, { text: "in 20 s" }, 0);
  breaker.holdFor(5_000, { text: "in 5 s" }, 1_000);
  expect(breaker.rest).toMatchObject({ text: "in 20 s", until: 20_000 });
  breaker.holdFor(20_000, { text: "in 20 s more" }, 10_000);
  expect(breaker.rest).toMatchObject({ text: "in 20 s more", until: 30_000 });
  breaker.endRest(30_000);
  for (const job of [1, 2, 3]) breaker.noteFailure([job], "it burns", 30_000);
  const rest = { kind: "failures", until: 30_000 + 3 * MINUTE };
  expect(breaker.rest).toMatchObject(rest);
  // What was under way behind the third failure hears that its process is started again only later.
  breaker.holdFor(500, { text: "in 1 s" }, 30_001);
  breaker.holdFor(60 * MINUTE, { text: "in an hour" }, 30_001);
  expect(breaker.rest).toMatchObject(rest);
});
