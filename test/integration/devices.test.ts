/** An engine on a machine with GPUs, as far as the driver's library tells: shown, tested, plugged in and lost while it earns. */
import { describe, test } from "vitest";
import type { SelfTestReport } from "../../src/shared/contract/self-test.ts";
import type { DeviceView } from "../../src/shared/contract/views.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { bellows, descendants, RunningDemo, startBellows } from "../support/bellows.ts";
import { C_COMPILER, compileNvmlStub } from "../support/nvml-stub.ts";
import { expect, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

sideBySide();

const GPU_0 = "GPU-00000000-aaaa-bbbb-cccc-000000000000";
const SLICES = ["MIG-00000001-aaaa-bbbb-cccc-000000000000", "MIG-00000002-aaaa-bbbb-cccc-000000000000"];

const idsOf = (devices: readonly DeviceView[]) => devices.map(({ id }) => id);

describe
  .skipIf(C_COMPILER === null)
  .concurrent("an engine with GPUs (needs a C compiler for the stub of NVML)", () => {
    test("shows them, tests them, takes one that is plugged in and goes on without those that are lost", async () => {
      const stub = compileNvmlStub();
      stub.behave({ gpus: 1 });
      const folder = tempFolder();
      const engine = startBellows(["demo", "--data", folder, "--port", "0"], stub.env);
      const demo = new RunningDemo(folder, engine);

      const tested = await demo.until(
        ({ devices }) => typeof devices[0]?.lastSelfTest?.ok === "boolean",
        "the GPU's first self-test",
      );
      expect(tested.devices[0]).toMatchObject({
        id: GPU_0,
        kind: "gpu",
        name: "NVIDIA GeForce RTX 4090",
        temperatureC: 46,
        powerW: 84.24,
        memoryTotalMb: 24_564,
        gpu: {
          source: "nvml",
          driver: "590.48.01",
          cuda: "13.1",
          throttle: ["power limit", "too hot (software)"],
          processes: [],
        },
        // No CUDA here: a GPU that leaves its jobs to the CPU is no GPU to sell.
        verdict: { usable: false },
        lastSelfTest: { ok: false, summary: expect.stringContaining("runs on the CPU") },
      });

      // The machine around it, where the devices are listed.
      const { cpu, cores } = tested.engine.host ?? { cpu: "?", cores: 0 };
      expect((await bellows(["devices", "--data", folder])).stdout).toContain(`${cpu} · ${cores} threads · `);

      stub.behave({});
      await demo.until(({ devices }) => devices.length === 3, "the second GPU's MIG devices");
      const { devices: all } = await demo.state();
      expect(idsOf(all)).toEqual([GPU_0, ...SLICES]);
      expect(new Set(all.map(({ name }) => name)).size, "a name for each").toBe(all.length);

      const before = (await demo.state()).throughput.acceptedTotal;
      stub.behave({ nvmlDeviceGetCount_v2: 9 });
      const lost = await demo.until(({ devices }) => devices[0]?.kind === "cpu", "the CPU to take over");
      expect(lost.devices[0]?.verdict).toMatchObject({ usable: true, code: "runs-on-cpu" });
      const after = await demo.until(
        ({ throughput }) => throughput.acceptedTotal > before + 4,
        "the CPU's results to be accepted",
      );
      expect(after.throughput.failedLastDay).toBe(0);
    });

    test("forced onto CUDA before the driver is up it runs, says that it waits, and takes the GPU when it comes", async () => {
      const stub = compileNvmlStub();
      stub.behave({ nvmlInit_v2: 9 });
      const folder = tempFolder();
      const engine = startBellows(["demo", "--data", folder, "--port", "0"], {
        ...stub.env,
        GPU_BACKEND: "cuda",
      });
      const demo = new RunningDemo(folder, engine);
      const waiting = await demo.until(({ engine: { intent } }) => intent === "running", "the engine to run");
      expect(waiting.devices).toEqual([]);
      expect(waiting.headline).toMatchObject({
        level: "starting",
        sentence: expect.stringMatching(/^Waiting for the GPU driver, trying until \d\d:\d\d$/),
        reasons: [{ text: expect.stringContaining("driver not loaded") }],
      });
      // The markets hear that we are there, with nothing to give: no job is taken that would only wait.
      const connected = await demo.until(
        ({ markets }) => markets.every(({ lastHeartbeatAckAt }) => lastHeartbeatAckAt !== null),
        "the markets to hear of us",
      );
      expect(connected.markets.map(({ leasesHeld }) => leasesHeld)).toEqual([0, 0]);
      const { stdout } = await bellows(["devices", "--data", folder]);
      expect(stdout).toMatch(/Waiting for the GPU driver/);

      stub.behave({ gpus: 1 });
      const found = await demo.until(({ devices }) => devices.length > 0, "the GPU of the late driver");
      expect(idsOf(found.devices)).toEqual([GPU_0]);
      expect(found.headline.sentence).not.toMatch(/Waiting for the GPU driver/);
      expect(found.engine.pid, "it is the same engine").toBe(waiting.engine.pid);

      // Lost again, for good, before the eyes of somebody: the wait begins anew.
      demo.watchDevices();
      stub.behave({ nvmlInit_v2: 9, nvmlDeviceGetCount_v2: 9 });
      const lost = await demo.until(({ devices }) => devices.length === 0, "the loss to be noticed");
      expect(lost.headline.sentence).toMatch(/Waiting for the GPU driver/);
    });

    test("a driver that crashes its helper costs nothing but NVML's readings", async () => {
      const stub = compileNvmlStub();
      const folder = tempFolder();
      const demo = new RunningDemo(folder, startBellows(["demo", "--data", folder, "--port", "0"], stub.env));
      await demo.until(({ devices }) => devices[0]?.gpu?.source === "nvml", "NVML's readings");
      stub.behave({ nvmlDeviceGetFanSpeed: "crash" });
      const { devices } = await demo.until(
        ({ devices }) => devices[0]?.gpu?.source === "none",
        "the readings to end",
      );
      expect(devices[0]).toMatchObject({
        id: GPU_0,
        temperatureC: null,
        gpu: { sourceReason: expect.stringContaining("ended unexpectedly (SIGSEGV)") },
      });
      const before = (await demo.state()).throughput.acceptedTotal;
      await demo.until(({ throughput }) => throughput.acceptedTotal > before, "more results");
    });
  });

test.skipIf(C_COMPILER === null).concurrent(
  "a self-test without an engine leaves alone what CUDA_VISIBLE_DEVICES leaves out (needs a C compiler)",
  async () => {
    const { env } = compileNvmlStub();
    const tested = async (visible: NodeJS.ProcessEnv) => {
      const { stdout } = await bellows(["self-test", "--json", "--data", tempFolder()], {
        ...env,
        ...visible,
      });
      return (JSON.parse(stdout) as SelfTestReport[]).map(({ device }) => device.id);
    };
    expect(await tested({})).toEqual([GPU_0, ...SLICES]);
    expect(await tested({ CUDA_VISIBLE_DEVICES: "0" })).toEqual([GPU_0]);
    expect(await tested({ CUDA_VISIBLE_DEVICES: SLICES[1] })).toEqual([SLICES[1]]);
  },
  3 * MINUTE,
);

test.concurrent(
  "a self-test without an engine passes on the CPU, is kept, and leaves no process behind",
  async () => {
    const folder = tempFolder();
    const command = startBellows(["self-test", "--json", "--data", folder]);
    expect(await command.exited).toBe(0);
    const [report] = JSON.parse(command.stdout());
    expect(report).toMatchObject({ device: { id: "cpu" }, ok: true, backend: "cpu" });
    expect(report.answer.cosine).toBeGreaterThan(0.9999);
    expect(report.textsPerSecond).toBeGreaterThan(1);
    expect(descendants(command.child.pid ?? 0)).toEqual([]);

    const unknown = await bellows(["self-test", "--device", "GPU-9", "--data", folder]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no device "GPU-9"') });
  },
  3 * MINUTE,
);
