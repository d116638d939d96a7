/**
 * What a driver says of one GPU at one moment, whichever way it was asked (NVML or nvidia-smi). Unknown is null,
 * never 0, and `unknown` keeps why. Memory in MiB, power in W, clocks in MHz, temperature in °C, shares in percent.
 */
import { z } from "zod";

const Reading = z.number().nullable();
const Word = z.string().nullable();

export const GpuProcessSchema = z.object({
  pid: z.number().int().nonnegative(),
  name: Word,
  memoryMb: Reading,
  /** It draws, or does both; absent: it computes. */
  kind: z.enum(["graphics", "both"]).optional(),
});
export type GpuProcess = z.infer<typeof GpuProcessSchema>;

export const MigDeviceSchema = z.object({
  /** What CUDA_VISIBLE_DEVICES takes: MIG-<uuid>. */
  uuid: z.string(),
  /** Such as "3g.40gb". */
  profile: z.string(),
  memoryTotalMb: Reading,
  memoryUsedMb: Reading,
  memoryFreeMb: Reading,
});
export type MigDevice = z.infer<typeof MigDeviceSchema>;

export const GpuReadingSchema = z.object({
  index: z.number().int().nonnegative(),
  uuid: z.string(),
  name: z.string(),
  /** `00000000:01:00.0`, upper case. */
  pciBusId: Word,
  driverVersion: Word,
  /** The newest CUDA this driver runs, such as "13.1". */
  cudaVersion: Word,
  /** Such as "8.9". */
  computeCap: Word,
  memoryTotalMb: Reading,
  memoryUsedMb: Reading,
  memoryFreeMb: Reading,
  utilisationPct: Reading,
  memoryUtilisationPct: Reading,
  temperatureC: Reading,
  fanPct: Reading,
  powerW: Reading,
  powerLimitW: Reading,
  powerMaxW: Reading,
  clockSmMhz: Reading,
  clockSmMaxMhz: Reading,
  clockMemoryMhz: Reading,
  clockMemoryMaxMhz: Reading,
  /** In words (throttle.ts); empty: nothing holds the clocks back. */
  throttle: z.array(z.string()).nullable(),
  /** P0 (fastest) to P15. */
  pstate: Word,
  pcieGen: Reading,
  pcieGenMax: Reading,
  pcieWidth: Reading,
  pcieWidthMax: Reading,
  computeMode: z.enum(["default", "exclusive", "prohibited"]).nullable(),
  /** A screen hangs on it and is in use. */
  displayActive: z.boolean().nullable(),
  /** Windows only: WDDM (it may draw), TCC or MCDM (it only computes). */
  driverModel: Word,
  migEnabled: z.boolean(),
  migDevices: z.array(MigDeviceSchema),
  /** Those with a CUDA context, and with NVML those that draw; null: could not be asked. */
  processes: z.array(GpuProcessSchema).nullable(),
  /** reset: the driver wants this GPU reset before it works again. lost: it has fallen off the bus. */
  health: z.enum(["ok", "reset", "lost"]),
  /** Why a value is null, in the driver's words, by the name of the value: "not supported", "no permission", … */
  unknown: z.record(z.string(), z.string()),
});
export type GpuReading = z.infer<typeof GpuReadingSchema>;

/** Does a program fill the screen? null: it can't be told this way. */
export const ScreenReadingSchema = z
  .discriminatedUnion("filled", [
    z.object({ filled: z.literal(false) }),
    z.object({ filled: z.literal(true), pid: z.number().int().nullable(), name: Word }),
  ])
  .nullable();
export type ScreenReading = z.infer<typeof ScreenReadingSchema>;

export const GpuTableSchema = z.object({
  gpus: z.array(GpuReadingSchema),
  /** GPUs or lines that gave no reading: what the driver complains about, one sentence each. */
  complaints: z.array(z.string()),
  /** Of Windows only; absent: not asked. */
  screen: ScreenReadingSchema.optional(),
});
export type GpuTable = z.infer<typeof GpuTableSchema>;

/** A GPU of which nothing is known but who it is: what sources start from. */
export function unknownGpu(index: number, uuid: string, name: string): GpuReading {
  return {
    index,
    uuid,
    name,
    pciBusId: null,
    driverVersion: null,
    cudaVersion: null,
    computeCap: null,
    memoryTotalMb: null,
    memoryUsedMb: null,
    memoryFreeMb: null,
    utilisationPct: null,
    memoryUtilisationPct: null,
    temperatureC: null,
    fanPct: null,
    powerW: null,
    powerLimitW: null,
    powerMaxW: null,
    clockSmMhz: null,
    clockSmMaxMhz: null,
    clockMemoryMhz: null,
    clockMemoryMaxMhz: null,
    throttle: null,
    pstate: null,
    pcieGen: null,
    pcieGenMax: null,
    pcieWidth: null,
    pcieWidthMax: null,
    computeMode: null,
    displayActive: null,
    driverModel: null,
    migEnabled: false,
    migDevices: [],
    processes: null,
    health: "ok",
    unknown: {},
  };
}

/** `00000000:0c:00.0`, `0000:0C:00.0` → `00000000:0C:00.0`, so that one GPU has one address whoever names it. */
export function normalPciBusId(text: string): string | null {
  const match = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(text.trim());
  if (!match) return null;
  const [, domain = "", bus, device, fn] = match;
  return `${domain.padStart(8, "0")}:${bus}:${device}.${fn}`.toUpperCase();
}
