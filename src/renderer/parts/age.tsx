/** "3 s ago", or bare "3 s" where a column's head says Age: moved by the page's one clock, with the exact moment behind it. */

import { UNKNOWN } from "../format/reading.ts";
import { coarse, formatAge, formatMoment } from "../format/time.ts";
import { usePage } from "../state/store.ts";

interface AgeProps {
  at: number | null;
  bare?: boolean;
  className?: string;
}

export function Age({ at, bare = false, className }: AgeProps) {
  const words = usePage(({ now }) => (at === null ? UNKNOWN : bare ? coarse(now - at) : formatAge(at, now)));
  if (at === null) return <span className={className}>{UNKNOWN}</span>;
  return (
    <time
      className={`nowrap ${className ?? ""}`}
      dateTime={new Date(at).toISOString()}
      title={formatMoment(at)}
    >
      {words}
    </time>
  );
}
