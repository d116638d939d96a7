/** The bridge as React context, and a command as something a button can run: pending, then done or refused. */
import { createContext, useCallback, useContext, useState } from "react";
import type { CommandName } from "../../shared/contract/contract.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import type { Bridge } from "../bridge/bridge.ts";

export const BridgeContext = createContext<Bridge | null>(null);

export function useBridge(): Bridge {
  const bridge = useContext(BridgeContext);
  if (bridge === null) throw new Error("The page has no bridge");
  return bridge;
}

/** Commands that take nothing: the verbs. */
export type Verb = Extract<
  CommandName,
  "run.start" | "run.pause" | "run.finish" | "run.stop" | "notices.dismiss"
>;

export interface VerbRunner {
  run(verb: Verb): void;
  readonly pending: Verb | null;
  readonly error: ErrorValue | null;
  clearError(): void;
}

export function useVerb(): VerbRunner {
  const bridge = useBridge();
  const [pending, setPending] = useState<Verb | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const run = useCallback(
    (verb: Verb) => {
      setPending(verb);
      setError(null);
      bridge
        .invoke(verb, {})
        .catch((thrown: unknown) => setError(toErrorValue(thrown)))
        .finally(() => setPending(null));
    },
    [bridge],
  );
  return { run, pending, error, clearError: () => setError(null) };
}
