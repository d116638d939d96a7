/** The GPU pack: what CUDA needs and the app does not bring, part by part, and what is being done about it. */
import { z } from "zod";
import { FOLDER_WORK } from "./folder-work.ts";

const Text = z.string().max(2000);
const Bytes = z.number().int().nonnegative();

export const GpuPackPartSchema = z.object({
  id: Text,
  name: Text,
  version: Text,
  licence: Text,
  /** null: the licence comes with the files. */
  licenceUrl: Text.nullable(),
  /** To be fetched for it, and of those: here from an interrupted try. */
  bytes: Bytes,
  bytesKept: Bytes,
  /** 0: it is not installed by us. */
  bytesOnDisk: Bytes,
  /** pack: installed by us. system: found elsewhere on this machine. */
  state: z.enum(["pack", "system", "missing"]),
  file: Text.nullable(),
  /** Without it CUDA does not start; or only some models miss it. */
  needed: z.enum(["at start", "later"]),
});
export type GpuPackPart = z.infer<typeof GpuPackPartSchema>;

export const GpuPackViewSchema = z.object({
  /** There is a pack for this system, and it is of use here: an NVIDIA GPU that lacks a part, or parts of ours. */
  offered: z.boolean(),
  folder: Text,
  parts: z.array(GpuPackPartSchema),
  ...FOLDER_WORK,
  /** The part under way. */
  part: Text.nullable(),
  /** Of `bytesTotal`, already here; null while a source does not say. */
  bytesHere: Bytes.nullable(),
});
export type GpuPackView = z.infer<typeof GpuPackViewSchema>;

const Answer = z.strictObject({ gpuPack: GpuPackViewSchema });

export const GPU_PACK_COMMANDS = {
  "gpuPack.status": { input: z.strictObject({}), output: Answer },
  /** Fetch the parts (absent: all that are missing), or go on with them; answers when it is under way. Throws GPU_PACK_BUSY. */
  "gpuPack.install": {
    input: z.strictObject({ parts: z.array(z.string().min(1).max(100)).max(20).optional() }),
    output: Answer,
  },
  /** What was fetched is kept, unless `discard` says otherwise. */
  "gpuPack.cancel": { input: z.strictObject({ discard: z.boolean().optional() }), output: Answer },
  /** Read every installed file; answers when it is done. Throws GPU_PACK_BUSY. */
  "gpuPack.verify": { input: z.strictObject({}), output: Answer },
  /** Throws GPU_PACK_BUSY. */
  "gpuPack.remove": { input: z.strictObject({}), output: Answer },
} as const;
