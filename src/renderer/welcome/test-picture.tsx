/** A self-test as it goes: what the device does while it works, and which parts of the test are done. */
import { CircleCheck, CircleDashed, CircleHelp, CircleX, LoaderCircle } from "lucide-react";
import type { SelfTestStep } from "../../shared/contract/self-test.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber, showRate } from "../format/reading.ts";
import { Spark } from "../parts/spark.tsx";
import type { TestSample } from "./use-test-samples.ts";

interface Course {
  readonly name: "pace" | "load" | "temperature" | "power";
  readonly unit: string;
  readonly value: (sample: TestSample) => number | null;
  readonly show: (value: number | null) => string;
  /** What the top of the picture stands for at least. */
  readonly top?: number;
}

const COURSES: readonly Course[] = [
  { name: "pace", unit: "", value: ({ textsPerSecond }) => textsPerSecond, show: showRate },
  { name: "load", unit: "%", value: ({ utilisationPct }) => utilisationPct, show: showNumber, top: 100 },
  { name: "temperature", unit: "°C", value: ({ temperatureC }) => temperatureC, show: showNumber, top: 90 },
  { name: "power", unit: "W", value: ({ powerW }) => powerW, show: showNumber },
];

/** The parts a test has, in their order (engine/self-test/self-test.ts). */
const PARTS = ["device", "backend", "answer", "throughput", "memory", "temperature"] as const;

interface TestPictureProps {
  readonly samples: readonly TestSample[];
  readonly steps: readonly SelfTestStep[];
  readonly running: boolean;
  /** Of the fastest batch, when the test has ended: what counts; null while it runs. */
  readonly result: number | null;
}

export function TestPicture({ samples, steps, running, result }: TestPictureProps) {
  // The pace is the picture's point; what a device does not tell has no place in it.
  const courses = COURSES.filter(
    ({ name, value }) => name === "pace" || samples.some((sample) => value(sample) !== null),
  );
  return (
    <div className="test-picture">
      <ul className="test-tiles">
        {courses.map((course) => (
          <Tile
            key={course.name}
            course={course}
            samples={samples}
            result={course.name === "pace" ? result : null}
          />
        ))}
      </ul>
      <ol className="test-parts">
        {PARTS.map((part, place) => (
          <Part
            key={part}
            part={part}
            step={steps.find(({ name }) => name === part)}
            next={running && place === steps.length}
          />
        ))}
      </ol>
    </div>
  );
}

function Tile(props: { course: Course; samples: readonly TestSample[]; result: number | null }) {
  const { course, samples, result } = props;
  const { name, unit, value, show, top } = course;
  const values = samples.map(value);
  const newest = result ?? values.findLast((known) => known !== null) ?? null;
  const label = t(`welcome.machine.reading.${name}`);
  const text = unit === "" ? show(newest) : `${show(newest)} ${unit}`;
  return (
    <li className="test-tile">
      <span className="test-tile-label">{label}</span>
      <span className="test-tile-value">{text}</span>
      <Spark
        values={values}
        label={`${label}: ${text}`}
        tone="info"
        width={140}
        height={32}
        {...(top === undefined ? {} : { top })}
      />
    </li>
  );
}

function Part(props: { part: (typeof PARTS)[number]; step: SelfTestStep | undefined; next: boolean }) {
  const { part, step, next } = props;
  const [Icon, tone, state] = lookOf(step, next);
  return (
    <li className={`status-word tone-${tone}`}>
      <Icon size={14} className={next ? "spin" : ""} aria-hidden />
      {t(`gpus.test.step.${part}`)}
      <span className="visually-hidden">: {t(`welcome.machine.part.${state}`)}</span>
    </li>
  );
}

function lookOf(step: SelfTestStep | undefined, next: boolean) {
  if (step === undefined)
    return next ? ([LoaderCircle, "info", "now"] as const) : ([CircleDashed, "muted", "open"] as const);
  if (step.ok === null) return [CircleHelp, "muted", "unknown"] as const;
  return step.ok ? ([CircleCheck, "ok", "good"] as const) : ([CircleX, "bad", "bad"] as const);
}
