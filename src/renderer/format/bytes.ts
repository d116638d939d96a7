/** Sizes of files: decimal units, as disks are sold and as downloads are counted. */
import { showNumber, UNKNOWN } from "./reading.ts";

const STEPS = [
  { from: 1e12, unit: "TB" },
  { from: 1e9, unit: "GB" },
  { from: 1e6, unit: "MB" },
  { from: 1e3, unit: "kB" },
] as const;

/** "55.0 MB", "608 MB", "2.4 GB"; three digits are enough to compare by. Unknown is a dash. */
export function showBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return UNKNOWN;
  // 999 950 would be written "1000 kB": what rounds up belongs to the next unit.
  const step = STEPS.find(({ from }) => bytes >= from * 0.9995);
  if (step === undefined) return `${showNumber(bytes)} B`;
  const value = bytes / step.from;
  return `${showNumber(value, value < 99.95 ? 1 : 0)} ${step.unit}`;
}
