/** The window's heartbeats on a line of time: each vouches for a while, and a gap is seen at once. */
import type { ServiceLevel } from "../../shared/contract/service-level.ts";
import type { MarketView } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { coarse, formatClock, formatDuration } from "../format/time.ts";
import { Age } from "../parts/age.tsx";
import { Card } from "../parts/card.tsx";
import { useEngine } from "../state/store.ts";

export function Heartbeats({ market, level }: { market: MarketView; level: ServiceLevel }) {
  const stopped = useEngine((state) => state.engine.intent === "stopped");
  const { window, beats, aliveMs } = level;
  const gap = longestGap(level);
  const span = formatDuration(window.to - window.from);
  return (
    <Card title={t("reliability.beats.title")} className="beats-card">
      <div
        className="beats-strip"
        role="img"
        aria-label={
          beats.length === 0
            ? t("reliability.beats.none")
            : t("reliability.beats.strip", { count: beats.length, span, gap: coarse(gap ?? 0) })
        }
      >
        {covered(level).map(({ from, to }) => (
          <i key={from} style={{ left: place(from, window), width: width(to - from, window) }} />
        ))}
        {beats.map((at) => (
          <b key={at} style={{ left: place(at, window) }} />
        ))}
      </div>
      <div className="beats-axis figures" aria-hidden>
        <span>{formatClock(window.from)}</span>
        <span>{formatClock(window.to)}</span>
      </div>
      <dl className="facts">
        <div>
          <dt>{t("reliability.beats.last")}</dt>
          <dd>
            <Age at={market.lastHeartbeatAckAt} />
          </dd>
        </div>
        <div>
          <dt>{t("reliability.beats.every")}</dt>
          <dd>{market.heartbeatIntervalMs === null ? UNKNOWN : coarse(market.heartbeatIntervalMs)}</dd>
        </div>
        <div>
          <dt>{t("reliability.beats.count")}</dt>
          <dd>{showNumber(beats.length)}</dd>
        </div>
        <div>
          <dt>{t("reliability.beats.gap")}</dt>
          <dd>{gap === null ? UNKNOWN : coarse(gap)}</dd>
        </div>
      </dl>
      <p className="quiet beats-legend">
        {stopped ? t("reliability.beats.stopped") : aliveMs > 0 && t("reliability.beats.legend")}
      </p>
    </Card>
  );
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** What the heartbeats vouch for, overlaps joined. */
export function covered({
  window,
  beats,
  aliveMs,
}: Pick<ServiceLevel, "window" | "beats" | "aliveMs">): Span[] {
  const spans: { from: number; to: number }[] = [];
  for (const at of beats) {
    const to = Math.min(window.to, at + aliveMs);
    const last = spans.at(-1);
    if (last !== undefined && at <= last.to) last.to = Math.max(last.to, to);
    else spans.push({ from: at, to });
  }
  return spans;
}

/** Between two heartbeats, or since the last one; null without any. */
export function longestGap({ window, beats }: Pick<ServiceLevel, "window" | "beats">): number | null {
  if (beats.length === 0) return null;
  return beats.reduce((longest, at, i) => Math.max(longest, (beats[i + 1] ?? window.to) - at), 0);
}

const width = (ms: number, { from, to }: Span) => `${(100 * ms) / Math.max(1, to - from)}%`;
const place = (at: number, window: Span) => width(at - window.from, window);
