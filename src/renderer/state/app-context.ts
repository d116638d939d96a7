/** The desktop app as something a component can use: its view, and its commands with what became of them. */
import { createContext, useCallback, useContext, useState } from "react";
import type { AppCommandInput, AppViewCommand } from "../../shared/contract/app.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "./bridge-context.ts";
import { askApp } from "./follow-app.ts";
import type { Notices } from "./page-notices.ts";
import { pageStore } from "./store.ts";

export const NoticesContext = createContext<Notices | null>(null);

export function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (notices === null) throw new Error("The page has no notices");
  return notices;
}

export interface AppRunner {
  run<C extends AppViewCommand>(command: C, input: AppCommandInput<C>): Promise<boolean>;
  readonly pending: AppViewCommand | null;
  readonly error: ErrorValue | null;
  clearError(): void;
}

/** Does nothing where there is no app. `run` resolves with whether it was done. */
export function useApp(): AppRunner {
  const { app } = useBridge();
  const [pending, setPending] = useState<AppViewCommand | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const run = useCallback(
    async <C extends AppViewCommand>(command: C, input: AppCommandInput<C>) => {
      if (app === null) return false;
      setPending(command);
      setError(null);
      try {
        await askApp(app, pageStore, command, input);
        return true;
      } catch (thrown) {
        setError(toErrorValue(thrown));
        return false;
      } finally {
        setPending(null);
      }
    },
    [app],
  );
  return { run, pending, error, clearError: () => setError(null) };
}
