import { expect, test } from "vitest";
import { BatteryWatch } from "../../../../src/engine/device/battery-watch.ts";
import { HOST } from "../../../support/gpus.ts";

const laptop = (percent: number) => ({ ...HOST, battery: { charging: false, percent } });

test("a battery is read again, and only what changed is told", async () => {
  const stop = new AbortController();
  const answers = [80, 80, 79];
  let changes = 0;
  const watch = new BatteryWatch({
    machine: laptop(80),
    everyMs: 1,
    read: async () => {
      const percent = answers.shift();
      if (answers.length === 0) stop.abort();
      return { charging: false, percent: percent ?? 0 };
    },
    onChange: () => changes++,
  });
  await watch.run(stop.signal);
  expect(watch.machine.battery).toEqual({ charging: false, percent: 79 });
  expect(changes).toBe(1);
});

test("a machine that has none is not asked", async () => {
  const read = () => Promise.reject(new Error("it was asked"));
  const watch = new BatteryWatch({ machine: HOST, everyMs: 1, read, onChange: () => undefined });
  await watch.run(new AbortController().signal);
  expect(watch.machine).toEqual(HOST);
});
