import { describe, expect, it } from "vitest";
import {
  type ChartSeries,
  plotData,
  timeTick,
  valueRange,
} from "../../../../src/renderer/parts/chart-plot.ts";
import { sparkPath } from "../../../../src/renderer/parts/spark.tsx";
import { DAY, HOUR, SECOND } from "../../../../src/shared/durations.ts";

const series = (label: string, kind: ChartSeries["kind"], values: (number | null)[]): ChartSeries => ({
  label,
  kind,
  tone: "ember",
  values,
  show: String,
});

describe("what is plotted", () => {
  it("stands stacked bars on each other, drawn from the highest down, and leaves lines where they are", () => {
    const data = plotData({
      times: [1, 2, 3],
      stacked: true,
      series: [
        series("net", "bars", [1, 2, 0]),
        series("fee", "bars", [1, null, 4]),
        series("energy", "line", [9, 8, null]),
      ],
    });
    expect(data).toEqual([
      [1, 2, 3],
      [2, null, 4],
      [1, 2, null],
      [9, 8, null],
    ]);
  });

  it("starts its values at nothing, leaves air above the highest and shows a limit whole", () => {
    expect(valueRange(null, null, {})).toEqual([0, 1]);
    expect(valueRange(3, 10, {})[0]).toBe(0);
    expect(valueRange(3, 10, {})[1]).toBeGreaterThan(10);
    expect(valueRange(1, 2, { limit: { value: 90, tone: "bad" } })[1]).toBeGreaterThan(90);
    expect(valueRange(1, 2, { least: 50 })[1]).toBeGreaterThan(50);
    expect(valueRange(-4, 2, {})[0]).toBeLessThan(-4);
  });

  it("writes times as exactly as they are far from each other", () => {
    const at = new Date(2026, 10, 21, 14, 3, 20).getTime();
    expect(timeTick(at, 30 * DAY)).toBe("Nov 26");
    expect(timeTick(at, DAY)).toBe("21 Nov");
    expect(timeTick(at, HOUR)).toBe("14:03");
    expect(timeTick(at, 10 * SECOND)).toBe("14:03:20");
  });
});

describe("a sparkline", () => {
  const size = { width: 12, height: 12 };

  it("goes from edge to edge, the highest at the top", () => {
    expect(sparkPath([0, 10], size)).toBe("M1.0 11.0L11.0 1.0");
  });

  it("leaves a gap where nothing is known, and draws nothing of nothing", () => {
    expect(sparkPath([10, null, 10], size)).toBe("M1.0 1.0M11.0 1.0");
    expect(sparkPath([], size)).toBe("");
    expect(sparkPath([null, null], size)).toBe("");
  });

  it("keeps to a fixed top where one is given", () => {
    expect(sparkPath([50], { ...size, top: 100 })).toBe("M1.0 6.0");
  });
});
