import { expect, test } from "vitest";
import { DeviceHistory } from "../../../../src/engine/device/history.ts";
import { Onlooker } from "../../../../src/engine/device/onlooker.ts";
import { WATCH_MS } from "../../../../src/shared/contract/devices.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";

const START = 1_790_000_040_000 - (1_790_000_040_000 % MINUTE);
const reading = (change: object = {}) => ({
  temperatureC: 40,
  powerW: 100,
  utilisationPct: 10,
  memoryUsedMb: 2000,
  textsPerSecond: null,
  ...change,
});

test("the last ten minutes stand as they were read", () => {
  const history = new DeviceHistory();
  for (let second = 0; second < 1200; second++)
    history.note("GPU-1", START + second * SECOND, reading({ powerW: second }));
  const samples = history.samples("GPU-1", "minutes");
  expect(samples).toHaveLength(600);
  expect([samples[0]?.powerW, samples.at(-1)?.powerW]).toEqual([600, 1199]);
});

test("a day is a mean per minute, of what was known", () => {
  const history = new DeviceHistory();
  history.note("GPU-1", START, reading({ powerW: 100, temperatureC: null }));
  history.note("GPU-1", START + 30 * SECOND, reading({ powerW: 200, temperatureC: 60 }));
  history.note("GPU-1", START + MINUTE, reading({ powerW: 50, temperatureC: null }));
  expect(history.samples("GPU-1", "day")).toMatchObject([
    { at: START, powerW: 150, temperatureC: 60, textsPerSecond: null },
    { at: START + MINUTE, powerW: 50, temperatureC: null },
  ]);
});

test("nothing older than a day is kept, however long it runs", () => {
  const history = new DeviceHistory();
  for (let at = START; at < START + 3 * DAY; at += 5 * MINUTE) history.note("GPU-1", at, reading());
  const samples = history.samples("GPU-1", "day");
  expect(samples.length).toBeLessThanOrEqual(DAY / (5 * MINUTE) + 1);
  expect(samples[0]?.at).toBeGreaterThanOrEqual(START + 2 * DAY - HOUR);
});

test("a device that was never read has none", () => {
  expect(new DeviceHistory().samples("GPU-9", "minutes")).toEqual([]);
});

test("a look counts for a while and ends by itself", () => {
  let now = 5;
  const onlooker = new Onlooker(() => now);
  expect(onlooker.looks).toBe(false);
  onlooker.look();
  now += WATCH_MS - 1;
  expect(onlooker.looks).toBe(true);
  now += 1;
  expect(onlooker.looks).toBe(false);
});
