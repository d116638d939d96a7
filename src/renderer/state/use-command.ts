/** A command as a control runs it: pending, then done or refused with the reason. */
import { useState } from "react";
import type { CommandInput, CommandName, CommandOutput } from "../../shared/contract/contract.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "./bridge-context.ts";

export interface CommandRunner {
  /** Resolves with the answer, or null when it was refused; never rejects. */
  run<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C> | null>;
  /** The command that has not been answered yet. */
  readonly pending: CommandName | null;
  readonly error: ErrorValue | null;
  clearError(): void;
}

export function useCommand(): CommandRunner {
  const bridge = useBridge();
  const [pending, setPending] = useState<CommandName | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const run: CommandRunner["run"] = async (command, input) => {
    setPending(command);
    setError(null);
    try {
      return await bridge.invoke(command, input);
    } catch (thrown) {
      setError(toErrorValue(thrown));
      return null;
    } finally {
      setPending(null);
    }
  };
  return { run, pending, error, clearError: () => setError(null) };
}
