/** A command's answer that is asked for again and again while somebody looks; the last one stays while the next is awaited. */
import { useCallback, useEffect, useState } from "react";
import type { CommandInput, CommandName, CommandOutput } from "../../shared/contract/contract.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "./bridge-context.ts";

export interface Answer<T> {
  /** null until the first answer. */
  readonly answer: T | null;
  /** Why the last try brought none; null when it did. */
  readonly error: ErrorValue | null;
  /** Ask now. */
  reload(): void;
}

/** `everyMs`: the pause between an answer and the next question; null: ask once. `input` may be made anew each time. */
export function useAnswer<C extends CommandName>(
  command: C,
  input: CommandInput<C>,
  everyMs: number | null,
): Answer<CommandOutput<C>> {
  const bridge = useBridge();
  const [answer, setAnswer] = useState<CommandOutput<C> | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const [turn, setTurn] = useState(0);
  const question = JSON.stringify(input);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` asks anew.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wanted = true;
    const ask = () => {
      bridge
        .invoke(command, JSON.parse(question) as CommandInput<C>)
        .then(
          (given) => {
            if (!wanted) return;
            setAnswer(given);
            setError(null);
          },
          (thrown: unknown) => {
            if (wanted) setError(toErrorValue(thrown));
          },
        )
        .finally(() => {
          if (wanted && everyMs !== null) timer = setTimeout(ask, everyMs);
        });
    };
    ask();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [bridge, command, question, everyMs, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return { answer, error, reload };
}
