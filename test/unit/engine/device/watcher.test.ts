import { describe, expect, onTestFinished, test } from "vitest";
import type { Attention } from "../../../../src/engine/device/cadence.ts";
import type { Detection } from "../../../../src/engine/device/detect.ts";
import { LayeredGpus } from "../../../../src/engine/device/layered-gpus.ts";
import type { NvidiaCard } from "../../../../src/engine/device/nvidia-cards.ts";
import { DeviceWatcher, type WatcherOptions } from "../../../../src/engine/device/watcher.ts";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { HOST, ScriptedGpus, testGpu } from "../../../support/gpus.ts";

const NO_DRIVER = "the driver is not loaded";

/** A watcher over a scripted driver, with a clock that the test turns; `tick` lets the loop read once more. */
async function watch(answer: ScriptedGpus["answer"], change: Partial<WatcherOptions> = {}) {
  const driver = new ScriptedGpus(answer);
  const clock = { now: 0 };
  const attention: { -readonly [K in keyof Attention]: boolean } = {
    watched: false,
    working: false,
    waiting: false,
  };
  const sleep = { maySleep: false, sleeps: false };
  const system: { footprint: string; cards: NvidiaCard[] } = { footprint: "driver 1", cards: [] };
  const watcher = await DeviceWatcher.start({
    wanted: "auto",
    gpus: new LayeredGpus({ nvml: null, smi: driver, clock: () => clock.now }),
    host: HOST,
    attention: () => attention,
    clock: () => clock.now,
    sleepOf: async () => ({ ...sleep }),
    footprint: async () => system.footprint,
    onBattery: async () => null,
    cards: async () => system.cards,
    ...change,
  });
  const seen: Detection[] = [];
  watcher.onDetection((detection) => seen.push(detection));
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  onTestFinished(async () => {
    stopping.abort();
    await running;
  });
  const tick = async (advanceMs: number) => {
    clock.now += advanceMs;
    running ??= watcher.run(stopping.signal);
    await new Promise<void>((resolve) => {
      const stop = watcher.onReadings(() => {
        stop();
        resolve();
      });
      watcher.lookNow();
    });
  };
  return { watcher, driver, clock, attention, sleep, system, seen, tick };
}

const ids = (detection: Detection) => detection.devices.map(({ id }) => id);

describe("devices come and go", () => {
  test("the first detection is there from the start, and is no change", async () => {
    const { watcher, seen } = await watch([testGpu()]);
    expect(ids(watcher.detection)).toEqual(["GPU-1"]);
    expect(watcher.latest("GPU-1")).toMatchObject({ temperatureC: 41, source: "nvidia-smi" });
    expect(seen).toEqual([]);
  });

  test("a GPU that is plugged in is taken, one that is pulled out is dropped", async () => {
    const { watcher, driver, seen, tick } = await watch([testGpu()]);
    driver.answer = [testGpu(), testGpu({ index: 1, uuid: "GPU-2" })];
    await tick(SECOND);
    expect(ids(watcher.detection)).toEqual(["GPU-1", "GPU-2"]);
    driver.answer = [testGpu({ uuid: "GPU-2" })];
    await tick(SECOND);
    expect(ids(watcher.detection)).toEqual(["GPU-2"]);
    expect(watcher.latest("GPU-1").temperatureC).toBeNull();
    expect(seen.map(ids)).toEqual([["GPU-1", "GPU-2"], ["GPU-2"]]);
  });

  test("other readings of the same devices are no change", async () => {
    const { watcher, driver, seen, tick } = await watch([testGpu()]);
    driver.answer = [testGpu({ temperatureC: 77, memoryFreeMb: 10 })];
    await tick(SECOND);
    expect(watcher.latest("GPU-1").temperatureC).toBe(77);
    expect(seen).toEqual([]);
  });

  test("another driver is a change of the same device", async () => {
    const { driver, seen, tick } = await watch([testGpu()]);
    driver.answer = [testGpu({ driverVersion: "595.10" })];
    await tick(SECOND);
    expect(seen.map((detection) => detection.devices[0]?.driverVersion)).toEqual(["595.10"]);
  });

  test("a GPU that breaks is unusable with a reason, and works again after its reset", async () => {
    const { watcher, driver, seen, tick } = await watch([testGpu()]);
    driver.answer = [testGpu({ health: "reset" })];
    await tick(SECOND);
    expect(ids(watcher.detection)).toEqual(["cpu"]);
    expect(watcher.detection.unusable[0]?.verdict.code).toBe("needs-reset");
    driver.answer = [testGpu()];
    await tick(SECOND);
    expect(ids(watcher.detection)).toEqual(["GPU-1"]);
    expect(seen).toHaveLength(2);
  });

  test("a driver that is silent for a moment keeps its device, with unknown readings", async () => {
    const { watcher, driver, seen, tick } = await watch([testGpu()]);
    driver.answer = NO_DRIVER;
    await tick(SECOND);
    await tick(SECOND);
    await tick(SECOND);
    expect(ids(watcher.detection)).toEqual(["GPU-1"]);
    expect(watcher.latest("GPU-1")).toMatchObject({
      temperatureC: null,
      source: "none",
      sourceReason: NO_DRIVER,
    });
    driver.answer = [testGpu()];
    await tick(SECOND);
    expect(watcher.latest("GPU-1").temperatureC).toBe(41);
    expect(seen).toEqual([]);
  });

  test("a driver that stays silent has lost its GPUs: the CPU works, and they are searched for", async () => {
    const { watcher, driver, tick } = await watch([testGpu()]);
    driver.answer = NO_DRIVER;
    for (let i = 0; i < 4; i++) await tick(6 * SECOND);
    expect(ids(watcher.detection)).toEqual(["cpu"]);
    expect(watcher.detection.noGpuReason).toBe(NO_DRIVER);
    driver.answer = [testGpu()];
    await tick(2 * SECOND);
    expect(ids(watcher.detection)).toEqual(["GPU-1"]);
  });
});

describe("looking for a GPU where none is", () => {
  test("is eager for five minutes, and finds one that appears", async () => {
    const { watcher, driver, tick } = await watch(NO_DRIVER);
    expect(ids(watcher.detection)).toEqual(["cpu"]);
    for (let i = 0; i < 120; i++) await tick(2 * SECOND);
    // At 0, 2, 6, 14, 30 s and then every 30 s.
    expect(driver.reads).toBeGreaterThan(10);
    expect(driver.reads).toBeLessThan(16);
    driver.answer = [testGpu()];
    for (let i = 0; i < 16; i++) await tick(2 * SECOND);
    expect(ids(watcher.detection)).toEqual(["GPU-1"]);
  });

  test("is rare afterwards, but comes at once when the system shows another driver", async () => {
    const { watcher, driver, system, tick } = await watch(NO_DRIVER);
    for (let i = 0; i < 12; i++) await tick(30 * SECOND);
    const before = driver.reads;
    for (let i = 0; i < 20; i++) await tick(2 * SECOND);
    expect(driver.reads - before).toBeLessThanOrEqual(1);
    driver.answer = [testGpu()];
    system.footprint = "driver 2";
    await tick(2 * SECOND);
    expect(ids(watcher.detection)).toEqual(["GPU-1"]);
  });

  test("comes at once when the driver under a GPU is another one, and is eager while the new one is not up", async () => {
    const { watcher, driver, clock, system, tick } = await watch([testGpu()]);
    await tick(SECOND);
    const before = driver.closes;
    driver.answer = "driver and library have different versions";
    clock.now += 20 * MINUTE;
    system.footprint = "driver 2";
    await tick(SECOND);
    expect(driver.closes, "the old one is let go of").toBe(before + 1);
    for (let i = 0; i < 4; i++) await tick(6 * SECOND);
    expect(watcher.missingGpu?.eagerForMs).toBeGreaterThan(4 * MINUTE);
    driver.answer = [testGpu({ driverVersion: "600.1" })];
    for (let i = 0; i < 8; i++) await tick(2 * SECOND);
    expect(watcher.detection.devices[0]?.driverVersion).toBe("600.1");
  });

  test("begins anew when asked to, as after a resume", async () => {
    const { watcher, driver, tick } = await watch(NO_DRIVER);
    await tick(20 * MINUTE);
    driver.answer = [testGpu()];
    expect(ids(await watcher.redetect())).toEqual(["GPU-1"]);
  });

  test("is eager again after the machine slept, whoever noticed", async () => {
    const wall = { now: 0, pace: 0 };
    const { watcher, attention, tick } = await watch(NO_DRIVER, {
      wanted: "cuda",
      wallClock: () => (wall.now += wall.pace),
    });
    attention.watched = true;
    await tick(20 * MINUTE);
    expect(watcher.missingGpu).toEqual({ reason: NO_DRIVER, eagerForMs: 0 });
    const read = new Promise<void>((resolve) => void watcher.onReadings(() => resolve()));
    // An hour passes between any two looks at the clock: the lid was closed.
    wall.pace = HOUR;
    await read;
    expect(watcher.missingGpu).toEqual({ reason: NO_DRIVER, eagerForMs: 5 * MINUTE });
  });

  test("is not done when only the CPU is wanted", async () => {
    const { watcher, driver, tick } = await watch([testGpu()], { wanted: "cpu" });
    await tick(MINUTE);
    expect(driver.reads).toBe(0);
    expect(ids(watcher.detection)).toEqual(["cpu"]);
    expect(watcher.latest("cpu").memoryUsedMb).toBeGreaterThan(0);
  });
});

describe("a GPU that should be here", () => {
  test("is missed and waited for where the settings ask for one, and nothing works instead", async () => {
    const { watcher, driver, clock, tick } = await watch(NO_DRIVER, { wanted: "cuda" });
    expect(ids(watcher.detection)).toEqual([]);
    expect(watcher.missingGpu).toEqual({ reason: NO_DRIVER, eagerForMs: 5 * MINUTE });
    await tick(2 * MINUTE);
    expect(watcher.missingGpu?.eagerForMs).toBe(3 * MINUTE);
    await tick(4 * MINUTE);
    expect(watcher.missingGpu, "that it is missing stays known").toEqual({
      reason: NO_DRIVER,
      eagerForMs: 0,
    });
    driver.answer = [testGpu()];
    clock.now += 5 * MINUTE;
    await tick(SECOND);
    expect(ids(watcher.detection)).toEqual(["GPU-1"]);
    expect(watcher.missingGpu).toBeNull();
  });

  test("is missed where the settings name it, while the CPU works", async () => {
    const { watcher } = await watch(NO_DRIVER, { visible: ["0"] });
    expect(ids(watcher.detection)).toEqual(["cpu"]);
    expect(watcher.missingGpu).toMatchObject({ eagerForMs: 5 * MINUTE });
  });

  test("is missed once it was here and is gone", async () => {
    const { watcher, driver, tick } = await watch([testGpu()]);
    expect(watcher.missingGpu).toBeNull();
    driver.answer = NO_DRIVER;
    for (let i = 0; i < 4; i++) await tick(6 * SECOND);
    expect(watcher.missingGpu).toMatchObject({ reason: NO_DRIVER, eagerForMs: expect.any(Number) });
  });

  test("is missed where the system has the card and no driver answers, and worked with once one does", async () => {
    const cards = [{ id: "0000:01:00.0", name: "GeForce RTX 3060" }];
    const { watcher, driver, tick } = await watch(NO_DRIVER, { cards: async () => cards });
    expect(ids(watcher.detection)).toEqual(["cpu"]);
    expect(watcher.detection.unusable).toMatchObject([
      { gpu: { name: "GeForce RTX 3060" }, verdict: { code: "no-driver" } },
    ]);
    expect(watcher.missingGpu).toMatchObject({ eagerForMs: 5 * MINUTE });
    driver.answer = [testGpu()];
    await tick(2 * SECOND);
    expect(ids(watcher.detection)).toEqual(["GPU-1"]);
    expect(watcher.detection.unusable).toEqual([]);
  });

  test("is not waited for where the driver shows it and it can't be used", async () => {
    const { watcher } = await watch([testGpu({ driverVersion: "470.1" })], { wanted: "cuda" });
    expect(watcher.missingGpu).toMatchObject({
      eagerForMs: 0,
      reason: expect.stringMatching(/470\.1 is older/),
    });
  });

  test("is none on a machine of which nobody said that it has one", async () => {
    expect((await watch(NO_DRIVER)).watcher.missingGpu).toBeNull();
    expect((await watch(NO_DRIVER, { wanted: "cpu" })).watcher.missingGpu).toBeNull();
  });
});

describe("a GPU that sleeps", () => {
  test("is not asked and shown as asleep; who it is stays known", async () => {
    const { watcher, driver, sleep, tick } = await watch([testGpu()]);
    Object.assign(sleep, { maySleep: true, sleeps: true });
    const before = driver.reads;
    await tick(30 * SECOND);
    await tick(30 * SECOND);
    expect(driver.reads).toBe(before);
    expect(watcher.latest("GPU-1")).toMatchObject({
      suspended: true,
      temperatureC: null,
      gpu: { name: testGpu().name },
    });
    expect(driver.closes).toBeGreaterThan(0);
  });

  test("is asked again once a job has woken it", async () => {
    const { watcher, driver, sleep, attention, tick } = await watch([testGpu()]);
    Object.assign(sleep, { maySleep: true, sleeps: true });
    await tick(30 * SECOND);
    attention.working = true;
    const before = driver.reads;
    await tick(SECOND);
    expect(driver.reads).toBe(before + 1);
    expect(watcher.latest("GPU-1")).toMatchObject({ suspended: false, temperatureC: 41 });
  });

  test("that could sleep but does not is let go of after each reading", async () => {
    const { driver, sleep, tick } = await watch([testGpu()]);
    sleep.maySleep = true;
    await tick(30 * SECOND);
    expect(driver.closes).toBe(1);
  });
});
