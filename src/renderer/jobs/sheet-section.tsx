/** A part of the sheet under a heading of its own, with what can be done with it at its side. */
import type { ReactNode } from "react";

interface SheetSectionProps {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

export function SheetSection({ title, aside, children }: SheetSectionProps) {
  return (
    <section className="sheet-section">
      <div className="sheet-section-head">
        <h3>{title}</h3>
        {aside}
      </div>
      {children}
    </section>
  );
}
