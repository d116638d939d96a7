/** What a chart is made of, as uPlot wants it: scales, axes and series in the colours of the tokens. */
import uPlot from "uplot";
import { DAY, HOUR, SECOND } from "../../shared/durations.ts";
import { currentLanguage } from "../../shared/words/words.ts";
import { tokenValue, withOpacity } from "./theme.ts";
import type { Tone } from "./tone.ts";

export type ChartKind = "line" | "area" | "step" | "bars";

export interface ChartSeries {
  readonly label: string;
  readonly kind: ChartKind;
  readonly tone: Tone;
  /** One a time; null: unknown, drawn as a gap. For drawing only: money meets a float nowhere else. */
  readonly values: readonly (number | null)[];
  /** How one of them reads, with its unit. */
  readonly show: (value: number | null, index: number) => string;
  /** Less certain, or not there yet: drawn lighter. */
  readonly faded?: boolean;
  /** A second unit gets the axis at the right. */
  readonly axis?: "left" | "right";
  /** Said in the legend while no point is chosen; absent: the newest value. */
  readonly rest?: string;
}

export interface ChartLimit {
  readonly value: number;
  readonly tone: Tone;
}

export interface ChartPlot {
  /** Unix ms, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  /** Bars stand on each other, in the order of `series` from the ground up. */
  readonly stacked?: boolean;
  readonly limit?: ChartLimit;
  /** Width of one bar's time, ms; absent: the distance of the first two. */
  readonly step?: number;
  /** The least the left axis reaches up to, so that a still chart does not show noise as mountains. */
  readonly least?: number;
  /** What stands at the left axis; absent: the number. */
  readonly tick?: (value: number) => string;
  /** At the right axis. */
  readonly tickRight?: (value: number) => string;
}

/** What the built plot depends on; everything else is data or read anew at each drawing. */
export function plotShape({ series, stacked, limit }: ChartPlot): string {
  return JSON.stringify([
    series.map(({ kind, tone, faded, axis }) => [kind, tone, faded, axis]),
    stacked,
    limit,
  ]);
}

const SCALE = { left: "y", right: "right" } as const;
const scaleOf = ({ axis = "left" }: ChartSeries) => SCALE[axis];
const isBars = ({ kind }: ChartSeries) => kind === "bars";

/** uPlot draws in order, so a stack is drawn from its whole height down. */
function drawOrder({ series, stacked }: ChartPlot): readonly number[] {
  const order = series.map((_, index) => index);
  const bars = order.filter((index) => isBars(series[index] as ChartSeries));
  const lines = order.filter((index) => !bars.includes(index));
  return [...(stacked ? bars.reverse() : bars), ...lines];
}

export function plotData(plot: ChartPlot): uPlot.AlignedData {
  const heights = plot.stacked ? stack(plot.series) : plot.series.map(({ values }) => [...values]);
  return [[...plot.times], ...drawOrder(plot).map((index) => heights[index] ?? [])];
}

/** Each bar's top, over the bars under it; an unknown one adds nothing and is not drawn. */
function stack(series: readonly ChartSeries[]): (number | null)[][] {
  const ground: number[] = [];
  return series.map((one) => {
    if (!isBars(one)) return [...one.values];
    return one.values.map((value, at) => {
      if (value === null) return null;
      const top = (ground[at] ?? 0) + value;
      ground[at] = top;
      return value === 0 ? null : top;
    });
  });
}

/** `current` is asked at each drawing: formats and numbers may change while the plot stands. */
export function plotOptions(
  current: () => ChartPlot,
  size: { width: number; height: number },
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const plot = current();
  const font = () => `11px ${tokenValue("--font") || "sans-serif"}`;
  const twoSided = plot.series.some(({ axis }) => axis === "right");
  const valueAxis = (side: "left" | "right"): uPlot.Axis => ({
    scale: SCALE[side],
    side: side === "left" ? 3 : 1,
    stroke: () => tokenValue("--faint"),
    font: font(),
    gap: 6,
    space: 36,
    ticks: { show: false },
    grid: { show: side === "left", stroke: () => tokenValue("--line"), width: 1 },
    size: (self, values) => axisWidth(self, values ?? [], font()),
    values: (_, splits) => {
      const { tick, tickRight } = current();
      return splits.map((split) => ((side === "left" ? tick : tickRight) ?? plainTick)(split));
    },
  });
  return {
    ...size,
    ms: 1,
    legend: { show: false },
    padding: [8, twoSided ? 0 : 20, 0, 0],
    cursor: {
      y: false,
      drag: { setScale: false, x: false, y: false },
      points: {
        size: 7,
        width: 2,
        show: true,
        fill: () => tokenValue("--surface"),
      },
    },
    scales: {
      x: { time: true, range: (_, min, max) => timeRange(current(), min, max) },
      y: { range: (_, min, max) => valueRange(min, max, current()) },
      ...(twoSided && { right: { range: (_: uPlot, min: number, max: number) => valueRange(min, max, {}) } }),
    },
    axes: [
      {
        stroke: () => tokenValue("--faint"),
        font: font(),
        gap: 6,
        size: 26,
        space: 64,
        ticks: { show: false },
        grid: { show: false },
        values: (_, splits, __, ___, step) => splits.map((at) => timeTick(at, step)),
      },
      valueAxis("left"),
      ...(twoSided ? [valueAxis("right")] : []),
    ],
    series: [{}, ...drawOrder(plot).map((index) => seriesOptions(plot, plot.series[index] as ChartSeries))],
    hooks: {
      setCursor: [(self) => onCursor(self.cursor.idx ?? null)],
      drawAxes: [(self) => drawLimit(self, current().limit)],
    },
  };
}

function seriesOptions(plot: ChartPlot, series: ChartSeries): uPlot.Series {
  const colour = () => tokenValue(`--${series.tone}`);
  const base: uPlot.Series = {
    scale: scaleOf(series),
    label: series.label,
    spanGaps: false,
    points: { show: false },
  };
  const { bars, linear, stepped } = uPlot.paths;
  if (series.kind === "bars") {
    const strength = series.faded ? 0.4 : 1;
    return {
      ...base,
      width: 0,
      // Covers the higher bar that was drawn before it: a see-through one on the ground alone.
      fill: () => withOpacity(colour(), strength),
      ...(bars && { paths: bars({ size: [0.68, 36, 1], radius: plot.stacked ? 0 : [0.12, 0] }) }),
    };
  }
  const paths = series.kind === "step" ? stepped?.({ align: 1 }) : linear?.();
  return {
    ...base,
    width: 1.5,
    stroke: () => withOpacity(colour(), series.faded ? 0.55 : 1),
    ...(series.faded && { dash: [3, 3] }),
    ...(series.kind === "area" && { fill: () => withOpacity(colour(), 0.14) }),
    ...(paths && { paths }),
  };
}

/** Half a bar of room at both ends, and never a range of nothing. */
function timeRange(plot: ChartPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  const { times, series } = plot;
  const first = min ?? Date.now() - HOUR;
  const last = max ?? Date.now();
  const step = plot.step ?? (times[1] ?? 0) - (times[0] ?? 0);
  const room = series.some(isBars) ? (step > 0 ? step : DAY) / 2 : first === last ? SECOND : 0;
  return [first - room, last + room];
}

/** From nothing up, with a little air above the highest; below nothing only where a value is. */
export function valueRange(
  min: number | null,
  max: number | null,
  { least = 0, limit }: Pick<ChartPlot, "least" | "limit">,
): [number, number] {
  const high = Math.max(max ?? 0, least, limit?.value ?? 0);
  const low = Math.min(min ?? 0, 0);
  if (high === 0 && low === 0) return [0, 1];
  const air = (high - low) * 0.06;
  return [low === 0 ? 0 : low - air, high === 0 ? 0 : high + air];
}

function drawLimit(self: uPlot, limit: ChartLimit | undefined): void {
  if (limit === undefined) return;
  const { ctx, bbox } = self;
  const y = Math.round(self.valToPos(limit.value, SCALE.left, true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = tokenValue(`--${limit.tone}`);
  ctx.lineWidth = uPlot.pxRatio;
  ctx.setLineDash([4 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function axisWidth(self: uPlot, values: readonly string[], font: string): number {
  self.ctx.save();
  // The canvas is as many pixels as the screen has; the text is measured in those of the page.
  self.ctx.font = font;
  const widest = Math.max(0, ...values.map((value) => self.ctx.measureText(value ?? "").width));
  self.ctx.restore();
  return Math.ceil(widest) + 10;
}

function plainTick(value: number): string {
  return new Intl.NumberFormat(currentLanguage(), { notation: "compact", maximumFractionDigits: 2 }).format(
    value,
  );
}

/** As exact as the ticks are far from each other: "Nov", "12 Nov", "14:00", "14:03:20". */
export function timeTick(at: number, step: number): string {
  // British English, so that the day comes before the month, as everywhere else.
  const language = currentLanguage() === "de" ? "de-DE" : "en-GB";
  return new Intl.DateTimeFormat(language, tickFormat(step)).format(at);
}

function tickFormat(step: number): Intl.DateTimeFormatOptions {
  if (step >= 360 * DAY) return { year: "numeric" };
  if (step >= 27 * DAY) return { month: "short", year: "2-digit" };
  if (step >= DAY) return { day: "numeric", month: "short" };
  if (step >= 60 * SECOND) return { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
}
