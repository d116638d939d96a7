/** What each device's readings were: every one of the last ten minutes, and a mean per minute of the last 24 hours. In memory only. */
import type { DeviceSample, HistorySpan } from "../../shared/contract/devices.ts";
import { DAY, MINUTE } from "../../shared/durations.ts";

const FINE_FOR = 10 * MINUTE;
/** One a second, with room for readings somebody asked for between. */
const FINE_MOST = 900;

type Readings = Omit<DeviceSample, "at">;
const NAMES = ["temperatureC", "powerW", "utilisationPct", "memoryUsedMb", "textsPerSecond"] as const;

interface Course {
  fine: DeviceSample[];
  /** Of whole minutes, each at its begin. */
  coarse: DeviceSample[];
  /** Of the minute under way. */
  minute: DeviceSample[];
}

export class DeviceHistory {
  readonly #courses = new Map<string, Course>();

  note(device: string, at: number, readings: Readings): void {
    const course = this.#courses.get(device) ?? { fine: [], coarse: [], minute: [] };
    this.#courses.set(device, course);
    const sample: DeviceSample = { at, ...pick(readings) };
    const [first] = course.minute;
    if (first !== undefined && minuteOf(first.at) !== minuteOf(at)) {
      course.coarse = [...course.coarse.filter((old) => old.at > at - DAY), meanOf(course.minute)];
      course.minute = [];
    }
    course.minute.push(sample);
    course.fine.push(sample);
    const from = course.fine.findIndex((old) => old.at > at - FINE_FOR);
    if (from > 0 || course.fine.length > FINE_MOST)
      course.fine = course.fine.slice(Math.max(from, course.fine.length - FINE_MOST));
  }

  /** Oldest first; empty for a device that was never read. */
  samples(device: string, span: HistorySpan): DeviceSample[] {
    const course = this.#courses.get(device);
    if (course === undefined) return [];
    if (span === "minutes") return [...course.fine];
    return course.minute.length === 0 ? [...course.coarse] : [...course.coarse, meanOf(course.minute)];
  }
}

const minuteOf = (at: number): number => Math.floor(at / MINUTE);

function pick(readings: Readings): Readings {
  const { temperatureC, powerW, utilisationPct, memoryUsedMb, textsPerSecond } = readings;
  return { temperatureC, powerW, utilisationPct, memoryUsedMb, textsPerSecond };
}

/** Of what was known; unknown only where nothing was. */
function meanOf(samples: readonly DeviceSample[]): DeviceSample {
  const mean = (name: (typeof NAMES)[number]): number | null => {
    const known = samples.flatMap((sample) => sample[name] ?? []);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  return {
    at: minuteOf(samples[0]?.at ?? 0) * MINUTE,
    temperatureC: mean("temperatureC"),
    powerW: mean("powerW"),
    utilisationPct: mean("utilisationPct"),
    memoryUsedMb: mean("memoryUsedMb"),
    textsPerSecond: mean("textsPerSecond"),
  };
}
