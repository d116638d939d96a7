/** The way to the driver through koffi and a helper process, over a stub of NVIDIA's library on good and bad days. */
import { describe, expect, onTestFinished, test } from "vitest";
import { NvmlClient } from "../../src/engine/device/nvml-client.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import type { ManagedProcess, ProcessHost, ProcessSpec } from "../../src/host/process-host.ts";
import { C_COMPILER, compileNvmlStub, NVML_ENTRY, type NvmlStub } from "../support/nvml-stub.ts";

/** Remembers the helpers it started. */
class WatchedHost implements ProcessHost {
  readonly started: ManagedProcess[] = [];
  readonly #host = new ForkProcessHost();

  spawn(spec: ProcessSpec): ManagedProcess {
    const child = this.#host.spawn(spec);
    this.started.push(child);
    return child;
  }
}

function client(stub: Pick<NvmlStub, "env">, options: { timeoutMs?: number; libraries?: string[] } = {}) {
  const host = new WatchedHost();
  const nvml = new NvmlClient({ host, entry: NVML_ENTRY, env: stub.env, ...options });
  onTestFinished(async () => {
    nvml.close();
    await Promise.all(host.started.map((helper) => helper.exited));
  });
  return { nvml, host };
}

test("without the library the reason says which files were tried", async () => {
  const { nvml } = client({ env: {} }, { libraries: ["/nonexistent/libnvidia-ml.so.1"] });
  await expect(nvml.read()).rejects.toThrow(
    /NVML's library could not be loaded: .*\/nonexistent\/libnvidia-ml/,
  );
  expect(nvml.pid).toBeNull();
});

describe.skipIf(C_COMPILER === null)("NVML (needs a C compiler for the stub library)", () => {
  test("every value of a GPU arrives where it belongs, and one process answers all questions", async () => {
    const stub = compileNvmlStub();
    stub.behave({ processes: 2 });
    const { nvml, host } = client(stub);
    const { gpus, complaints } = await nvml.read();
    expect(complaints).toEqual([]);
    expect(gpus[0]).toEqual({
      index: 0,
      uuid: "GPU-00000000-aaaa-bbbb-cccc-000000000000",
      name: "NVIDIA GeForce RTX 4090",
      pciBusId: "00000000:0A:00.0",
      driverVersion: "590.48.01",
      cudaVersion: "13.1",
      computeCap: "8.9",
      memoryTotalMb: 24_564,
      memoryUsedMb: 1024,
      memoryFreeMb: 23_140,
      utilisationPct: 37,
      memoryUtilisationPct: 12,
      temperatureC: 46,
      fanPct: 38,
      powerW: 84.24,
      powerLimitW: 450,
      powerMaxW: 600,
      clockSmMhz: 765,
      clockSmMaxMhz: 3105,
      clockMemoryMhz: 405,
      clockMemoryMaxMhz: 10_501,
      throttle: ["power limit", "too hot (software)"],
      pstate: "P8",
      pcieGen: 1,
      pcieGenMax: 4,
      pcieWidth: 8,
      pcieWidthMax: 16,
      computeMode: "default",
      displayActive: true,
      driverModel: null,
      migEnabled: false,
      migDevices: [],
      processes: [
        { pid: 4242, name: "/opt/burn", memoryMb: 2566 },
        { pid: 4243, name: null, memoryMb: null },
      ],
      health: "ok",
      unknown: { mig: "not supported" },
    });
    for (let i = 0; i < 20; i++) await nvml.read();
    expect(host.started).toHaveLength(1);
  });

  test("a MIG parent tells its slices with their own memory, and not what it can't know", async () => {
    const { nvml } = client(compileNvmlStub());
    const parent = (await nvml.read()).gpus[1];
    expect(parent).toMatchObject({
      migEnabled: true,
      migDevices: [
        {
          uuid: "MIG-00000001-aaaa-bbbb-cccc-000000000000",
          profile: "3g.40gb",
          memoryTotalMb: 40_448,
          memoryUsedMb: 26,
          memoryFreeMb: 40_022,
        },
        {
          uuid: "MIG-00000002-aaaa-bbbb-cccc-000000000000",
          profile: "1g.10gb",
          memoryTotalMb: 9984,
          memoryUsedMb: 26,
          memoryFreeMb: 9558,
        },
      ],
      computeMode: "exclusive",
      utilisationPct: null,
      fanPct: null,
      pstate: null,
      processes: [],
      unknown: { utilisationPct: "not supported", fanPct: "not supported" },
    });
  });

  test.each([
    [3, "not supported"],
    [4, "no permission"],
    [10, "time-out"],
    [999, "unknown error"],
    [777, "NVML error 777"],
  ])("error %i makes a value unknown (%s), and only that one", async (code, words) => {
    const stub = compileNvmlStub();
    stub.behave({ nvmlDeviceGetPowerUsage: code, nvmlDeviceGetComputeRunningProcesses_v3: code, gpus: 1 });
    const gpu = (await client(stub).nvml.read()).gpus[0];
    expect(gpu).toMatchObject({
      powerW: null,
      processes: null,
      powerLimitW: 450,
      temperatureC: 46,
      health: "ok",
      unknown: { powerW: words, processes: words },
    });
  });

  test.each([
    [16, "reset"],
    [15, "lost"],
  ])("error %i makes the GPU unhealthy (%s)", async (code, health) => {
    const stub = compileNvmlStub();
    stub.behave({ "nvmlDeviceGetTemperature@0": code });
    const { gpus } = await client(stub).nvml.read();
    expect(gpus.map((gpu) => gpu.health)).toEqual([health, "ok"]);
  });

  test("a GPU that gives no handle is a complaint, and hides no other", async () => {
    const stub = compileNvmlStub();
    stub.behave({ "nvmlDeviceGetHandleByIndex_v2@0": 15 });
    const { gpus, complaints } = await client(stub).nvml.read();
    expect(gpus.map((gpu) => gpu.index)).toEqual([1]);
    expect(complaints).toEqual(["GPU 0: the GPU has fallen off the bus"]);
  });

  test("a driver without the newer functions is asked by their older names", async () => {
    const stub = compileNvmlStub({ oldDriver: true });
    stub.behave({ nvmlDeviceGetMemoryInfo_v2: 25, gpus: 1, processes: 2, drawing: 1 });
    expect((await client(stub).nvml.read()).gpus[0]).toMatchObject({
      throttle: ["hardware slowdown"],
      memoryUsedMb: 4564,
      memoryFreeMb: 20_000,
      processes: [{ pid: 4242 }, { pid: 4243 }, { pid: 5252, kind: "graphics" }],
    });
  });

  test("tells who draws: once each, and those that also compute as both", async () => {
    const stub = compileNvmlStub();
    stub.behave({ gpus: 1, processes: 1, drawing: 1, both: 1 });
    expect((await client(stub).nvml.read()).gpus[0]?.processes).toEqual([
      { pid: 4242, name: "/opt/burn", memoryMb: 2566, kind: "both" },
      { pid: 5252, name: "/opt/games/Cyberpunk2077.exe", memoryMb: 6000, kind: "graphics" },
    ]);
  });

  test("a driver that does not tell who draws tells who computes all the same", async () => {
    const stub = compileNvmlStub();
    stub.behave({ gpus: 1, processes: 1, nvmlDeviceGetGraphicsRunningProcesses_v3: 3 });
    const gpu = (await client(stub).nvml.read()).gpus[0];
    expect(gpu?.processes).toEqual([{ pid: 4242, name: "/opt/burn", memoryMb: 2566 }]);
    expect(gpu?.unknown).not.toHaveProperty("processes");
  });

  test("more processes than expected are all told", async () => {
    const stub = compileNvmlStub();
    stub.behave({ processes: 150, gpus: 1 });
    const processes = (await client(stub).nvml.read()).gpus[0]?.processes ?? [];
    expect(processes).toHaveLength(150);
    expect(processes.at(-1)?.pid).toBe(4242 + 149);
  });

  test("a driver that is not loaded is told as such; once it is, the next read works in a new process", async () => {
    const stub = compileNvmlStub();
    stub.behave({ nvmlInit_v2: 9 });
    const { nvml, host } = client(stub);
    await expect(nvml.read()).rejects.toThrow("NVML could not begin: driver not loaded");
    stub.behave({});
    expect((await nvml.read()).gpus).toHaveLength(2);
    expect(host.started).toHaveLength(2);
  });

  test("a driver updated underneath is noticed: the stale library is let go", async () => {
    const stub = compileNvmlStub();
    const { nvml } = client(stub);
    await nvml.read();
    const before = nvml.pid;
    stub.behave({ nvmlDeviceGetCount_v2: 18 });
    await expect(nvml.read()).rejects.toThrow("driver and library have different versions");
    stub.behave({});
    await nvml.read();
    expect(nvml.pid).not.toBe(before);
  });

  test("a helper that hangs in the driver is killed, and the next one works", async () => {
    const stub = compileNvmlStub();
    const { nvml, host } = client(stub, { timeoutMs: 4000 });
    await nvml.read();
    stub.behave({ nvmlDeviceGetPowerUsage: "hang" });
    await expect(nvml.read()).rejects.toThrow("NVML gave no answer within 4 s");
    expect(await host.started[0]?.exited).toEqual({ code: null, signal: "SIGKILL" });
    stub.behave({});
    expect((await nvml.read()).gpus).toHaveLength(2);
  });

  test("a helper that crashes takes nobody with it", async () => {
    const stub = compileNvmlStub();
    stub.behave({ nvmlDeviceGetFanSpeed: "crash" });
    const { nvml } = client(stub);
    await expect(nvml.read()).rejects.toThrow("The NVML helper ended unexpectedly (SIGSEGV)");
    stub.behave({});
    expect((await nvml.read()).gpus).toHaveLength(2);
  });

  test("waiting for it can be aborted", async () => {
    const stub = compileNvmlStub();
    stub.behave({ nvmlInit_v2: "hang" });
    const stopping = new AbortController();
    const { nvml, host } = client(stub);
    const reading = nvml.read(stopping.signal);
    setTimeout(() => stopping.abort(new Error("shutting down")), 50);
    await expect(reading).rejects.toThrow("shutting down");
    expect((await host.started[0]?.exited)?.signal).toBe("SIGKILL");
  });

  test("closed, no process is left", async () => {
    const { nvml, host } = client(compileNvmlStub());
    await nvml.read();
    nvml.close();
    expect(nvml.pid).toBeNull();
    expect(await host.started[0]?.exited).toEqual({ code: 0, signal: null });
  });
});
