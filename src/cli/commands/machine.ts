/** `bellows machine moved | copied`: what a data folder is that comes from another machine, said to its engine or, where none runs, to the folder. */
import { existsSync } from "node:fs";
import path from "node:path";
import { Residence } from "../../engine/config/residence.ts";
import type { MoveAnswer } from "../../shared/contract/machine.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { connectTo, dataFolderOf, type Where } from "../engine-client.ts";

const DONE: Readonly<Record<MoveAnswer, string>> = {
  moved: "It goes on under the names it had at the markets.",
  copied: "It has names of its own at the markets now; the jobs in its ledger are left to the other machine.",
};

/** Throws SAME_MACHINE where there is nothing to say, NO_DATA_FOLDER. */
export async function settleMachine(
  { terminal }: CliContext,
  where: Where,
  { as, json }: { as: MoveAnswer; json: boolean },
): Promise<void> {
  const folder = path.join(dataFolderOf(where), "live");
  const engine = await connectTo(folder);
  if (engine === null) await tellFolder(folder, as);
  else await engine.invoke("machine.settle", { as });
  if (json) {
    terminal.json({ folder, as });
    return;
  }
  terminal.print(DONE[as]);
  terminal.note(engine === null ? "It counts from the next start." : "The engine starts again with it.");
}

async function tellFolder(dataFolder: string, as: MoveAnswer): Promise<void> {
  if (!existsSync(dataFolder)) {
    throw new AppError({
      code: "NO_DATA_FOLDER",
      message: `There is no data folder ${dataFolder}`,
      actor: "user",
      help: "Name it with --data.",
    });
  }
  const residence = await Residence.open({ dataFolder, otherMachine: "ask" });
  residence.answer(as);
}
