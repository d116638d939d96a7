/**
 * Whether the engine that wrote a control file is still there. A crash leaves the file behind, and its port may be
 * another engine's by now: so the file's own token is shown, which only the engine that wrote it takes.
 */
import { z } from "zod";
import { SECOND } from "../../shared/durations.ts";
import type { ControlFile } from "./control-file.ts";

const ANSWER_WITHIN = 2 * SECOND;
const HealthSchema = z.object({ app: z.literal("bellows") });

/** Rejects only with the signal's reason. */
export async function isEngineThere({ url, token }: ControlFile, signal?: AbortSignal): Promise<boolean> {
  const limits = [AbortSignal.timeout(ANSWER_WITHIN), ...(signal === undefined ? [] : [signal])];
  try {
    const response = await fetch(`${url}/api/health`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.any(limits),
    });
    return response.ok && HealthSchema.safeParse(await response.json()).success;
  } catch {
    signal?.throwIfAborted();
    return false; // Nobody has the port now, or a program that is no engine.
  }
}
