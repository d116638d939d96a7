/** The orb: the state's sign, and around it the last minute, one tick a second, lit where a result was accepted. */

import type { HeadlineLevel } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { Flame } from "../parts/flame.tsx";
import { HEADLINE_LOOK } from "./headline-look.ts";
import { lastMinute } from "./last-minute.ts";

const CENTRE = 36;
const OUTER = 34;
const INNER = 28.5;

export function Orb({ level, perSecond }: { level: HeadlineLevel; perSecond: readonly number[] }) {
  const { icon: Icon, tone } = HEADLINE_LOOK[level];
  return (
    <div className={`orb tone-${tone}`} title={t("home.orbLegend")} aria-hidden="true">
      <svg viewBox="0 0 72 72" width="72" height="72" className="orb-ring" aria-hidden="true">
        {lastMinute(perSecond).map((count, second, { length }) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a tick is its place on the ring.
          <Tick key={second} turn={(second + 0.5 - length) / length} lit={count > 0} />
        ))}
      </svg>
      <span className="orb-sign">
        {Icon === null ? <Flame size={30} /> : <Icon size={26} strokeWidth={1.8} />}
      </span>
    </div>
  );
}

/** `turn`: part of a full turn, from -1 to 0; the newest second stands just before twelve o'clock. */
function Tick({ turn, lit }: { turn: number; lit: boolean }) {
  const angle = (turn - 0.25) * 2 * Math.PI;
  const x = Math.cos(angle);
  const y = Math.sin(angle);
  return (
    <line
      className={lit ? "tick tick-lit" : "tick"}
      x1={CENTRE + INNER * x}
      y1={CENTRE + INNER * y}
      x2={CENTRE + OUTER * x}
      y2={CENTRE + OUTER * y}
    />
  );
}
