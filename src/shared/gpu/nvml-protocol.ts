/** What the engine and the NVML helper process say to each other: one question at a time, one answer each. */
import { z } from "zod";
import { GpuTableSchema } from "./reading.ts";

export const ToNvmlSchema = z.discriminatedUnion("type", [
  /** First message: load the library and begin. Empty `libraries`: where each platform has it. */
  z.object({ type: z.literal("open"), libraries: z.array(z.string()) }),
  z.object({ type: z.literal("read") }),
  z.object({ type: z.literal("shutdown") }),
]);
export type ToNvml = z.infer<typeof ToNvmlSchema>;

export const FromNvmlSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("opened"), library: z.string() }),
  /** This process can do no more: no library, no driver. `code` is NVML's, null when none was loaded. */
  z.object({ type: z.literal("unavailable"), reason: z.string(), code: z.number().int().nullable() }),
  z.object({ type: z.literal("table"), table: GpuTableSchema }),
]);
export type FromNvml = z.infer<typeof FromNvmlSchema>;
