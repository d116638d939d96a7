/** Two engines with one ledger would spoil it: before the app starts its own, it looks for one started elsewhere. */
import { isEngineThere } from "../engine/control/ask-engine.ts";
import { readControlFile } from "../engine/control/control-file.ts";
import { AppError } from "../shared/errors.ts";

/** The code of the refusal: the window and the tray have their own words for it. */
export const ALREADY_RUNNING = "ALREADY_RUNNING";

/** Throws ALREADY_RUNNING when an engine answers for exactly this folder; a control file left by a crash does not count. */
export async function refuseSecondEngine(
  dataFolder: string,
  { ownPid, signal }: { ownPid?: number | undefined; signal?: AbortSignal },
): Promise<void> {
  const control = readControlFile(dataFolder);
  if (control === null || control.pid === ownPid || !(await isEngineThere(control, signal))) return;
  throw new AppError({
    code: ALREADY_RUNNING,
    message: `Bellows is already running here (pid ${control.pid})`,
    actor: "user",
    help: "Open its dashboard: run `bellows dashboard` in a terminal and open the link it prints. To use this window instead, end the other one, then try again.",
  });
}
