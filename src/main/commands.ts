/** A command on its way from a person to the engine: checked before it leaves main, and "try again" understood. */
import { z } from "zod";
import type { EngineStatus } from "../shared/contract/bridge.ts";
import {
  COMMANDS,
  type CommandInput,
  type CommandName,
  type ContractClient,
  isCommandName,
} from "../shared/contract/contract.ts";
import { SECOND } from "../shared/durations.ts";
import { AppError } from "../shared/errors.ts";

/** A start by hand after a failure may take this long: the engine's own limit. */
const RETRY_WITHIN = 30 * SECOND;

export interface CommandedEngine extends Pick<ContractClient, "invoke"> {
  readonly status: EngineStatus;
  onStatus(listener: (status: EngineStatus) => void): () => void;
  start(): void;
}

/** Validates name and input before anything leaves main; `run.start` after a failure is the person's wish to try again. */
export async function carryOut(engine: CommandedEngine, command: unknown, input: unknown): Promise<unknown> {
  if (!isCommandName(command)) {
    throw new AppError({ code: "UNKNOWN_COMMAND", message: "There is no such command", actor: "bug" });
  }
  const parsed = COMMANDS[command].input.safeParse(input ?? {});
  if (!parsed.success) {
    throw new AppError({
      code: "BAD_INPUT",
      message: `${command}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`,
      actor: "bug",
    });
  }
  if (command === "run.start" && engine.status.state === "failed") {
    engine.start();
    await whenUpOrFailed(engine);
  }
  return engine.invoke(command, parsed.data as CommandInput<CommandName>);
}

/** Resolves when up; rejects with the new failure, or after the limit. */
function whenUpOrFailed(engine: CommandedEngine): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => settle(() => reject(tooLate())), RETRY_WITHIN);
    const settle = (act: () => void) => {
      clearTimeout(late);
      stop();
      act();
    };
    const check = (status: EngineStatus) => {
      if (status.state === "up") settle(resolve);
      if (status.state === "failed") settle(() => reject(AppError.fromValue(status.error)));
    };
    const stop = engine.onStatus(check);
    check(engine.status);
  });
}

function tooLate(): AppError {
  return new AppError({
    code: "ENGINE_NOT_UP",
    message: `The engine was not ready within ${RETRY_WITHIN / SECOND} s`,
    actor: "machine",
    retryable: true,
  });
}
