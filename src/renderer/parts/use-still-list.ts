/** A list that changes by itself keeps its lines in place while a pointer moves over it: what one aims at stays there. */
import { useEffect, useRef, useState } from "react";
import { SECOND } from "../../shared/durations.ts";

/** A pointer left lying on the list holds it no longer than this. */
const HOLDS_FOR = 4 * SECOND;

export interface StillList<T> {
  readonly shown: readonly T[];
  /** For the element around the list. */
  readonly hold: { readonly onPointerMove: () => void; readonly onPointerLeave: () => void };
}

export function useStillList<T>(items: readonly T[], keyOf: (item: T) => string): StillList<T> {
  const [held, setHeld] = useState<readonly T[] | null>(null);
  const release = useRef<ReturnType<typeof setTimeout> | null>(null);
  const letGo = () => {
    if (release.current !== null) clearTimeout(release.current);
    release.current = null;
    setHeld(null);
  };
  const onPointerMove = () => {
    if (release.current !== null) clearTimeout(release.current);
    release.current = setTimeout(letGo, HOLDS_FOR);
    setHeld((before) => before ?? items);
  };
  useEffect(
    () => () => {
      if (release.current !== null) clearTimeout(release.current);
    },
    [],
  );
  return {
    shown: held === null ? items : inPlace(held, items, keyOf),
    hold: { onPointerMove, onPointerLeave: letGo },
  };
}

/** The lines of before in their order, each as it is now; one that is no longer among them as it was. */
function inPlace<T>(before: readonly T[], now: readonly T[], keyOf: (item: T) => string): T[] {
  const newest = new Map(now.map((item) => [keyOf(item), item]));
  return before.map((item) => newest.get(keyOf(item)) ?? item);
}
