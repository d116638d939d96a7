/** A line without axes, as high as a line of text: where a reading went lately. Its words stand in its label. */
import type { Tone } from "./tone.ts";
import "./spark.css";

interface SparkProps {
  /** Oldest first; null: unknown, a gap. */
  values: readonly (number | null)[];
  /** What it shows, with the newest value: "Temperature over 10 minutes, now 64 °C". */
  label: string;
  tone?: Tone;
  /** What the top stands for at least; absent: the highest value. */
  top?: number;
  width?: number;
  height?: number;
}

export function Spark({ values, label, tone = "muted", top, width = 72, height = 20 }: SparkProps) {
  return (
    <svg
      className={`spark-line tone-${tone}`}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={label}
    >
      <path d={sparkPath(values, { width, height, top })} />
    </svg>
  );
}

/** The path of a sparkline; one move for each stretch that is known. */
export function sparkPath(
  values: readonly (number | null)[],
  { width, height, top }: { width: number; height: number; top?: number | undefined },
): string {
  const known = values.filter((value) => value !== null);
  const high = Math.max(top ?? 0, ...known);
  const low = Math.min(0, ...known);
  const span = high - low || 1;
  const step = values.length > 1 ? (width - 2) / (values.length - 1) : 0;
  let pen = "M";
  return values
    .map((value, index) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const x = (1 + index * step).toFixed(1);
      const y = (height - 1 - ((value - low) / span) * (height - 2)).toFixed(1);
      const drawn = `${pen}${x} ${y}`;
      pen = "L";
      return drawn;
    })
    .join("");
}
