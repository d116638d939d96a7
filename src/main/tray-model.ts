/** What the tray says, computed from the same state as the window: an icon, a line, and what makes sense to do. */

import type { AppView } from "../shared/contract/app.ts";
import type { EngineStatus } from "../shared/contract/bridge.ts";
import type { CommandName } from "../shared/contract/contract.ts";
import type { DeviceView, EarningsView, HeadlineLevel, State } from "../shared/contract/views.ts";
import { isSnoozed } from "../shared/device-rest.ts";
import { unreachable } from "../shared/errors.ts";
import { isLeftOut } from "../shared/gpu/left-out.ts";
import { CURRENCIES, formatDecimal, fromMoneyValue } from "../shared/money.ts";
import { hear } from "../shared/words/hear.ts";
import { showDecimal } from "../shared/words/numbers.ts";
import type { Spoken } from "../shared/words/said.ts";
import { currentLanguage, t } from "../shared/words/words.ts";
import { ALREADY_RUNNING } from "./running-engine.ts";

export type TrayIcon = "idle" | "earning" | "paused" | "attention" | "error";
export type TrayVerb = Extract<CommandName, "run.start" | "run.pause" | "run.finish" | "run.stop">;

export type TrayAction =
  | { readonly kind: "verb"; readonly verb: TrayVerb }
  | { readonly kind: "pause"; readonly device: string; readonly for: "hour" | "restart" | "until-resumed" }
  | { readonly kind: "resume"; readonly device: string }
  | { readonly kind: "leave-safe-mode" }
  | { readonly kind: "install-update" }
  | { readonly kind: "start-at-login"; readonly enabled: boolean };

export interface TrayItem {
  readonly label: string;
  readonly action: TrayAction;
  /** A switch, and how it stands. */
  readonly checked?: boolean;
}

export interface TrayModel {
  readonly icon: TrayIcon;
  readonly tooltip: string;
  /** First, disabled line of the menu. */
  readonly line: string;
  /** What stands out of the ordinary: safe mode, an update. */
  readonly urgent: readonly TrayItem[];
  readonly verbs: readonly { readonly verb: TrayVerb; readonly label: string; readonly enabled: boolean }[];
  /** A submenu for each GPU; without items it is only named. */
  readonly devices: readonly { readonly label: string; readonly items: readonly TrayItem[] }[];
  readonly switches: readonly TrayItem[];
  /** Says what quitting means for the jobs that are held. */
  readonly quit: string;
}

/** Windows cuts a longer tooltip off. */
const TOOLTIP_LENGTH = 127;

export function trayModel(status: EngineStatus, state: State | null, app: AppView | null = null): TrayModel {
  const up = status.state === "up" && state !== null;
  const safe = app?.safeMode != null;
  const line = up
    ? safe
      ? t("app.tray.safeMode")
      : hear(state.headline.sentence, state.headline.said)
    : lineWithoutEngine(status);
  const name = state?.engine.mode === "demo" ? "Bellows demo" : "Bellows";
  const proofs = up ? [rate(state), earnedToday(state.earnings)].filter((part) => part !== null) : [];
  const held = up ? jobsHeld(state) : 0;
  return {
    icon: up ? (safe ? "attention" : iconOf(state.headline.level)) : iconWithoutEngine(status),
    line,
    tooltip: tooltipOf(`${name}: ${line}`, proofs),
    urgent: urgentOf(app),
    verbs: verbsOf(status, state),
    devices: up ? state.devices.filter(({ kind }) => kind === "gpu").map(deviceMenu) : [],
    switches: switchesOf(app),
    quit: held > 0 ? t("app.tray.quitHeld", { count: held }) : t("app.tray.quit"),
  };
}

/** What is too long is the sentence: it stands in the menu and the window as well, the figures do not. */
function tooltipOf(line: string, proofs: readonly string[]): string {
  const figures = proofs.map((proof) => `\n${proof}`).join("");
  const room = TOOLTIP_LENGTH - figures.length;
  const short = line.length <= room ? line : `${line.slice(0, room - 1).trimEnd()}…`;
  return short + figures;
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
      return doingOf(status) ?? t("app.tray.starting");
    case "up":
      return t("app.tray.starting");
    case "restarting":
      return doingOf(status) ?? t("app.tray.restarting");
    case "failed":
      return status.error.code === ALREADY_RUNNING ? t("app.tray.elsewhere") : t("app.tray.failed");
    case "stopping":
      return t("app.tray.stopping");
    default:
      return unreachable(status);
  }
}

/** What a start that takes long is at. */
const doingOf = ({ doing }: { readonly doing?: Spoken | undefined }): string | null =>
  doing === undefined ? null : hear(doing.text, doing.said);

/** "184 jobs in the last minute"; nothing while there are none. */
function rate({ throughput }: State): string | null {
  return throughput.jobsLastMinute === 0 ? null : t("app.tray.rate", { count: throughput.jobsLastMinute });
}

/** "Earned today 1.204131 ANM, 41.680400 AIT": what was credited, each currency for itself. */
function earnedToday(earnings: readonly EarningsView[]): string | null {
  if (earnings.length === 0) return null;
  const amounts = earnings.map(({ settledToday, currency }) => {
    const { decimals } = CURRENCIES[currency];
    const amount = formatDecimal(fromMoneyValue(settledToday), decimals, decimals);
    return `${showDecimal(amount, currentLanguage())} ${currency}`;
  });
  return t("app.tray.earnedToday", { amounts: amounts.join(", ") });
}

function urgentOf(app: AppView | null): TrayItem[] {
  if (app === null) return [];
  const items: TrayItem[] = [];
  if (app.safeMode !== null) {
    items.push({ label: t("app.tray.leaveSafeMode"), action: { kind: "leave-safe-mode" } });
  }
  if (app.updates.phase.state === "ready") {
    const { version } = app.updates.phase.offer;
    items.push({ label: t("app.tray.installUpdate", { version }), action: { kind: "install-update" } });
  }
  return items;
}

function verbsOf(status: EngineStatus, state: State | null): TrayModel["verbs"] {
  const intent = status.state === "up" ? state?.engine.intent : undefined;
  return [
    {
      verb: "run.start",
      label: status.state === "failed" ? t("app.tray.again") : t("app.tray.start"),
      enabled: status.state === "failed" || (intent !== undefined && intent !== "running"),
    },
    {
      verb: "run.pause",
      label: t("app.tray.pause"),
      enabled: intent === "running" || intent === "finishing",
    },
    { verb: "run.finish", label: t("app.tray.finish"), enabled: intent === "running" },
    { verb: "run.stop", label: t("app.tray.stop"), enabled: intent !== undefined && intent !== "stopped" },
  ];
}

/** The same choices as the GPU's card in the window. */
function deviceMenu(device: DeviceView): TrayModel["devices"][number] {
  const { id, name, enabled, state } = device;
  const pauses: TrayItem[] = [
    { label: t("app.tray.device.pauseHour"), action: { kind: "pause", device: id, for: "hour" } },
    { label: t("app.tray.device.pauseRestart"), action: { kind: "pause", device: id, for: "restart" } },
    { label: t("app.tray.device.pauseOpen"), action: { kind: "pause", device: id, for: "until-resumed" } },
  ];
  const resume: TrayItem = { label: t("app.tray.device.resume"), action: { kind: "resume", device: id } };
  return {
    label: t(`app.tray.device.${stateWord(device)}`, { name }),
    items: isSnoozed(device) ? [resume] : enabled && state !== "failed" ? pauses : [],
  };
}

function stateWord(device: DeviceView): "off" | "paused" | "failed" | "working" | "ready" {
  if (!device.enabled || isLeftOut(device)) return "off";
  if (device.paused !== null) return "paused";
  if (device.state === "failed") return "failed";
  return device.runningJobs > 0 ? "working" : "ready";
}

function switchesOf(app: AppView | null): TrayItem[] {
  if (app === null || app.login.impossible !== null || app.login.enabled === null) return [];
  const { enabled } = app.login;
  return [
    {
      label: t("app.tray.startAtLogin"),
      checked: enabled,
      action: { kind: "start-at-login", enabled: !enabled },
    },
  ];
}

/** Jobs a stop would end. */
export const jobsHeld = (state: Pick<State, "markets"> | null): number =>
  state === null ? 0 : state.markets.reduce((sum, { leasesHeld }) => sum + leasesHeld, 0);
