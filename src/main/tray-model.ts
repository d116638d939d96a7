/** What the tray says, computed from the same state as the window: an icon, a line, and the verbs that make sense. */
import type { EngineStatus } from "../shared/contract/bridge.ts";
import type { CommandName } from "../shared/contract/contract.ts";
import type { EarningsView, HeadlineLevel, State } from "../shared/contract/views.ts";
import { unreachable } from "../shared/errors.ts";
import { CURRENCIES, formatDecimal, fromMoneyValue } from "../shared/money.ts";
import { ALREADY_RUNNING } from "./running-engine.ts";

export type TrayIcon = "idle" | "earning" | "paused" | "attention" | "error";
export type TrayVerb = Extract<CommandName, "run.start" | "run.pause" | "run.finish" | "run.stop">;

export interface TrayModel {
  readonly icon: TrayIcon;
  readonly tooltip: string;
  /** First, disabled line of the menu. */
  readonly line: string;
  readonly verbs: readonly { readonly verb: TrayVerb; readonly label: string; readonly enabled: boolean }[];
}

/** Windows cuts a longer tooltip off. */
const TOOLTIP_LENGTH = 127;

export function trayModel(status: EngineStatus, state: State | null): TrayModel {
  const up = status.state === "up" && state !== null;
  const icon = up ? iconOf(state.headline.level) : iconWithoutEngine(status);
  const line = up ? state.headline.sentence : lineWithoutEngine(status);
  const name = state?.engine.mode === "demo" ? "Bellows demo" : "Bellows";
  const earned = up ? earnedToday(state.earnings) : null;
  return {
    icon,
    line,
    tooltip: [`${name}: ${line}`, earned]
      .filter((part) => part !== null)
      .join("\n")
      .slice(0, TOOLTIP_LENGTH),
    verbs: verbsOf(status, state),
  };
}

function iconOf(level: HeadlineLevel): TrayIcon {
  switch (level) {
    case "error":
      return "error";
    case "attention":
    case "offline":
      return "attention";
    case "stopped":
    case "paused":
    case "finishing":
      return "paused";
    case "earning":
      return "earning";
    case "starting":
    case "idle":
      return "idle";
    default:
      return unreachable(level);
  }
}

function iconWithoutEngine(status: EngineStatus): TrayIcon {
  switch (status.state) {
    case "failed":
      return "error";
    case "restarting":
      return "attention";
    case "starting":
    case "stopping":
    case "up":
      return "idle";
    default:
      return unreachable(status);
  }
}

function lineWithoutEngine(status: EngineStatus): string {
  switch (status.state) {
    case "starting":
    case "up":
      return "Starting the engine";
    case "restarting":
      return "The engine is being restarted";
    case "failed":
      return status.error.code === ALREADY_RUNNING
        ? "Bellows is already running"
        : "The engine could not start";
    case "stopping":
      return "Stopping";
    default:
      return unreachable(status);
  }
}

/** "Earned today 1.204131 ANM, 41.680400 AIT": what was credited, each currency for itself. */
function earnedToday(earnings: readonly EarningsView[]): string | null {
  if (earnings.length === 0) return null;
  const amounts = earnings.map(({ settledToday, currency }) => {
    const { decimals } = CURRENCIES[currency];
    return `${formatDecimal(fromMoneyValue(settledToday), decimals, decimals)} ${currency}`;
  });
  return `Earned today ${amounts.join(", ")}`;
}

function verbsOf(status: EngineStatus, state: State | null): TrayModel["verbs"] {
  const intent = status.state === "up" ? state?.engine.intent : undefined;
  return [
    {
      verb: "run.start",
      label: status.state === "failed" ? "Try again" : "Start",
      enabled: status.state === "failed" || (intent !== undefined && intent !== "running"),
    },
    { verb: "run.pause", label: "Pause", enabled: intent === "running" || intent === "finishing" },
    { verb: "run.finish", label: "Finish current and stop", enabled: intent === "running" },
    { verb: "run.stop", label: "Stop", enabled: intent !== undefined && intent !== "stopped" },
  ];
}

/** Jobs a stop would end. */
export const jobsHeld = (state: Pick<State, "markets"> | null): number =>
  state === null ? 0 : state.markets.reduce((sum, { leasesHeld }) => sum + leasesHeld, 0);
