/** How a machine looks in a word: its state, its GPUs, its service. */
import {
  CircleCheck,
  CircleHelp,
  CircleX,
  Flame,
  GitCompareArrows,
  TriangleAlert,
  Unplug,
} from "lucide-react";
import type { FleetMachine, FleetMeasure, WorkerFacts } from "../../shared/contract/fleet.ts";
import { t } from "../../shared/words/words.ts";
import { HEADLINE_LOOK } from "../home/headline-look.ts";
import type { StatusLook } from "../parts/status-word.tsx";
import { figure } from "../reliability/measure-words.ts";
import { factsOf } from "./machine-list.ts";

const SERVICE = {
  good: { icon: CircleCheck, tone: "ok" },
  warning: { icon: TriangleAlert, tone: "warn" },
  breached: { icon: CircleX, tone: "bad" },
  unknown: { icon: CircleHelp, tone: "muted" },
} as const satisfies Record<FleetMeasure["state"], Omit<StatusLook, "word">>;

export function machineLook(machine: FleetMachine): StatusLook {
  const facts = factsOf(machine);
  if (facts === null && machine.otherVersion !== undefined)
    return { icon: GitCompareArrows, tone: "warn", word: t("fleet.otherVersion") };
  if (facts === null) return { icon: Unplug, tone: "bad", word: t("fleet.unreached") };
  return levelLook(facts);
}

export const levelLook = ({ level }: WorkerFacts): StatusLook => ({
  icon: HEADLINE_LOOK[level].icon ?? Flame,
  tone: HEADLINE_LOOK[level].tone,
  word: t(`fleet.level.${level}`),
});

/** In a row the measure's own short name is the word. */
export const measureLook = ({ state, name }: FleetMeasure): StatusLook => ({
  ...SERVICE[state],
  word: t(`fleet.service.${name}`),
});

/** "Availability 99.8 %, limit 99 %". */
export function measureWords({ name, value, limit, unit }: FleetMeasure): string {
  return t("fleet.service.value", {
    measure: t(`fleet.service.${name}`),
    value: figure(value, unit),
    limit: figure(limit, unit),
  });
}
