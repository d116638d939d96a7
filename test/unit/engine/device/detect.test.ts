import { describe, expect, test } from "vitest";
import { detectDevices, detectionOf } from "../../../../src/engine/device/detect.ts";
import { NoNvidiaDriver } from "../../../../src/engine/device/gpu-source.ts";
import { LayeredGpus, type LayeredTable } from "../../../../src/engine/device/layered-gpus.ts";
import { NvidiaSmi } from "../../../../src/engine/device/nvidia-smi.ts";
import type { GpuReading } from "../../../../src/shared/gpu/reading.ts";
import { HOST, testGpu } from "../../../support/gpus.ts";

const noSmi = () =>
  new LayeredGpus({ nvml: null, smi: new NvidiaSmi({ programs: ["/nonexistent/nvidia-smi"] }) });
const table = (gpus: GpuReading[], complaints: string[] = []): LayeredTable => ({
  gpus,
  complaints,
  source: "nvml",
  sourceReason: null,
});
const devicesOf = (gpus: GpuReading[], complaints: string[] = []) =>
  detectionOf(table(gpus, complaints), "auto", HOST);

describe("a machine without nvidia-smi", () => {
  test("is one CPU, and the reason in words, within a second", async () => {
    const detection = await detectDevices({ wanted: "auto", gpus: noSmi() });
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
      unusable: [],
      problems: [],
    });
    expect(detection.devices[0]?.memoryTotalMb).toBeGreaterThan(100);
  });

  test("has no device when only CUDA is wanted", async () => {
    const { devices, noGpuReason } = await detectDevices({ wanted: "cuda", gpus: noSmi() });
    expect(devices).toEqual([]);
    expect(noGpuReason).toBe("No NVIDIA driver answered: nvidia-smi not found");
  });

  test("is not asked about GPUs when only the CPU is wanted", async () => {
    const { devices, noGpuReason } = await detectDevices({ wanted: "cpu", gpus: noSmi() });
    expect(devices.map((device) => device.id)).toEqual(["cpu"]);
    expect(noGpuReason).toBe("The settings ask for the CPU (GPU_BACKEND=cpu)");
  });
});

describe("GPUs to devices", () => {
  test("a GPU is a device under its UUID", () => {
    expect(devicesOf([testGpu()])).toEqual({
      devices: [
        {
          id: "GPU-1",
          kind: "gpu",
          index: 0,
          name: "NVIDIA GeForce RTX 4090",
          memoryTotalMb: 24_564,
          driverVersion: "590.48.01",
          computeCap: "8.9",
          sensorId: "GPU-1",
        },
      ],
      noGpuReason: null,
      unusable: [],
      problems: [],
    });
  });

  test("two equal cards are two devices", () => {
    const { devices } = devicesOf([testGpu(), testGpu({ index: 1, uuid: "GPU-2" })]);
    expect(devices.map(({ id, index }) => [id, index])).toEqual([
      ["GPU-1", 0],
      ["GPU-2", 1],
    ]);
  });

  test("a GPU that no driver answers for is shown by its name, with the remedy, while the CPU works", () => {
    const cards = [{ id: "0000:01:00.0", name: "GeForce RTX 3060" }];
    const detection = detectionOf(
      new NoNvidiaDriver("nvidia-smi was not found"),
      "auto",
      HOST,
      undefined,
      cards,
    );
    expect(detection.devices.map(({ id }) => id)).toEqual(["cpu"]);
    expect(detection.unusable).toMatchObject([
      {
        gpu: { uuid: "pci-0000:01:00.0", name: "GeForce RTX 3060", memoryTotalMb: null },
        verdict: {
          usable: false,
          code: "no-driver",
          why: "no NVIDIA driver answers for it: nvidia-smi was not found",
          help: "Install NVIDIA driver 580 or newer, then restart.",
        },
      },
    ]);
  });

  test("the slices of a GPU can do no more than its driver and its generation can", () => {
    const migDevices = [
      { uuid: "MIG-a", profile: "3g.40gb", memoryTotalMb: 40_448, memoryUsedMb: 26, memoryFreeMb: 40_421 },
    ];
    const gpu = testGpu({ migEnabled: true, migDevices, driverVersion: "570.10" });
    const { devices, unusable } = detectionOf(table([gpu]), "cuda", HOST);
    expect(devices).toEqual([]);
    expect(unusable).toMatchObject([{ gpu: { uuid: gpu.uuid }, verdict: { code: "driver-old" } }]);
  });

  test("a MIG parent stands for its own slices", () => {
    const { devices } = devicesOf([
      testGpu({
        name: "NVIDIA H100 80GB HBM3",
        migEnabled: true,
        migDevices: [
          {
            uuid: "MIG-a",
            profile: "3g.40gb",
            memoryTotalMb: 40_448,
            memoryUsedMb: 26,
            memoryFreeMb: 40_421,
          },
        ],
      }),
      testGpu({ index: 1, uuid: "GPU-2" }),
    ]);
    expect(
      devices.map(({ id, name, memoryTotalMb, sensorId }) => ({ id, name, memoryTotalMb, sensorId })),
    ).toEqual([
      { id: "MIG-a", name: "NVIDIA H100 80GB HBM3 MIG 3g.40gb", memoryTotalMb: 40_448, sensorId: "GPU-1" },
      { id: "GPU-2", name: "NVIDIA GeForce RTX 4090", memoryTotalMb: 24_564, sensorId: "GPU-2" },
    ]);
  });

  test("what can't work is named, not hidden, and the CPU does the work", () => {
    const { devices, noGpuReason, unusable, problems } = devicesOf(
      [
        testGpu({ migEnabled: true }),
        testGpu({ index: 1, health: "reset" }),
        testGpu({ index: 2, computeCap: "3.5" }),
      ],
      ["Unable to determine the device handle for GPU0000:41:00.0: Unknown Error"],
    );
    expect(devices.map(({ id }) => id)).toEqual(["cpu"]);
    expect(unusable.map(({ gpu, verdict }) => [gpu.index, verdict.code])).toEqual([
      [0, "mig-parent"],
      [1, "needs-reset"],
      [2, "compute-capability"],
    ]);
    expect(noGpuReason).toBe(problems[0]);
    expect(problems).toEqual([
      "The NVIDIA driver says: Unable to determine the device handle for GPU0000:41:00.0: Unknown Error",
      "NVIDIA GeForce RTX 4090 (GPU 0) can't work: it is in MIG mode, but has no MIG device to work on",
      "NVIDIA GeForce RTX 4090 (GPU 1) can't work: it requires a reset before it works again",
      "NVIDIA GeForce RTX 4090 (GPU 2) can't work: its compute capability 3.5 is older than the 7.5 that CUDA 13 needs",
    ]);
  });

  test("a GPU that somebody else fills is a device all the same: it waits", () => {
    expect(devicesOf([testGpu({ memoryFreeMb: 20 })]).devices.map(({ id }) => id)).toEqual(["GPU-1"]);
  });
});

describe("CUDA_VISIBLE_DEVICES", () => {
  const cards = [testGpu(), testGpu({ index: 1, uuid: "GPU-2b" }), testGpu({ index: 2, uuid: "GPU-3c" })];
  const seen = (...visible: string[]) => detectionOf(table(cards), "auto", HOST, visible);

  test.each([
    [["1"], ["GPU-2b"]],
    [
      ["2", "0"],
      ["GPU-1", "GPU-3c"],
    ],
    [["GPU-3"], ["GPU-3c"]],
    [["-1"], ["cpu"]],
  ])("%j leaves %j to work", (list, ids) => {
    expect(seen(...list).devices.map(({ id }) => id)).toEqual(ids);
  });

  test("a card that is left out is shown with the reason", () => {
    expect(seen("0").unusable).toMatchObject([
      {
        gpu: { uuid: "GPU-2b" },
        verdict: {
          code: "not-visible",
          why: "CUDA_VISIBLE_DEVICES leaves it out",
          said: { key: "notVisible" },
          help: "Name it there, or take the variable away.",
          helpSaid: { key: "makeVisible" },
        },
      },
      { gpu: { uuid: "GPU-3c" } },
    ]);
    expect(seen("-1").noGpuReason).toBe("CUDA_VISIBLE_DEVICES leaves out every GPU");
  });
});
