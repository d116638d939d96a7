/** Two engines with one ledger would spoil it: before the app starts its own, it looks for one started elsewhere. */
import { z } from "zod";
import { readControlFile } from "../engine/control/control-file.ts";
import { SECOND } from "../shared/durations.ts";
import { AppError } from "../shared/errors.ts";

/** The code of the refusal: the window and the tray have their own words for it. */
export const ALREADY_RUNNING = "ALREADY_RUNNING";

const ANSWER_WITHIN = 2 * SECOND;
const HealthSchema = z.object({ app: z.literal("bellows") });

/** Throws ALREADY_RUNNING when an engine answers for exactly this folder; a control file left by a crash does not count. */
export async function refuseSecondEngine(
  dataFolder: string,
  { ownPid, signal }: { ownPid?: number | undefined; signal?: AbortSignal },
): Promise<void> {
  const control = readControlFile(dataFolder);
  if (control === null || control.pid === ownPid || !(await answers(control.url, signal))) return;
  throw new AppError({
    code: ALREADY_RUNNING,
    message: `Bellows is already running here (pid ${control.pid})`,
    actor: "user",
    help: "Open its dashboard: run `bellows dashboard` in a terminal and open the link it prints. To use this window instead, end the other one, then try again.",
  });
}

async function answers(url: string, signal: AbortSignal | undefined): Promise<boolean> {
  const limits = [AbortSignal.timeout(ANSWER_WITHIN), ...(signal === undefined ? [] : [signal])];
  try {
    const response = await fetch(`${url}/api/health`, { signal: AbortSignal.any(limits) });
    return HealthSchema.safeParse(await response.json()).success;
  } catch {
    signal?.throwIfAborted();
    return false; // A crash left the file behind, and nobody or somebody else has the port now.
  }
}
