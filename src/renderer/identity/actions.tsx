/** Buttons in a row; none can be pressed while the engine does not answer, because what is shown may no longer be true. */
import type { ReactNode } from "react";
import { usePage } from "../state/store.ts";

export function Actions({ children }: { children: ReactNode }) {
  const stale = usePage((page) => page.stale);
  return (
    <fieldset className="key-actions" disabled={stale}>
      {children}
    </fieldset>
  );
}
