/** Is somebody at it: the pointer over it, or the keyboard's focus in it? Then nothing should move away from under him. */
import { type FocusEvent, type PointerEvent, useEffect, useRef, useState } from "react";

export interface Hold {
  readonly held: boolean;
  /** For the element around it. */
  readonly hold: {
    readonly onPointerEnter: (event: PointerEvent) => void;
    readonly onPointerLeave: () => void;
    readonly onFocus: (event: FocusEvent) => void;
    readonly onBlur: (event: FocusEvent) => void;
  };
}

export function useHold(): Hold {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const within = useRef<Element | null>(null);
  // A row that is taken away with the focus in it says no word of that.
  useEffect(() => {
    if (focused && within.current?.contains(document.activeElement) !== true) setFocused(false);
  });
  return {
    held: pointed || focused,
    hold: {
      // A finger that is lifted does not leave.
      onPointerEnter: ({ pointerType }) => setPointed(pointerType !== "touch"),
      onPointerLeave: () => setPointed(false),
      // A click leaves a focus behind too, which nobody sees or waits at.
      onFocus: ({ currentTarget, target }) => {
        within.current = currentTarget;
        setFocused(target.matches(":focus-visible"));
      },
      onBlur: ({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) setFocused(false);
      },
    },
  };
}
