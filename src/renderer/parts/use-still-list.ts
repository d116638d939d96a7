/** A list that changes by itself stays as it is while somebody is at it: what one aims at, or has in the focus, stays there. */
import { useState } from "react";
import { type ShownLines, StillLines } from "./still-lines.ts";
import { type Hold, useHold } from "./use-hold.ts";

/** `busy`: somebody is at it in another way, such as with one of its lines opened. */
export function useStillList<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  busy = false,
): ShownLines<T> & Pick<Hold, "hold"> {
  const { held, hold } = useHold();
  const [still] = useState(() => new StillLines(keyOf));
  return { ...still.shown(items, held || busy), hold };
}
