/** `bellows start | pause | finish | stop`: what the person wants; it survives a restart of the engine. */
import type { RunIntent } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { delay } from "../../shared/wait.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { span } from "../format.ts";

const LOOK = SECOND / 4;

export const VERBS = {
  start: { command: "run.start", means: "Take work again" },
  pause: { command: "run.pause", means: "Take no more work and give back what has not begun" },
  finish: { command: "run.finish", means: "Take no more work, end and submit what is held, then stop" },
  stop: {
    command: "run.stop",
    means: "Stop at once, without heartbeats; the GPU is free within seconds (the engine itself stays)",
  },
} as const;
export type Verb = keyof typeof VERBS;

const NOW: Readonly<Record<RunIntent, string>> = {
  running: "Running: work is taken.",
  paused: "Paused: no more work is taken, what runs is ended and submitted.",
  finishing: "Finishing: what is held is ended and submitted, then it stops.",
  stopped: "Stopped: no work is taken, no GPU is used, no heartbeats are sent.",
};

export async function runIntent(
  context: CliContext,
  engine: EngineClient,
  verb: Verb,
  /** `waitMs`: with finish, until nothing is held; null: not at all. */
  options: { json: boolean; waitMs: number | null },
): Promise<void> {
  const answer = await engine.invoke(VERBS[verb].command, {});
  if (options.waitMs !== null) answer.intent = await finished(engine, options.waitMs);
  if (options.json) context.terminal.json(answer);
  else context.terminal.print(NOW[answer.intent]);
}

/** Resolves when the engine has stopped by itself. Throws NOT_FINISHED after `waitMs`; it goes on finishing then. */
async function finished(engine: EngineClient, waitMs: number): Promise<RunIntent> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const { state } = await engine.invoke("state.snapshot", {});
    const held = state.markets.reduce((sum, { leasesHeld }) => sum + leasesHeld, 0);
    if (state.engine.intent !== "finishing" || held === 0) return state.engine.intent;
    if (performance.now() >= deadline) {
      throw new AppError({
        code: "NOT_FINISHED",
        message: `${held} ${held === 1 ? "job is" : "jobs are"} still held after ${span(waitMs)}`,
        actor: "user",
        help: "It goes on finishing; `bellows stop` ends it at once.",
      });
    }
    await delay(LOOK);
  }
}
