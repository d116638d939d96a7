/** `bellows machine moved | copied`: what a data folder is that comes from another machine, said to its engine or, where none runs, to the folder. */
import { existsSync } from "node:fs";
import path from "node:path";
import { settleFolder } from "../../engine/config/residence.ts";
import type { MoveAnswer } from "../../shared/contract/machine.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { closedServiceAmong, connectTo, rootsOf, type Where } from "../engine-client.ts";

const DONE: Readonly<Record<MoveAnswer, string>> = {
  moved: "It goes on under the names it had at the markets.",
  copied:
    "It has names of its own at the markets now; jobs and money in its ledger are left to the other machine.",
};

/** Of the folders meant, the first about which there is something to say. Throws SAME_MACHINE where there is none, NO_DATA_FOLDER. */
export async function settleMachine(
  { terminal }: CliContext,
  where: Where,
  { as, json }: { as: MoveAnswer; json: boolean },
  roots = rootsOf(where),
): Promise<void> {
  const { folder, by } = await settleFirst(roots, as);
  if (json) {
    terminal.json({ folder, as });
    return;
  }
  terminal.print(DONE[as]);
  const when = by === "folder" ? "It counts from the next start." : "The engine starts again with it.";
  terminal.note(roots.length === 1 ? when : `${when} Data folder: ${folder}`);
}

interface Settled {
  readonly folder: string;
  /** Whom it was said to. */
  readonly by: "engine" | "folder";
}

async function settleFirst(roots: readonly [string, ...string[]], as: MoveAnswer): Promise<Settled> {
  let atHome: AppError | null = null;
  for (const root of roots) {
    const folder = path.join(root, "live");
    try {
      const by = await settle(folder, as);
      if (by !== null) return { folder, by };
    } catch (thrown) {
      if (!(thrown instanceof AppError && thrown.code === "SAME_MACHINE")) throw thrown;
      atHome ??= thrown;
    }
  }
  throw atHome ?? noDataFolder(roots);
}

/** null: there is no such folder. */
async function settle(folder: string, as: MoveAnswer): Promise<Settled["by"] | null> {
  const engine = await connectTo(folder);
  if (engine !== null) {
    await engine.invoke("machine.settle", { as });
    return "engine";
  }
  if (!existsSync(folder)) return null;
  await settleFolder(folder, as);
  return "folder";
}

function noDataFolder(roots: readonly [string, ...string[]]): AppError {
  const code = "NO_DATA_FOLDER";
  const closed = closedServiceAmong(roots, { code, message: "There is no data folder of yours" });
  const folders = roots.map((root) => path.join(root, "live")).join(" or ");
  const help = "Name it with --data.";
  return closed ?? new AppError({ code, message: `There is no data folder ${folders}`, actor: "user", help });
}
