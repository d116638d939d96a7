import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { detectionOf } from "../../../../src/engine/device/detect.ts";
import type { LayeredTable } from "../../../../src/engine/device/layered-gpus.ts";
import { parseGpuTable } from "../../../../src/engine/device/smi-text.ts";
import { freeMemoryOf, gpuTelemetry, UNKNOWN_TELEMETRY } from "../../../../src/engine/device/telemetry.ts";
import type { GpuReading } from "../../../../src/shared/gpu/reading.ts";
import { HOST, testGpu } from "../../../support/gpus.ts";

/** Rows of real nvidia-smi captures; see LICENSE beside them. */
const { rows }: { rows: { capture: string; state: string; nounits: string }[] } = JSON.parse(
  readFileSync(new URL("../../../fixtures/gpu/captures.json", import.meta.url), "utf8"),
);

/** What each device of the table has free, as the rest of the engine hears it. */
function freeOf(gpus: readonly GpuReading[]): (number | null)[] {
  const table: LayeredTable = { gpus: [...gpus], complaints: [], source: "nvml", sourceReason: null };
  const { devices } = detectionOf(table, "auto", HOST);
  return devices.map((device) => freeMemoryOf(device, gpuTelemetry(device, table)));
}

describe("a device's free memory", () => {
  test("is what the driver calls free: it keeps some that nobody uses", () => {
    const idle = rows.find(({ capture, state }) => /2080-super__595/.test(capture) && state === "idle");
    // 8192 MiB in all, 214 used, 408 kept by the driver.
    expect(freeOf(parseGpuTable(idle?.nounits ?? "").gpus)).toEqual([7571]);
  });

  test("of a slice is its own", () => {
    const slice = { profile: "3g.40gb", memoryTotalMb: 40_448, memoryUsedMb: 26 };
    const migDevices = [
      { uuid: "MIG-a", ...slice, memoryFreeMb: 40_100 },
      { uuid: "MIG-b", ...slice, memoryFreeMb: null },
      { uuid: "MIG-c", profile: "1g.10gb", memoryTotalMb: null, memoryUsedMb: null, memoryFreeMb: null },
    ];
    expect(freeOf([testGpu({ migEnabled: true, memoryFreeMb: 70_000, migDevices })])).toEqual([
      40_100,
      40_448 - 26,
      null,
    ]);
  });

  test("where the driver does not tell it, is what is not used; unknown where that is unknown", () => {
    expect(freeOf([testGpu({ memoryFreeMb: null })])).toEqual([24_564 - 1024]);
    expect(freeOf([testGpu({ memoryFreeMb: null, memoryUsedMb: null })])).toEqual([null]);
    expect(freeMemoryOf({ memoryTotalMb: 24_564 }, UNKNOWN_TELEMETRY)).toBeNull();
  });
});
