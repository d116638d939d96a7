/** A command about one model as a button runs it: pending, then done or refused with the reason. */
import { useState } from "react";
import type { CommandName } from "../../shared/contract/contract.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import type { Bridge } from "../bridge/bridge.ts";
import { useBridge } from "../state/bridge-context.ts";

export interface ModelCommand {
  /** Resolves to whether it was done; never rejects. */
  run(name: CommandName, act: (bridge: Bridge) => Promise<unknown>): Promise<boolean>;
  /** The command that has not been answered yet. */
  readonly pending: CommandName | null;
  readonly error: ErrorValue | null;
}

export function useModelCommand(): ModelCommand {
  const bridge = useBridge();
  const [pending, setPending] = useState<CommandName | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const run = async (name: CommandName, act: (bridge: Bridge) => Promise<unknown>) => {
    setPending(name);
    setError(null);
    try {
      await act(bridge);
      return true;
    } catch (thrown) {
      setError(toErrorValue(thrown));
      return false;
    } finally {
      setPending(null);
    }
  };
  return { run, pending, error };
}
