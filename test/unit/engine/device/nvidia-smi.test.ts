import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseGpuTable, parseMigSlices } from "../../../../src/engine/device/nvidia-smi.ts";

interface Capture {
  capture: string;
  state: "idle" | "load";
  nounits: string;
  units: string;
  list: string[];
  expect: Record<string, unknown>;
}

/** Rows of real nvidia-smi captures, with what they say read by hand; see LICENSE beside them. */
const CAPTURES: { fields: string[]; rows: Capture[] } = JSON.parse(
  readFileSync(new URL("../../../fixtures/gpu/captures.json", import.meta.url), "utf8"),
);

const UUID = "GPU-5c3a9d1e-0000-4000-8000-000000000001";
const row = (cells: Record<string, string>) =>
  CAPTURES.fields
    .map((field) => cells[field] ?? { index: "0", uuid: UUID, name: "NVIDIA GeForce RTX 4090" }[field] ?? "1")
    .join(", ");
const only = (csv: string) => {
  const { gpus, complaints } = parseGpuTable(csv);
  expect(complaints).toEqual([]);
  expect(gpus).toHaveLength(1);
  return gpus[0];
};

describe("rows of real GPUs", () => {
  test.each(CAPTURES.rows)("$capture, $state", (capture) => {
    expect(only(capture.nounits)).toEqual(capture.expect);
    expect(only(capture.units)).toEqual(capture.expect);
  });

  test("the captures hold the odd cases: MIG parents without utilisation, Windows, GPUs that use no memory", () => {
    const all = CAPTURES.rows.map((capture) => capture.expect);
    expect(all.some((gpu) => gpu.migEnabled === true && gpu.utilisationPct === null)).toBe(true);
    expect(all.some((gpu) => gpu.memoryUsedMb === 0)).toBe(true);
    expect(CAPTURES.rows.some((capture) => capture.capture.startsWith("windows"))).toBe(true);
  });
});

describe("values that are no values", () => {
  test.each([
    "[N/A]",
    "N/A",
    "[Not Supported]",
    "[Unknown Error]",
    "ERR!",
    "[Insufficient Permissions]",
    "",
    "nan",
    "0x10",
  ])("%j is unknown, not 0", (value) => {
    const gpu = only(
      row({ "temperature.gpu": value, "power.draw": value, "memory.total": value, "utilization.gpu": value }),
    );
    expect(gpu).toMatchObject({
      temperatureC: null,
      powerW: null,
      memoryTotalMb: null,
      utilisationPct: null,
    });
  });

  test("0 is 0", () => {
    expect(only(row({ "utilization.gpu": "0", "memory.used": "0" }))).toMatchObject({
      utilisationPct: 0,
      memoryUsedMb: 0,
    });
  });

  test("a GPU that requires a reset is marked so", () => {
    expect(only(row({ "memory.used": "[GPU requires reset]" }))).toMatchObject({
      needsReset: true,
      memoryUsedMb: null,
    });
  });
});

describe("lines that are odd", () => {
  test("a comma in the name stays in the name", () => {
    const gpu = only(row({ name: "NVIDIA RTX 6000, Ada Generation, rev. 2", "temperature.gpu": "61" }));
    expect(gpu).toMatchObject({
      name: "NVIDIA RTX 6000, Ada Generation, rev. 2",
      temperatureC: 61,
      computeCap: "1",
    });
  });

  test("error lines between rows are complaints, and cost no GPU", () => {
    const lost = "Unable to determine the device handle for GPU0000:41:00.0: Unknown Error";
    const { gpus, complaints } = parseGpuTable(
      [row({ index: "0" }), lost, row({ index: "2" }), ""].join("\r\n"),
    );
    expect(gpus.map((gpu) => gpu.index)).toEqual([0, 2]);
    expect(complaints).toEqual([lost]);
  });

  test.each([
    ["a row that was cut off", "0, GPU-1, NVIDIA"],
    ["a header", CAPTURES.fields.join(", ")],
    ["a row without a UUID", row({ uuid: "[Unknown Error]" })],
    ["a row without an index", row({ index: "[N/A]" })],
  ])("%s is no GPU", (_, line) => {
    expect(parseGpuTable(line)).toEqual({ gpus: [], complaints: [line] });
  });

  test("any text is read without throwing, and each line is a GPU or a complaint", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (lines) => {
        const { gpus, complaints } = parseGpuTable(lines.join("\n"));
        const kept = lines.flatMap((line) => line.split(/\r?\n/)).filter((line) => line.trim() !== "");
        expect(gpus.length + complaints.length).toBe(kept.length);
      }),
    );
  });

  test("any values in the cells leave the identity of the GPU alone", () => {
    const cell = fc.oneof(
      fc.constantFrom("[N/A]", "ERR!", "", "1e309", "-0", "٣"),
      fc.string().map((s) => s.replaceAll(/[,\r\n]/g, "")),
    );
    fc.assert(
      fc.property(cell, cell, cell, (memory, power, temperature) => {
        const gpu = only(
          row({ "memory.total": memory, "power.draw": power, "temperature.gpu": temperature }),
        );
        expect(gpu?.uuid).toBe(UUID);
        for (const value of [gpu?.memoryTotalMb, gpu?.powerW, gpu?.temperatureC]) {
          expect(value === null || Number.isFinite(value)).toBe(true);
        }
      }),
    );
  });
});

describe("MIG slices in nvidia-smi -L", () => {
  test("each slice knows its profile and its parent", () => {
    const list = CAPTURES.rows.find((capture) => capture.capture.includes("h100-mig"))?.list ?? [];
    expect(parseMigSlices(list.join("\n"))).toEqual([
      { uuid: "MIG-00000000-0000-0000-0000-000000000000", profile: "3g.40gb", parentIndex: 0 },
      { uuid: "MIG-00000001-0000-0000-0000-000000000001", profile: "2g.20gb", parentIndex: 0 },
      { uuid: "MIG-00000002-0000-0000-0000-000000000002", profile: "1g.10gb", parentIndex: 0 },
      { uuid: "MIG-00000003-0000-0000-0000-000000000003", profile: "1g.10gb", parentIndex: 0 },
    ]);
  });

  test("whole GPUs have none", () => {
    expect(
      parseMigSlices(`GPU 0: NVIDIA L40S (UUID: ${UUID})\nGPU 1: NVIDIA L40S (UUID: ${UUID})\n`),
    ).toEqual([]);
  });
});
