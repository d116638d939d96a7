/** A GPU that is shared with its person: given up for their program, taken back by itself, and their word kept. */
import { describe, test } from "vitest";
import { bellows, isAlive, RunningDemo, startBellows } from "../support/bellows.ts";
import { C_COMPILER, compileNvmlStub } from "../support/nvml-stub.ts";
import { expect, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

sideBySide();

const GPU_0 = "GPU-00000000-aaaa-bbbb-cccc-000000000000";

describe
  .skipIf(C_COMPILER === null)
  .concurrent("a GPU beside its person (needs a C compiler for the stub of NVML)", () => {
    test("is given up at once for another program, and works again once that is gone", async () => {
      const stub = compileNvmlStub();
      stub.behave({ gpus: 1 });
      const folder = tempFolder();
      const demo = new RunningDemo(folder, startBellows(["demo", "--data", folder, "--port", "0"], stub.env));
      const working = await demo.until(
        ({ devices, throughput }) =>
          typeof devices[0]?.runtimePid === "number" && throughput.acceptedTotal > 2,
        "results of the GPU",
      );
      const pid = working.devices[0]?.runtimePid ?? 0;

      stub.behave({ gpus: 1, processes: 1 });
      const paused = await demo.until(({ devices }) => devices[0]?.paused != null, "the pause");
      expect(paused.devices[0]?.paused).toMatchObject({
        by: "otherProgram",
        subject: "burn",
        text: "paused for burn, which holds 2566 MB of it",
        resumesByItself: true,
      });
      const freed = await demo.until(
        ({ devices }) => devices[0]?.runtimePid === null,
        "the memory to be freed",
      );
      expect(isAlive(pid)).toBe(false);
      expect(freed.headline).toMatchObject({
        level: "paused",
        sentence: expect.stringMatching(/^Paused for burn/),
      });
      await demo.until(
        ({ markets }) => markets.every(({ leasesHeld }) => leasesHeld === 0),
        "the jobs to go back",
      );

      // Before the eyes of its person, to whom it is read every second.
      demo.watchDevices();
      stub.behave({ gpus: 1 });
      const before = (await demo.state()).throughput.acceptedTotal;
      const back = await demo.until(
        ({ devices, throughput }) => devices[0]?.paused === null && throughput.acceptedTotal > before + 2,
        "work to begin again by itself",
      );
      expect(back.throughput.failedLastDay).toBe(0);
      const { samples } = await demo.invoke("devices.history", { device: GPU_0, span: "minutes" });
      expect(samples.length).toBeGreaterThan(3);
      expect(samples[0]).toMatchObject({ temperatureC: 46, powerW: 84.24 });
    });

    test("rests while it is too hot, and its limit is kept", async () => {
      const stub = compileNvmlStub();
      stub.behave({ gpus: 1 });
      const folder = tempFolder();
      const demo = new RunningDemo(folder, startBellows(["demo", "--data", folder, "--port", "0"], stub.env));
      await demo.until(({ throughput }) => throughput.acceptedTotal > 0, "the first result");
      await demo.invoke("devices.setLimits", { device: GPU_0, temperatureC: 60 });
      expect((await demo.state()).devices[0]).toMatchObject({ paused: null, temperatureLimit: { own: 60 } });
      stub.behave({ gpus: 1, heat: 61 });
      const hot = await demo.until(({ devices }) => devices[0]?.paused?.by === "temperature", "the rest");
      expect(hot.devices[0]?.paused?.text).toBe("paused until it has cooled down to 52 °C");
      stub.behave({ gpus: 1, heat: 51 });
      await demo.until(({ devices }) => devices[0]?.paused === null, "it to have cooled down");
    });
  });

test.concurrent("the person's switch and pause outlive the engine, and the terminal speaks them", async () => {
  const folder = tempFolder();
  const start = async () => {
    const demo = new RunningDemo(folder, startBellows(["demo", "--data", folder, "--port", "0"]));
    await demo.until(({ devices }) => devices.length === 1, "the engine");
    return demo;
  };
  const first = await start();
  await first.until(({ throughput }) => throughput.acceptedTotal > 0, "the first result");
  const off = await bellows(["devices", "disable", "cpu", "--data", folder]);
  expect(off.stdout).toMatch(/: switched off by you\.\n$/);
  const stopped = await first.until(
    ({ devices }) => devices[0]?.runtimePid === null,
    "the processor to be free",
  );
  expect(stopped.devices[0]).toMatchObject({
    enabled: false,
    paused: { by: "switch", resumesByItself: false },
  });
  expect(stopped.headline.level).toBe("paused");
  expect((await bellows(["devices", "pause", "all", "--for", "restart", "--data", folder])).code).toBe(0);

  first.process.child.kill("SIGTERM");
  await first.process.exited;
  const second = await start();
  expect((await second.state()).devices[0]).toMatchObject({
    enabled: false,
    paused: { signals: ["switch", "snooze"] },
  });
  const on = await bellows(["devices", "enable", "cpu", "--data", folder]);
  expect(on.stdout).toMatch(/: paused by you until the computer restarts, goes on by itself\.\n$/);
  const list = await bellows(["devices", "--data", folder]);
  expect(list.stdout).toMatch(/cpu\s.*\spaused\s/);
  expect((await bellows(["devices", "resume", "cpu", "--data", folder])).stdout).toMatch(/: may work\.\n$/);
  await second.until(
    ({ throughput }) => throughput.acceptedTotal > 0 && throughput.jobsLastMinute > 0,
    "work again",
  );

  const wrong = await bellows(["devices", "pause", "GPU-9", "--data", folder]);
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no device "GPU-9"') });
  const bad = await bellows(["devices", "pause", "cpu", "--for", "soon", "--data", folder]);
  expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining("is not a length of time") });
});
