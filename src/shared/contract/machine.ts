/** A data folder that comes from another machine, and what its person says of it. */
import { z } from "zod";

/** moved: it goes on here under its names. copied: the other one still runs, so this one gets names of its own. */
export const MoveAnswerSchema = z.enum(["moved", "copied"]);
export type MoveAnswer = z.infer<typeof MoveAnswerSchema>;

export const MACHINE_COMMANDS = {
  /** The engine starts again with it. Throws SAME_MACHINE where the folder is on its own machine. */
  "machine.settle": {
    input: z.strictObject({ as: MoveAnswerSchema }),
    output: z.strictObject({}),
  },
} as const;
