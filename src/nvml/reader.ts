/** One reading of every GPU through NVML: each value on its own, so that one the card can't tell costs only itself. */
import { MIB } from "../shared/durations.ts";
import {
  type GpuProcess,
  type GpuReading,
  type GpuTable,
  type MigDevice,
  normalPciBusId,
  unknownGpu,
} from "../shared/gpu/reading.ts";
import { throttleWords } from "../shared/gpu/throttle.ts";
import type { NvmlLibrary } from "./library.ts";
import {
  healthOf,
  NVML_FUNCTION_NOT_FOUND,
  NVML_INSUFFICIENT_SIZE,
  NVML_SUCCESS,
  needsNewProcess,
  nvmlWords,
} from "./return-codes.ts";
import { readScreen } from "./screen.ts";

const TEXT_BYTES = 256;
const UINT_BYTES = 4;
const HANDLE_BYTES = 8;
const MASK_BYTES = 8;
const MILLI = 1000;

/** nvml.h: NVML_TEMPERATURE_GPU, NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_PSTATE_UNKNOWN, NVML_VALUE_NOT_AVAILABLE. */
const SENSOR_GPU = 0;
const CLOCK_SM = 1;
const CLOCK_MEMORY = 2;
const PSTATE_UNKNOWN = 32;
const NOT_AVAILABLE = 2n ** 64n - 1n;

/** nvmlPciInfo_t: char legacy[16], five unsigned int, char busId[32]. */
const PCI_INFO = { size: 68, busId: 36 } as const;
/** nvmlMemory_t: total, free, used. */
const MEMORY = { size: 24, total: 0, free: 8, used: 16 } as const;
/** nvmlMemory_v2_t: version, padding, total, reserved, free, used; there `used` leaves the driver's own share out. */
const MEMORY_2 = { size: 40, total: 8, free: 24, used: 32, version: 40 | (2 << 24) } as const;
/** nvmlProcessInfo_t since v2: pid, padding, usedGpuMemory, two instance ids. */
const PROCESS = { size: 24, pid: 0, memory: 8 } as const;
const PROCESSES_AT_FIRST = 64;
const MOST_PROCESSES = 4096;

/** NVML itself does not answer any more; `code` is its own, if it gave one. */
export class NvmlGone extends Error {
  override readonly name = "NvmlGone";
  readonly code: number | null;

  constructor(message: string, code: number | null) {
    super(message);
    this.code = code;
  }
}

/** Throws NvmlGone when the library has to be loaded anew. */
export function readTable(nvml: NvmlLibrary): GpuTable {
  const ask = new Asker();
  const driverVersion = ask.text("driverVersion", (out, size) =>
    nvml.call("nvmlSystemGetDriverVersion", out, size),
  );
  const cudaVersion = cudaWords(
    ask.uint("cudaVersion", (out) => nvml.call("nvmlSystemGetCudaDriverVersion_v2", out)),
  );
  const count = ask.uint("count", (out) => nvml.call("nvmlDeviceGetCount_v2", out));
  if (count === null) throw new NvmlGone(`its number of GPUs is unknown: ${ask.unknown.count}`, null);

  const gpus: GpuReading[] = [];
  const complaints: string[] = [];
  for (let index = 0; index < count; index++) {
    const own = new Asker();
    const device = own.handle("handle", (out) => nvml.call("nvmlDeviceGetHandleByIndex_v2", index, out));
    const gpu = device === null ? null : readGpu(nvml, device, index, own);
    if (gpu) gpus.push({ ...gpu, driverVersion, cudaVersion });
    else complaints.push(`GPU ${index}: ${own.unknown.handle ?? own.unknown.uuid}`);
  }
  const screen = readScreen((pid) => processName(nvml, pid));
  return { gpus, complaints, ...(screen === null ? {} : { screen }) };
}

/** Null: it can't even be told which GPU this is. */
function readGpu(nvml: NvmlLibrary, device: bigint, index: number, ask: Asker): GpuReading | null {
  const uuid = ask.text("uuid", (out, size) => nvml.call("nvmlDeviceGetUUID", device, out, size));
  if (uuid === null) return null;
  const name = ask.text("name", (out, size) => nvml.call("nvmlDeviceGetName", device, out, size));
  const load = ask.bytes("utilisationPct", 2 * UINT_BYTES, (out) =>
    nvml.call("nvmlDeviceGetUtilizationRates", device, out),
  );
  const migMode = ask.uints("mig", (current, pending) =>
    nvml.call("nvmlDeviceGetMigMode", device, current, pending),
  );
  const migEnabled = migMode?.[0] === 1;
  const reading = {
    ...unknownGpu(index, uuid, name ?? "NVIDIA GPU"),
    pciBusId: readPciBusId(nvml, device, ask),
    computeCap:
      ask
        .uints("computeCap", (major, minor) =>
          nvml.call("nvmlDeviceGetCudaComputeCapability", device, major, minor),
        )
        ?.join(".") ?? null,
    ...readMemory(nvml, device, ask),
    utilisationPct: load?.readUInt32LE(0) ?? null,
    memoryUtilisationPct: load?.readUInt32LE(UINT_BYTES) ?? null,
    temperatureC: ask.uint("temperatureC", (out) =>
      nvml.call("nvmlDeviceGetTemperature", device, SENSOR_GPU, out),
    ),
    fanPct: ask.uint("fanPct", (out) => nvml.call("nvmlDeviceGetFanSpeed", device, out)),
    ...readPower(nvml, device, ask),
    clockSmMhz: ask.uint("clockSmMhz", (out) => nvml.call("nvmlDeviceGetClockInfo", device, CLOCK_SM, out)),
    clockSmMaxMhz: ask.uint("clockSmMaxMhz", (out) =>
      nvml.call("nvmlDeviceGetMaxClockInfo", device, CLOCK_SM, out),
    ),
    clockMemoryMhz: ask.uint("clockMemoryMhz", (out) =>
      nvml.call("nvmlDeviceGetClockInfo", device, CLOCK_MEMORY, out),
    ),
    clockMemoryMaxMhz: ask.uint("clockMemoryMaxMhz", (out) =>
      nvml.call("nvmlDeviceGetMaxClockInfo", device, CLOCK_MEMORY, out),
    ),
    throttle: readThrottle(nvml, device, ask),
    pstate: pstateWord(ask.uint("pstate", (out) => nvml.call("nvmlDeviceGetPerformanceState", device, out))),
    ...readPcieLink(nvml, device, ask),
    computeMode: computeModeWord(
      ask.uint("computeMode", (out) => nvml.call("nvmlDeviceGetComputeMode", device, out)),
    ),
    displayActive: flag(
      ask.uint("displayActive", (out) => nvml.call("nvmlDeviceGetDisplayActive", device, out)),
    ),
    driverModel: readDriverModel(nvml, device),
    migEnabled,
    migDevices: migEnabled ? readMigDevices(nvml, device) : [],
    processes: readProcesses(nvml, device, ask),
  };
  return { ...reading, health: ask.health, unknown: ask.unknown };
}

function readPciBusId(nvml: NvmlLibrary, device: bigint, ask: Asker): string | null {
  const info = ask.bytes("pciBusId", PCI_INFO.size, (out) =>
    nvml.call("nvmlDeviceGetPciInfo_v3", device, out),
  );
  return info && normalPciBusId(cString(info.subarray(PCI_INFO.busId)));
}

type Memory = Pick<GpuReading, "memoryTotalMb" | "memoryUsedMb" | "memoryFreeMb">;

function readMemory(nvml: NvmlLibrary, device: bigint, ask: Asker): Memory {
  const second = Buffer.alloc(MEMORY_2.size);
  second.writeUInt32LE(MEMORY_2.version);
  if (nvml.call("nvmlDeviceGetMemoryInfo_v2", device, second) === NVML_SUCCESS)
    return memoryOf(second, MEMORY_2);
  const first = ask.bytes("memory", MEMORY.size, (out) => nvml.call("nvmlDeviceGetMemoryInfo", device, out));
  return first ? memoryOf(first, MEMORY) : { memoryTotalMb: null, memoryUsedMb: null, memoryFreeMb: null };
}

function memoryOf(bytes: Buffer, at: { total: number; free: number; used: number }): Memory {
  const mib = (offset: number) => Math.round(Number(bytes.readBigUInt64LE(offset)) / MIB);
  return { memoryTotalMb: mib(at.total), memoryUsedMb: mib(at.used), memoryFreeMb: mib(at.free) };
}

type Power = Pick<GpuReading, "powerW" | "powerLimitW" | "powerMaxW">;

function readPower(nvml: NvmlLibrary, device: bigint, ask: Asker): Power {
  const draw = ask.uint("powerW", (out) => nvml.call("nvmlDeviceGetPowerUsage", device, out));
  const limit = ask.uint("powerLimitW", (out) => nvml.call("nvmlDeviceGetEnforcedPowerLimit", device, out));
  const range = ask.uints("powerMaxW", (least, most) =>
    nvml.call("nvmlDeviceGetPowerManagementLimitConstraints", device, least, most),
  );
  return { powerW: perMilli(draw), powerLimitW: perMilli(limit), powerMaxW: perMilli(range?.[1] ?? null) };
}

type PcieLink = Pick<GpuReading, "pcieGen" | "pcieGenMax" | "pcieWidth" | "pcieWidthMax">;

function readPcieLink(nvml: NvmlLibrary, device: bigint, ask: Asker): PcieLink {
  return {
    pcieGen: ask.uint("pcieGen", (out) => nvml.call("nvmlDeviceGetCurrPcieLinkGeneration", device, out)),
    pcieGenMax: ask.uint("pcieGenMax", (out) => nvml.call("nvmlDeviceGetMaxPcieLinkGeneration", device, out)),
    pcieWidth: ask.uint("pcieWidth", (out) => nvml.call("nvmlDeviceGetCurrPcieLinkWidth", device, out)),
    pcieWidthMax: ask.uint("pcieWidthMax", (out) => nvml.call("nvmlDeviceGetMaxPcieLinkWidth", device, out)),
  };
}

function readThrottle(nvml: NvmlLibrary, device: bigint, ask: Asker): string[] | null {
  const mask = ask.bytes("throttle", MASK_BYTES, (out) => {
    const code = nvml.call("nvmlDeviceGetCurrentClocksEventReasons", device, out);
    // Its name before driver 535.
    if (code !== NVML_FUNCTION_NOT_FOUND) return code;
    return nvml.call("nvmlDeviceGetCurrentClocksThrottleReasons", device, out);
  });
  return mask && throttleWords(mask.readBigUInt64LE());
}

/** Those that compute; where the driver also tells those that draw, they stand behind, each process once. */
function readProcesses(nvml: NvmlLibrary, device: bigint, ask: Asker): GpuProcess[] | null {
  const computing = listProcesses(nvml, device, "Compute");
  if (!ask.note("processes", computing.code)) return null;
  const drawing = listProcesses(nvml, device, "Graphics");
  const alsoDraws = new Set(drawing.entries.map(pidOf));
  const computes = new Set(computing.entries.map(pidOf));
  return [
    ...computing.entries.map((entry) =>
      readProcess(nvml, entry, alsoDraws.has(pidOf(entry)) ? "both" : undefined),
    ),
    ...drawing.entries
      .filter((entry) => !computes.has(pidOf(entry)))
      .map((entry) => readProcess(nvml, entry, "graphics")),
  ];
}

function listProcesses(
  nvml: NvmlLibrary,
  device: bigint,
  which: "Compute" | "Graphics",
): { code: number; entries: Buffer[] } {
  const count = Buffer.alloc(UINT_BYTES);
  let list = Buffer.alloc(0);
  const fill = (room: number): number => {
    count.writeUInt32LE(room);
    list = Buffer.alloc(room * PROCESS.size);
    const code = nvml.call(`nvmlDeviceGet${which}RunningProcesses_v3`, device, count, list);
    if (code !== NVML_FUNCTION_NOT_FOUND) return code;
    return nvml.call(`nvmlDeviceGet${which}RunningProcesses_v2`, device, count, list);
  };
  let code = fill(PROCESSES_AT_FIRST);
  if (code === NVML_INSUFFICIENT_SIZE) code = fill(Math.min(MOST_PROCESSES, 2 * count.readUInt32LE()));
  if (code !== NVML_SUCCESS) return { code, entries: [] };
  const entries = Array.from({ length: count.readUInt32LE() }, (_, i) =>
    list.subarray(i * PROCESS.size, (i + 1) * PROCESS.size),
  );
  return { code, entries };
}

function processName(nvml: NvmlLibrary, pid: number): string | null {
  return new Asker().text("name", (out, size) => nvml.call("nvmlSystemGetProcessName", pid, out, size));
}

const pidOf = (entry: Buffer): number => entry.readUInt32LE(PROCESS.pid);

function readProcess(nvml: NvmlLibrary, entry: Buffer, kind: GpuProcess["kind"]): GpuProcess {
  const pid = pidOf(entry);
  const memory = entry.readBigUInt64LE(PROCESS.memory);
  return {
    pid,
    name: processName(nvml, pid),
    memoryMb: memory === NOT_AVAILABLE ? null : Math.round(Number(memory) / MIB),
    ...(kind === undefined ? {} : { kind }),
  };
}

/** Slots of a MIG parent may be empty: those give no handle. */
function readMigDevices(nvml: NvmlLibrary, parent: bigint): MigDevice[] {
  const slots = new Asker().uint("slots", (out) => nvml.call("nvmlDeviceGetMaxMigDeviceCount", parent, out));
  const slices: MigDevice[] = [];
  for (let slot = 0; slot < (slots ?? 0); slot++) {
    const ask = new Asker();
    const device = ask.handle("handle", (out) =>
      nvml.call("nvmlDeviceGetMigDeviceHandleByIndex", parent, slot, out),
    );
    if (device === null) continue;
    const uuid = ask.text("uuid", (out, size) => nvml.call("nvmlDeviceGetUUID", device, out, size));
    if (uuid === null) continue;
    const name = ask.text("name", (out, size) => nvml.call("nvmlDeviceGetName", device, out, size)) ?? "";
    const memory = readMemory(nvml, device, ask);
    // A slice is named as its parent with its profile behind: "NVIDIA H100 80GB HBM3 MIG 3g.40gb".
    const profile = /MIG (\S+)$/.exec(name)?.[1] ?? `slice ${slot}`;
    slices.push({ uuid, profile, ...memory });
  }
  return slices;
}

/** Gives calls the buffer they write to, and keeps why a value could not be had and what that says of the GPU. */
class Asker {
  readonly unknown: Record<string, string> = {};
  health: GpuReading["health"] = "ok";

  /** True: the value is there. Throws NvmlGone when nothing will be any more. */
  note(value: string, code: number): boolean {
    if (code === NVML_SUCCESS) return true;
    if (needsNewProcess(code)) throw new NvmlGone(nvmlWords(code), code);
    this.unknown[value] = nvmlWords(code);
    this.health = healthOf(code) ?? this.health;
    return false;
  }

  bytes(value: string, size: number, call: (out: Buffer) => number): Buffer | null {
    const out = Buffer.alloc(size);
    return this.note(value, call(out)) ? out : null;
  }

  uint(value: string, call: (out: Buffer) => number): number | null {
    return this.bytes(value, UINT_BYTES, call)?.readUInt32LE() ?? null;
  }

  uints(value: string, call: (first: Buffer, second: Buffer) => number): readonly [number, number] | null {
    const second = Buffer.alloc(UINT_BYTES);
    const first = this.bytes(value, UINT_BYTES, (out) => call(out, second));
    return first && [first.readUInt32LE(), second.readUInt32LE()];
  }

  handle(value: string, call: (out: Buffer) => number): bigint | null {
    return this.bytes(value, HANDLE_BYTES, call)?.readBigUInt64LE() ?? null;
  }

  text(value: string, call: (out: Buffer, size: number) => number): string | null {
    const out = this.bytes(value, TEXT_BYTES, (buffer) => call(buffer, TEXT_BYTES));
    return out && cString(out);
  }
}

// ── Numbers to words ───────────────────────────────────────────────────────────────────────────────────────────────

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end).trim();
}

const perMilli = (milli: number | null): number | null => (milli === null ? null : milli / MILLI);

/** 13010 → "13.1". */
const cudaWords = (version: number | null): string | null =>
  version === null ? null : `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;

const pstateWord = (state: number | null): string | null =>
  state === null || state === PSTATE_UNKNOWN ? null : `P${state}`;

/** nvmlDriverModel_t. Only Windows has more than one, so an error says nothing worth keeping. */
const DRIVER_MODELS = ["WDDM", "TCC", "MCDM"];

function readDriverModel(nvml: NvmlLibrary, device: bigint): string | null {
  const [current, pending] = [Buffer.alloc(UINT_BYTES), Buffer.alloc(UINT_BYTES)];
  const found =
    nvml.call("nvmlDeviceGetDriverModel_v2", device, current, pending) === NVML_SUCCESS ||
    nvml.call("nvmlDeviceGetDriverModel", device, current, pending) === NVML_SUCCESS;
  return found ? (DRIVER_MODELS[current.readUInt32LE()] ?? null) : null;
}

/** nvmlEnableState_t. */
function flag(state: number | null): boolean | null {
  return state === null ? null : state === 1;
}

/** nvmlComputeMode_t; 1 and 3 let one process (or thread) at a time in. */
function computeModeWord(mode: number | null): GpuReading["computeMode"] {
  switch (mode) {
    case 0:
      return "default";
    case 1:
    case 3:
      return "exclusive";
    case 2:
      return "prohibited";
    default:
      return null;
  }
}
