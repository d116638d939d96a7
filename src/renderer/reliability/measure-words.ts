/** A measure's figures as a person reads them: shares in per cent, times in seconds, distances to the limit in words. */
import type { ServiceMeasure } from "../../shared/contract/service-level.ts";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";

/** "99.2 %", "0.84 s", "1". */
export function figure(value: number | null, unit: ServiceMeasure["unit"]): string {
  if (value === null) return UNKNOWN;
  switch (unit) {
    case "ratio":
      return `${showNumber(value * 100, 1)} %`;
    case "ms":
      return value < SECOND ? `${showNumber(value)} ms` : `${showNumber(value / SECOND, 2)} s`;
    case "count":
      return showNumber(value);
  }
}

/** "0.4 points above the limit"; null while nothing is measured. */
export function distanceWords({ distance, unit, good }: ServiceMeasure): string | null {
  if (distance === null) return null;
  const size = Math.abs(distance);
  if (unit === "count")
    return distance > 0
      ? t("reliability.left", { count: size })
      : t("reliability.over", { distance: figure(size, unit) });
  const shown =
    unit === "ratio" ? t("reliability.points", { points: showNumber(size * 100, 1) }) : figure(size, unit);
  if (good === "above")
    return t(distance >= 0 ? "reliability.above" : "reliability.below", { distance: shown });
  return t(distance >= 0 ? "reliability.leftBefore" : "reliability.over", { distance: shown });
}

export interface Drawn {
  /** 0…100, of the bar's length. */
  readonly fill: number;
  readonly limit: number;
}

/**
 * Where value and limit stand on the bar. A share is drawn from a floor that keeps its limit well inside: between 98 and
 * 100 % is where it is decided, and a bar from 0 would show nothing of it.
 */
export function drawn({ value, limit, unit }: Pick<ServiceMeasure, "value" | "limit" | "unit">): Drawn {
  if (unit === "ratio") {
    const floor = Math.max(0, 1 - (1 - limit) / 0.4);
    const place = (share: number) => percent((share - floor) / (1 - floor));
    return { fill: value === null ? 0 : place(value), limit: place(limit) };
  }
  const whole = limit / 0.75;
  return { fill: value === null ? 0 : percent(value / whole), limit: percent(limit / whole) };
}

const percent = (share: number) => 100 * Math.min(1, Math.max(0, share));
