/** A titled region of a screen. */
import { type ReactNode, useId } from "react";

interface CardProps {
  title: string;
  /** Quiet words at the right of the title: the window, the source, the age. */
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Card({ title, aside, className = "", children }: CardProps) {
  const heading = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={heading}>
      <div className="card-head">
        <h2 className="card-title" id={heading}>
          {title}
        </h2>
        {aside !== undefined && <div className="card-aside">{aside}</div>}
      </div>
      {children}
    </section>
  );
}
