/**
 * A chart over time: drawn by uPlot in the colours of the tokens, read point by point with the mouse or the arrow keys.
 * What it shows stands as text in its legend, so nothing is said by colour alone.
 */
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type ChartPlot, type ChartSeries, plotData, plotOptions, plotShape } from "./chart-plot.ts";
import { onThemeChange } from "./theme.ts";
import "./chart.css";

export interface ChartProps extends ChartPlot {
  /** What it is, for who can't see it: "Earned per day on AICF". */
  readonly label: string;
  /** What it tells, in a sentence, for who can't see it. */
  readonly summary: string;
  /** Of the drawing, px. */
  readonly height?: number;
  /** How a point's time reads: "12 November 2026". */
  readonly showTime: (at: number) => string;
  /** Stands in the place of the time while no point is chosen: "Last 30 days". */
  readonly restTime?: string;
  /** No legend: where the figures stand beside the chart already. */
  readonly bare?: boolean;
}

export function Chart(props: ChartProps) {
  const { label, summary, height = 180, times, series, showTime, restTime = "", bare = false } = props;
  const [chosen, setChosen] = useState<number | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const plot = usePlot(frame, props, height, setChosen);
  const described = useId();
  const last = times.length - 1;
  const point = chosen !== null && chosen <= last ? chosen : null;

  const choose = (index: number) => {
    const at = times[Math.min(last, Math.max(0, index))];
    const u = plot.current;
    if (at === undefined || u === null) return;
    u.setCursor({ left: u.valToPos(at, "x"), top: 1 });
  };
  const onKey = (event: KeyboardEvent) => {
    const step = KEY_STEPS[event.key];
    if (event.key === "Escape" && point !== null) plot.current?.setCursor({ left: -10, top: -10 });
    else if (step !== undefined) choose(step(point ?? last + 1, last));
    else return;
    event.preventDefault();
  };

  const at = times[point ?? last];
  const words = (index: number) => series.map((one) => `${one.label} ${valueText(one, index)}`).join(", ");
  return (
    <figure className="chart">
      {!bare && (
        <figcaption className="chart-legend" aria-hidden>
          <span className="chart-time">{point === null ? restTime : showTime(times[point] as number)}</span>
          {series.map((one) => (
            <LegendItem key={one.label} series={one} point={point} last={last} />
          ))}
        </figcaption>
      )}
      <div
        ref={frame}
        className="chart-frame"
        style={{ height }}
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-describedby={described}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={point ?? Math.max(0, last)}
        aria-valuetext={at === undefined ? summary : `${showTime(at)}: ${words(point ?? last)}`}
        onKeyDown={onKey}
      />
      <span className="visually-hidden" id={described}>
        {summary}
      </span>
    </figure>
  );
}

const KEY_STEPS: Readonly<Record<string, (point: number, last: number) => number>> = {
  ArrowLeft: (point) => point - 1,
  ArrowRight: (point) => point + 1,
  ArrowDown: (point) => point - 1,
  ArrowUp: (point) => point + 1,
  PageUp: (point) => point - 7,
  PageDown: (point) => point + 7,
  Home: () => 0,
  End: (_, last) => last,
};

const valueText = (series: ChartSeries, index: number): string =>
  series.show(series.values[index] ?? null, index);

function LegendItem({ series, point, last }: { series: ChartSeries; point: number | null; last: number }) {
  const value = point === null ? (series.rest ?? valueText(series, last)) : valueText(series, point);
  return (
    <span className="chart-item">
      <i
        className={`chart-swatch chart-swatch-${series.kind} tone-${series.tone} ${series.faded ? "chart-swatch-faded" : ""}`}
      />
      <span className="chart-label">{series.label}</span>
      <span className="chart-value">{value}</span>
    </span>
  );
}

/** One uPlot for as long as the shape stays; new numbers are only handed over. */
function usePlot(
  frame: React.RefObject<HTMLDivElement | null>,
  props: ChartPlot,
  height: number,
  onCursor: (index: number | null) => void,
): React.RefObject<uPlot | null> {
  const plot = useRef<uPlot | null>(null);
  const current = useRef<ChartPlot>(props);
  current.current = props;
  const shape = plotShape(props);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for every part of the props that is built in.
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const size = () => ({ width: Math.max(120, element.clientWidth), height });
    const u = new uPlot(
      plotOptions(() => current.current, size(), onCursor),
      plotData(current.current),
      element,
    );
    plot.current = u;
    const resized = new ResizeObserver(() => {
      if (element.clientWidth !== u.width || height !== u.height) u.setSize(size());
    });
    resized.observe(element);
    const stopTheme = onThemeChange(() => u.redraw(true, true));
    let alive = true;
    // Text is measured with the font that is there: once more when it has come.
    void document.fonts.ready.then(() => alive && u.redraw(false, true));
    return () => {
      alive = false;
      stopTheme();
      resized.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, [shape, height]);

  const { times, series, least, limit } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: these are the data; the rest of the plot is read when it is drawn.
  useEffect(() => {
    plot.current?.setData(plotData(current.current));
  }, [times, series, least, limit?.value]);
  return plot;
}
