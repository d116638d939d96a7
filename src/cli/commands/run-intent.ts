/** `bellows start | pause | finish | stop`: what the person wants; it survives a restart of the engine. */
import type { RunIntent } from "../../shared/contract/views.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";

export const VERBS = {
  start: { command: "run.start", means: "Take work again" },
  pause: { command: "run.pause", means: "Take no more work and give back what has not begun" },
  finish: { command: "run.finish", means: "Take no more work, end and submit what is held, then stop" },
  stop: {
    command: "run.stop",
    means: "Stop at once; the GPU is free within seconds (the engine itself stays)",
  },
} as const;
export type Verb = keyof typeof VERBS;

const NOW: Readonly<Record<RunIntent, string>> = {
  running: "Running: work is taken.",
  paused: "Paused: no more work is taken, what runs is ended and submitted.",
  finishing: "Finishing: what is held is ended and submitted, then it stops.",
  stopped: "Stopped: no work is taken and no GPU is used.",
};

export async function runIntent(
  context: CliContext,
  engine: EngineClient,
  verb: Verb,
  options: { json: boolean },
): Promise<void> {
  const answer = await engine.invoke(VERBS[verb].command, {});
  if (options.json) context.terminal.json(answer);
  else context.terminal.print(NOW[answer.intent]);
}
