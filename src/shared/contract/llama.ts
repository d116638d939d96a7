/** llama.cpp, which text generation needs and the app does not bring: what is here, and what is being done about it. */
import { z } from "zod";
import { FOLDER_WORK } from "./folder-work.ts";

const Text = z.string().max(2000);
const Bytes = z.number().int().nonnegative();

export const LlamaBuildIdSchema = z.enum(["cuda", "vulkan", "cpu"]);

export const LlamaViewSchema = z.object({
  /** There is a llama.cpp for this system, and it is this app's to keep: no folder of another one was named. */
  offered: z.boolean(),
  folder: Text,
  /** Of what is installed; null: nothing is. And of what an install brings. */
  version: Text.nullable(),
  newest: Text,
  /** Ways to compute, fastest first. `usual`: an install brings it without being asked. */
  builds: z.array(
    z.object({ id: LlamaBuildIdSchema, bytes: Bytes, installed: z.boolean(), usual: z.boolean() }),
  ),
  /** What the usual install would fetch; 0: it is all here. */
  bytesToFetch: Bytes,
  bytesOnDisk: Bytes,
  /** Left by an interrupted try. */
  bytesKept: Bytes,
  licences: z.array(Text),
  ...FOLDER_WORK,
  /** Of `bytesTotal`, already here. */
  bytesHere: Bytes,
});
export type LlamaView = z.infer<typeof LlamaViewSchema>;

const Answer = z.strictObject({ llama: LlamaViewSchema });

export const LLAMA_COMMANDS = {
  "llama.status": { input: z.strictObject({}), output: Answer },
  /** Fetch it, or go on with it; answers when it is under way. `registry`: where npm can't be asked. Throws LLAMA_BUSY, LLAMA_NOT_FOR_SYSTEM. */
  "llama.install": {
    input: z.strictObject({
      cuda: z.boolean().optional(),
      registry: z
        .url({ protocol: /^https?$/ })
        .max(2000)
        .optional(),
    }),
    output: Answer,
  },
  /** What was fetched is kept for the next install. */
  "llama.cancel": { input: z.strictObject({}), output: Answer },
  /** Read every installed file; answers when it is done. Throws LLAMA_BUSY. */
  "llama.verify": { input: z.strictObject({}), output: Answer },
  /** With what an interrupted install left. Throws LLAMA_BUSY. */
  "llama.remove": { input: z.strictObject({}), output: Answer },
} as const;
