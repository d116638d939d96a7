import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FULL_FIELDS,
  OLDER_FULL_FIELDS,
  parseCudaVersion,
  parseGpuTable,
  parseMigSlices,
  parseProcesses,
  SHORT_FIELDS,
} from "../../../../src/engine/device/smi-text.ts";

interface Capture {
  capture: string;
  state: "idle" | "load";
  nounits: string;
  units: string;
  list: string[];
  head: string;
  cuda: string;
  apps: string[];
  expect: Record<string, unknown>;
  processes: { pid: number; name: string | null; memoryMb: number | null }[];
}

/** Rows of real nvidia-smi captures and what they say, read by another program; see LICENSE beside them. */
const CAPTURES: { fields: string[]; rows: Capture[] } = JSON.parse(
  readFileSync(new URL("../../../fixtures/gpu/captures.json", import.meta.url), "utf8"),
);

const UUID = "GPU-5c3a9d1e-0000-4000-8000-000000000001";
const USUAL: Record<string, string> = { index: "0", uuid: UUID, name: "NVIDIA GeForce RTX 4090" };
const row = (cells: Record<string, string>, fields = FULL_FIELDS) =>
  fields.map((field) => cells[field] ?? USUAL[field] ?? "1").join(", ");
const only = (csv: string, fields?: readonly string[]) => {
  const { gpus, complaints } = parseGpuTable(csv, fields);
  expect(complaints).toEqual([]);
  expect(gpus).toHaveLength(1);
  return gpus[0];
};

describe("real GPUs", () => {
  test("the fixture's columns are the ones that are asked for", () => {
    expect(CAPTURES.fields).toEqual(FULL_FIELDS);
    expect(new Set(CAPTURES.rows.map((capture) => capture.capture)).size).toBe(10);
  });

  test.each(CAPTURES.rows)("$capture, $state", (capture) => {
    const wanted = { ...capture.expect, unknown: expect.any(Object) };
    expect(only(capture.nounits)).toEqual(wanted);
    expect(only(capture.units)).toEqual(wanted);
    expect(parseCudaVersion(capture.head)).toBe(capture.cuda);
    const processes = parseProcesses(capture.apps.join("\r\n"));
    expect(processes.get(String(capture.expect.uuid)) ?? []).toEqual(capture.processes);
  });

  test("the captures hold the odd cases: MIG parents without utilisation, Windows, GPUs that use no memory", () => {
    const all = CAPTURES.rows.map((capture) => capture.expect);
    expect(all.some((gpu) => gpu.migEnabled === true && gpu.utilisationPct === null)).toBe(true);
    expect(all.some((gpu) => gpu.memoryUsedMb === 0)).toBe(true);
    expect(CAPTURES.rows.some((capture) => capture.capture.startsWith("windows"))).toBe(true);
    expect(CAPTURES.rows.some((capture) => capture.head.includes("UMD"))).toBe(true);
  });
});

describe("screen and driver model", () => {
  test.each([
    ["Enabled", "WDDM", true, "WDDM"],
    ["Disabled", "TCC", false, "TCC"],
    ["Disabled", "WDM", false, "TCC"],
    ["Disabled", "MCDM", false, "MCDM"],
    ["[N/A]", "[N/A]", null, null],
    ["Yes", "Something", null, null],
  ])("display %s and model %s", (display, model, displayActive, driverModel) => {
    const gpu = only(row({ display_active: display, "driver_model.current": model }));
    expect(gpu).toMatchObject({ displayActive, driverModel });
    expect(gpu?.unknown.displayActive === undefined).toBe(displayActive !== null);
  });

  test("a driver that knows the short list only leaves them unknown", () => {
    expect(only(row({}, SHORT_FIELDS), SHORT_FIELDS)).toMatchObject({
      clockMemoryMhz: null,
      clockMemoryMaxMhz: null,
      displayActive: null,
      driverModel: null,
    });
  });
});

describe("values that are no values", () => {
  test.each([
    ["[N/A]", "not available"],
    ["N/A", "not available"],
    ["[Not Supported]", "not supported"],
    ["[Unknown Error]", "unknown error"],
    ["ERR!", "unknown error"],
    ["[Insufficient Permissions]", "no permission"],
    ["", "nvidia-smi says nothing"],
    [
      "[Requested functionality has been deprecated]",
      'nvidia-smi says "Requested functionality has been deprecated"',
    ],
    ["nan", 'nvidia-smi says "nan"'],
    ["0x10", 'nvidia-smi says "0x10"'],
    ["1e309", 'nvidia-smi says "1e309"'],
  ])("%j is unknown, not 0, and it is kept why", (value, why) => {
    const numbers = {
      "temperature.gpu": "temperatureC",
      "power.draw": "powerW",
      "memory.total": "memoryTotalMb",
      "utilization.gpu": "utilisationPct",
      "fan.speed": "fanPct",
      "clocks.current.sm": "clockSmMhz",
      "pcie.link.gen.current": "pcieGen",
    };
    const gpu = only(row(Object.fromEntries(Object.keys(numbers).map((field) => [field, value]))));
    for (const name of Object.values(numbers)) {
      expect(gpu?.[name as "powerW"], name).toBeNull();
      expect(gpu?.unknown[name], name).toBe(why);
    }
  });

  test("words that are no words are unknown as well", () => {
    expect(
      only(
        row({
          pstate: "[N/A]",
          compute_mode: "[N/A]",
          compute_cap: "N/A",
          driver_version: "ERR!",
          "pci.bus_id": "?",
          "clocks_event_reasons.active": "[N/A]",
          name: "[Unknown Error]",
        }),
      ),
    ).toMatchObject({
      pstate: null,
      computeMode: null,
      computeCap: null,
      driverVersion: null,
      pciBusId: null,
      throttle: null,
      name: "NVIDIA GPU",
    });
  });

  test("0 is 0", () => {
    expect(only(row({ "utilization.gpu": "0", "memory.used": "0", "fan.speed": "0 %" }))).toMatchObject({
      utilisationPct: 0,
      memoryUsedMb: 0,
      fanPct: 0,
    });
  });

  test.each([
    ["[GPU requires reset]", "reset", "the GPU requires a reset"],
    ["[GPU is lost]", "lost", "the GPU has fallen off the bus"],
  ])("%s marks the GPU", (value, health, why) => {
    expect(only(row({ "memory.used": value }))).toMatchObject({
      health,
      memoryUsedMb: null,
      unknown: { memoryUsedMb: why },
    });
  });
});

describe("words", () => {
  test.each([
    ["0x0000000000000000", []],
    ["0x0000000000000004", ["power limit"]],
    [
      "0x00000000000000E9",
      ["idle", "hardware slowdown", "too hot (software)", "too hot (hardware)", "power brake"],
    ],
    ["0x8000000000000000", ["unknown (0x8000000000000000)"]],
  ])("throttle mask %s", (mask, throttle) => {
    expect(only(row({ "clocks_event_reasons.active": mask }))?.throttle).toEqual(throttle);
  });

  test.each([
    ["Default", "default"],
    ["Exclusive_Process", "exclusive"],
    ["Exclusive_Thread", "exclusive"],
    ["Prohibited", "prohibited"],
  ])("compute mode %s", (mode, computeMode) => {
    expect(only(row({ compute_mode: mode }))?.computeMode).toBe(computeMode);
  });

  test.each([
    ["| NVIDIA-SMI 590.48.01   Driver Version: 590.48.01   CUDA Version: 13.1 |", "13.1"],
    ["| NVIDIA-SMI 610.62   KMD Version: 610.62   CUDA UMD Version: 13.3 |", "13.3"],
    ["| NVIDIA-SMI 440.33   Driver Version: 440.33   CUDA Version: N/A |", null],
    ["", null],
  ])("the head line %j tells CUDA %s", (head, cuda) => {
    expect(parseCudaVersion(head)).toBe(cuda);
  });
});

describe("lines that are odd", () => {
  test("the lists for older drivers are read as well", () => {
    expect(
      only(row({ "clocks_throttle_reasons.active": "0x8" }, OLDER_FULL_FIELDS), OLDER_FULL_FIELDS),
    ).toMatchObject({
      throttle: ["hardware slowdown"],
      computeCap: "1",
    });
    expect(only(row({}, SHORT_FIELDS), SHORT_FIELDS)).toMatchObject({
      computeCap: null,
      throttle: null,
      migEnabled: false,
      computeMode: null,
      powerW: 1,
    });
  });

  test("a comma in the name stays in the name", () => {
    const gpu = only(row({ name: "NVIDIA RTX 6000, Ada Generation, rev. 2", "temperature.gpu": "61" }));
    expect(gpu).toMatchObject({
      name: "NVIDIA RTX 6000, Ada Generation, rev. 2",
      temperatureC: 61,
      index: 0,
    });
  });

  test("decimal commas are decimal", () => {
    const gpu = only(
      row({
        name: "NVIDIA RTX 6000, Ada",
        "power.draw": "39,32 W",
        "power.limit": "250,00",
        "temperature.gpu": "61",
      }),
    );
    expect(gpu).toMatchObject({
      powerW: 39.32,
      powerLimitW: 250,
      temperatureC: 61,
      name: "NVIDIA RTX 6000, Ada",
    });
  });

  test("cells without spaces between are read", () => {
    expect(only(row({ "power.draw": "39.32" }).replaceAll(", ", ","))).toMatchObject({
      powerW: 39.32,
      uuid: UUID,
    });
  });

  test("16 GPUs are 16 GPUs", () => {
    const csv = Array.from({ length: 16 }, (_, i) =>
      row({ index: String(i), uuid: `GPU-${i}`, "temperature.gpu": String(30 + i) }),
    ).join("\n");
    const { gpus } = parseGpuTable(csv);
    expect(gpus.map((gpu) => [gpu.index, gpu.uuid, gpu.temperatureC])).toEqual(
      Array.from({ length: 16 }, (_, i) => [i, `GPU-${i}`, 30 + i]),
    );
  });

  test("two equal cards are told apart", () => {
    const { gpus } = parseGpuTable(
      [
        row({ index: "0", uuid: "GPU-a", "pci.bus_id": "00000000:01:00.0", "power.draw": "100" }),
        row({ index: "1", uuid: "GPU-b", "pci.bus_id": "00000000:02:00.0", "power.draw": "200" }),
      ].join("\n"),
    );
    expect(gpus.map(({ uuid, pciBusId, powerW }) => ({ uuid, pciBusId, powerW }))).toEqual([
      { uuid: "GPU-a", pciBusId: "00000000:01:00.0", powerW: 100 },
      { uuid: "GPU-b", pciBusId: "00000000:02:00.0", powerW: 200 },
    ]);
  });

  test("error lines between rows are complaints, and cost no GPU", () => {
    const lost = "Unable to determine the device handle for GPU0000:41:00.0: Unknown Error";
    const { gpus, complaints } = parseGpuTable(
      [row({ index: "0" }), lost, row({ index: "2" }), ""].join("\r\n"),
    );
    expect(gpus.map((gpu) => gpu.index)).toEqual([0, 2]);
    expect(complaints).toEqual([lost]);
  });

  test("output cut off anywhere costs the row it was cut in, never another value", () => {
    const whole = `${row({ index: "0", uuid: "GPU-a" })}\n${row({ index: "1", uuid: "GPU-b" })}`;
    const [first] = parseGpuTable(whole).gpus;
    for (let length = 0; length < whole.length; length++) {
      const { gpus } = parseGpuTable(whole.slice(0, length));
      if (gpus.length > 0 && length > whole.indexOf("\n")) expect(gpus[0]).toEqual(first);
      expect(gpus.length).toBeLessThanOrEqual(2);
    }
  });

  test.each([
    ["a row that was cut off", "0, GPU-1, NVIDIA"],
    ["a header", FULL_FIELDS.join(", ")],
    ["a row without a UUID", row({ uuid: "[Unknown Error]" })],
    ["a row without an index", row({ index: "[N/A]" })],
    ["a row with an index that is none", row({ index: "-1" })],
  ])("%s is no GPU", (_, line) => {
    expect(parseGpuTable(line)).toEqual({ gpus: [], complaints: [line] });
  });

  test("any text is read without throwing, and each line is a GPU or a complaint", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (lines) => {
        const text = lines.join("\n");
        const { gpus, complaints } = parseGpuTable(text);
        const kept = lines.flatMap((line) => line.split(/\r?\n/)).filter((line) => line.trim() !== "");
        expect(gpus.length + complaints.length).toBe(kept.length);
        parseProcesses(text);
        parseMigSlices(text);
        parseCudaVersion(text);
      }),
    );
  });

  test("any values in the cells leave the identity of the GPU alone", () => {
    const cell = fc.oneof(
      fc.constantFrom("[N/A]", "ERR!", "", "1e309", "-0", "٣", "99999999999999999999", "1,5"),
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

describe("compute processes", () => {
  test("belong to their GPU; a comma in a program's name stays there", () => {
    const processes = parseProcesses(
      [
        "GPU-a, 11327, /root/tools/memhog, 2566",
        "GPU-b, 9, C:\\Games\\Cats, Dogs\\game.exe, [N/A]",
        "GPU-a, 12, [Insufficient Permissions], 10 MiB",
        "No running processes found",
        "GPU-a, , x, 1",
        "nonsense, 7, x, 1",
      ].join("\r\n"),
    );
    expect(Object.fromEntries(processes)).toEqual({
      "GPU-a": [
        { pid: 11_327, name: "/root/tools/memhog", memoryMb: 2566 },
        { pid: 12, name: null, memoryMb: 10 },
      ],
      "GPU-b": [{ pid: 9, name: "C:\\Games\\Cats, Dogs\\game.exe", memoryMb: null }],
    });
  });
});

describe("MIG slices in nvidia-smi -L", () => {
  const listOf = (capture: string) =>
    CAPTURES.rows.find((row) => row.capture.includes(capture))?.list.join("\n") ?? "";

  test("each slice knows its profile and its parent", () => {
    expect(parseMigSlices(listOf("h100-mig"))).toEqual([
      { uuid: "MIG-00000000-0000-0000-0000-000000000000", profile: "3g.40gb", parentIndex: 0 },
      { uuid: "MIG-00000001-0000-0000-0000-000000000001", profile: "2g.20gb", parentIndex: 0 },
      { uuid: "MIG-00000002-0000-0000-0000-000000000002", profile: "1g.10gb", parentIndex: 0 },
      { uuid: "MIG-00000003-0000-0000-0000-000000000003", profile: "1g.10gb", parentIndex: 0 },
    ]);
    expect(parseMigSlices(listOf("h200-mig")).map((slice) => slice.profile)).toEqual([
      "1c.3g.71gb",
      "2c.3g.71gb",
      "2g.35gb",
      "1g.18gb",
      "1g.18gb",
    ]);
  });

  test("whole GPUs have none", () => {
    expect(
      parseMigSlices(`GPU 0: NVIDIA L40S (UUID: ${UUID})\nGPU 1: NVIDIA L40S (UUID: ${UUID})\n`),
    ).toEqual([]);
  });
});
