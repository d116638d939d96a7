/** Heat, power, load and memory of a device over time, each with its limit drawn where it has one. */
import type { DeviceSample, HistorySpan } from "../../shared/contract/devices.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { KIB, MINUTE } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { showGigabytes, showNumber, UNKNOWN } from "../format/reading.ts";
import { formatClock, formatMoment } from "../format/time.ts";
import { Chart } from "../parts/chart.tsx";
import { SPAN_MS, useHistory } from "./use-history.ts";

const HEIGHT = 112;

interface Course {
  readonly name: "temperature" | "power" | "load" | "memory";
  readonly value: (sample: DeviceSample) => number | null;
  readonly show: (value: number | null) => string;
  readonly least: number;
  readonly limit: number | null;
}

export function DeviceCharts({ device, span }: { device: DeviceView; span: HistorySpan }) {
  const samples = useHistory(device, span);
  const courses = coursesOf(device);
  // A device that tells nothing at all takes no room for what it does not tell.
  const silent =
    samples !== null &&
    samples.length > 0 &&
    courses.every(({ value }) => samples.every((sample) => value(sample) === null));
  return (
    <div className={`gpu-charts ${silent ? "gpu-charts-silent" : ""}`}>
      {courses.map((course) => (
        <ReadingChart key={course.name} device={device} course={course} samples={samples} span={span} />
      ))}
    </div>
  );
}

function coursesOf(device: DeviceView): readonly Course[] {
  const limit = device.temperatureLimit?.own ?? device.temperatureLimit?.general ?? null;
  const { memoryTotalMb, gpu } = device;
  return [
    {
      name: "temperature",
      value: ({ temperatureC }) => temperatureC,
      show: (value) => unit(showNumber(value), "°C"),
      least: Math.max(80, limit ?? 0),
      limit,
    },
    {
      name: "power",
      value: ({ powerW }) => powerW,
      show: (value) => unit(showNumber(value), "W"),
      least: gpu?.powerLimitW ?? 50,
      limit: gpu?.powerLimitW ?? null,
    },
    {
      name: "load",
      value: ({ utilisationPct }) => utilisationPct,
      show: (value) => unit(showNumber(value), "%"),
      least: 100,
      limit: null,
    },
    {
      name: "memory",
      // In GiB, so that the axis counts in whole ones.
      value: ({ memoryUsedMb }) => (memoryUsedMb === null ? null : memoryUsedMb / KIB),
      show: (value) => unit(showGigabytes(value === null ? null : value * KIB), "GB"),
      least: (memoryTotalMb ?? KIB) / KIB,
      limit: memoryTotalMb === null ? null : memoryTotalMb / KIB,
    },
  ];
}

const unit = (value: string, name: string): string => (value === UNKNOWN ? value : `${value} ${name}`);

interface ReadingChartProps {
  readonly device: DeviceView;
  readonly course: Course;
  readonly samples: readonly DeviceSample[] | null;
  readonly span: HistorySpan;
}

function ReadingChart({ device, course, samples, span }: ReadingChartProps) {
  const reading = t(`gpus.reading.${course.name}`);
  const values = samples?.map(course.value) ?? [];
  const known = values.filter((value) => value !== null);
  if (samples === null || samples.length === 0)
    return <Blank title={reading} words={t("gpus.chart.waiting")} />;
  if (known.length === 0) {
    const words = device.gpu?.suspended ? t("gpus.reading.asleep") : t("gpus.chart.none", { reading });
    return <Blank title={reading} words={words} />;
  }
  const newest = samples.at(-1)?.at ?? 0;
  // The whole span is drawn, so that a chart that has just begun does not look like one of ten minutes.
  const begin = { at: newest - SPAN_MS[span], value: null };
  const showTime = (at: number) => (span === "day" ? formatMoment(at - (at % MINUTE)) : formatClock(at));
  return (
    <Chart
      label={t("gpus.chart.label", { reading, name: device.name })}
      summary={t("gpus.chart.summary", {
        reading,
        span: t(span === "day" ? "gpus.chart.dayLong" : "gpus.chart.minutesLong"),
        low: course.show(Math.min(...known)),
        high: course.show(Math.max(...known)),
        now: course.show(values.at(-1) ?? null),
      })}
      height={HEIGHT}
      times={[begin.at, ...samples.map(({ at }) => at)]}
      series={[
        {
          label: reading,
          kind: "area",
          tone: "info",
          values: [begin.value, ...values],
          show: course.show,
        },
      ]}
      least={course.least}
      {...(course.limit === null ? {} : { limit: { value: course.limit, tone: "warn" } as const })}
      showTime={showTime}
      restTime=""
    />
  );
}

function Blank({ title, words }: { title: string; words: string }) {
  return (
    <div className="gpu-blank">
      <div className="gpu-blank-title">{title}</div>
      <div className="gpu-blank-words">{words}</div>
    </div>
  );
}
