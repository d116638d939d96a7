/** One threshold of the market: where we stand, the limit as a line on the bar, how far off it is and what it would cost. */
import {
  ArrowDownRight,
  ArrowRight,
  ArrowUpRight,
  CircleCheck,
  CircleHelp,
  CircleX,
  Minus,
  TriangleAlert,
} from "lucide-react";
import type { ServiceMeasure } from "../../shared/contract/service-level.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import type { Tone } from "../parts/tone.ts";
import { distanceWords, drawn, figure } from "./measure-words.ts";

const LOOK = {
  good: { icon: CircleCheck, tone: "ok" },
  warning: { icon: TriangleAlert, tone: "warn" },
  breached: { icon: CircleX, tone: "bad" },
  unknown: { icon: CircleHelp, tone: "muted" },
} as const satisfies Record<ServiceMeasure["state"], { icon: unknown; tone: Tone }>;

export function MeasureRow({ measure }: { measure: ServiceMeasure }) {
  const { icon: Icon, tone } = LOOK[isExcused(measure) ? "unknown" : measure.state];
  const label = t(`reliability.measure.${measure.name}`);
  const limit = figure(measure.limit, measure.unit);
  const value = figure(measure.value, measure.unit);
  return (
    <li className={`measure tone-${tone}`}>
      <div className="measure-name">
        <Icon size={16} className="measure-icon" aria-hidden />
        <span>{label}</span>
        <span className="visually-hidden">
          {t(`reliability.state.${isExcused(measure) ? "excused" : measure.state}`)}
        </span>
      </div>
      <Bar measure={measure} label={`${label}: ${t("reliability.bar", { value, limit })}`} />
      <div className="measure-value figures">{value}</div>
      <Trend measure={measure} />
      <p className="measure-words">{sentences(measure)}</p>
    </li>
  );
}

/** Past its limit, and it does not matter. */
const isExcused = ({ excused = false, state }: ServiceMeasure): boolean =>
  excused && (state === "warning" || state === "breached");

function Bar({ measure, label }: { measure: ServiceMeasure; label: string }) {
  const { fill, limit } = drawn(measure);
  return (
    <div className="measure-bar" role="img" aria-label={label}>
      <i className="measure-fill" style={{ width: `${fill}%` }} />
      <b className="measure-limit" style={{ left: `${limit}%` }} />
    </div>
  );
}

function Trend({ measure }: { measure: ServiceMeasure }) {
  const { trend, good } = measure;
  const up = (trend === "better") === (good === "above");
  const Icon =
    trend === "unknown" ? Minus : trend === "steady" ? ArrowRight : up ? ArrowUpRight : ArrowDownRight;
  const words = t(`reliability.trend.${trend}`);
  return (
    <span className={`measure-trend ${trend === "worse" ? "measure-worse" : ""}`} title={words}>
      <Icon size={14} aria-hidden />
      <span className="visually-hidden">{words}</span>
    </span>
  );
}

/** Distance first, then what the limit means, then what crossing it costs. */
function sentences(measure: ServiceMeasure): string {
  const { name, limit, unit, state, breachCost } = measure;
  const distance = distanceWords(measure);
  const parts = [
    distance === null ? `${capital(t(`reliability.state.${state}`))}.` : `${capital(distance)}.`,
    t(`reliability.explain.${isExcused(measure) ? "excused" : name}`, { limit: figure(limit, unit) }),
    ...(breachCost === null
      ? []
      : [t("reliability.costs", { amount: amountText(breachCost), currency: breachCost.currency })]),
  ];
  return parts.join(" ");
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
