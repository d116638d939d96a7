import { describe, expect, test } from "vitest";
import { detectDevices, devicesOf } from "../../../../src/engine/device/detect.ts";
import type { GpuRow } from "../../../../src/engine/device/nvidia-smi.ts";

const NO_SMI = { programs: ["/nonexistent/nvidia-smi"] };

const gpu = (change: Partial<GpuRow> = {}): GpuRow => ({
  index: 0,
  uuid: "GPU-1",
  name: "NVIDIA H100 80GB HBM3",
  driverVersion: "590.48.01",
  memoryTotalMb: 81_559,
  memoryUsedMb: 0,
  utilisationPct: 0,
  temperatureC: 41,
  powerW: 69.85,
  computeCap: "9.0",
  migEnabled: false,
  needsReset: false,
  ...change,
});

describe("a machine without nvidia-smi", () => {
  test("is one CPU, and the reason in words, within a second", async () => {
    const startedAt = performance.now();
    const detection = await detectDevices({ wanted: "auto", smi: NO_SMI });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(detection).toEqual({
      devices: [
        {
          id: "cpu",
          kind: "cpu",
          index: 0,
          name: expect.stringMatching(/\S/),
          memoryTotalMb: expect.any(Number),
          driverVersion: null,
          computeCap: null,
          sensorId: null,
        },
      ],
      noGpuReason: "No NVIDIA driver answered: nvidia-smi not found",
      problems: [],
    });
    expect(detection.devices[0]?.memoryTotalMb).toBeGreaterThan(100);
  });

  test("has no device when only CUDA is wanted", async () => {
    const { devices, noGpuReason } = await detectDevices({ wanted: "cuda", smi: NO_SMI });
    expect(devices).toEqual([]);
    expect(noGpuReason).toBe("No NVIDIA driver answered: nvidia-smi not found");
  });

  test("is not asked about GPUs when only the CPU is wanted", async () => {
    const { devices, noGpuReason } = await detectDevices({ wanted: "cpu", smi: NO_SMI });
    expect(devices.map((device) => device.id)).toEqual(["cpu"]);
    expect(noGpuReason).toBe("The settings ask for the CPU (GPU_BACKEND=cpu)");
  });
});

describe("rows to devices", () => {
  test("a GPU is a device under its UUID", () => {
    expect(devicesOf([gpu()], [], [])).toEqual({
      devices: [
        {
          id: "GPU-1",
          kind: "gpu",
          index: 0,
          name: "NVIDIA H100 80GB HBM3",
          memoryTotalMb: 81_559,
          driverVersion: "590.48.01",
          computeCap: "9.0",
          sensorId: "GPU-1",
        },
      ],
      problems: [],
    });
  });

  test("a MIG parent stands for its own slices, whose memory is not known", () => {
    const slices = [
      { uuid: "MIG-a", profile: "3g.40gb", parentIndex: 0 },
      { uuid: "MIG-b", profile: "1g.10gb", parentIndex: 1 },
    ];
    const { devices } = devicesOf([gpu({ migEnabled: true }), gpu({ index: 1, uuid: "GPU-2" })], slices, []);
    expect(
      devices.map(({ id, name, memoryTotalMb, sensorId }) => ({ id, name, memoryTotalMb, sensorId })),
    ).toEqual([
      { id: "MIG-a", name: "NVIDIA H100 80GB HBM3 MIG 3g.40gb", memoryTotalMb: null, sensorId: "GPU-1" },
      { id: "GPU-2", name: "NVIDIA H100 80GB HBM3", memoryTotalMb: 81_559, sensorId: "GPU-2" },
    ]);
  });

  test("what can't work is named, not hidden", () => {
    const { devices, problems } = devicesOf(
      [gpu({ migEnabled: true }), gpu({ index: 1, needsReset: true })],
      [],
      ["Unable to determine the device handle for GPU0000:41:00.0: Unknown Error"],
    );
    expect(devices).toEqual([]);
    expect(problems).toEqual([
      "The NVIDIA driver says: Unable to determine the device handle for GPU0000:41:00.0: Unknown Error",
      "NVIDIA H100 80GB HBM3 (GPU 0) is in MIG mode, but has no MIG device to work on",
      "NVIDIA H100 80GB HBM3 (GPU 1) requires a reset before it works again",
    ]);
  });
});
