/** The fleet, read anew every quarter of a minute while somebody looks; a hidden window asks nobody. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { FleetView } from "../../shared/contract/fleet.ts";
import { SECOND } from "../../shared/durations.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";

export const READ_EVERY = 15 * SECOND;

export interface Fleet {
  /** null until the first answer. */
  readonly view: FleetView | null;
  /** Why the last look brought none; null when it did. */
  readonly error: ErrorValue | null;
  /** A person asked for a look that is not over; those that come by themselves disturb nobody. */
  readonly asked: boolean;
  /** Look now. */
  reload(): void;
}

export function useFleet(): Fleet {
  const bridge = useBridge();
  const up = usePage((page) => page.link.state === "up");
  // Another inventory is another fleet: the settings say so, and it is read at once.
  const source = usePage(({ engine }) => sourceOf(engine?.settings.values));
  const [fleet, setFleet] = useState<Omit<Fleet, "reload">>({ view: null, error: null, asked: false });
  const reload = useRef<() => void>(() => undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another source is read from the beginning.
  useEffect(() => {
    if (!up) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wanted = true;
    let asking = false;
    const ask = () => {
      clearTimeout(timer);
      if (asking || document.visibilityState === "hidden") return;
      asking = true;
      bridge
        .invoke("fleet.read", {})
        .then(
          (view) => ({ view, error: null }),
          (thrown: unknown) => ({ error: toErrorValue(thrown) }),
        )
        .then((answer) => {
          asking = false;
          if (!wanted) return;
          setFleet((before) => ({ ...before, ...answer, asked: false }));
          timer = setTimeout(ask, READ_EVERY);
        });
    };
    reload.current = () => {
      setFleet((before) => ({ ...before, asked: true }));
      ask();
    };
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      wanted = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [bridge, up, source]);
  return { ...fleet, reload: useCallback(() => reload.current(), []) };
}

function sourceOf(values: Readonly<Record<string, { readonly value: unknown }>> | undefined): string {
  return JSON.stringify([values?.["fleet.file"]?.value, values?.["fleet.prometheus_url"]?.value]);
}
