/**
 * Whether a device may work beside its person: a pure judgement of what was seen, of the rules and of what held a moment
 * ago. Each signal blocks for as long as it is seen and a little longer, so that a device does not flap; what can't be
 * seen stops nothing; and our own load never counts as somebody else's.
 */
import {
  type PauseView,
  type PresenceRules,
  type PresenceSignal,
  type PresenceSignalName,
  PresenceSignalNameSchema,
} from "../../shared/contract/presence.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { hasPassed } from "../../shared/wait.ts";
import { type EngineKey, type Sentence, say } from "../../shared/words/said.ts";
import { isDesktopProgram, isListed, programLabel } from "./programs.ts";

/** A program that is gone may come back at once: games start through launchers. */
const QUIET_AFTER = 15 * SECOND;
/** What was seen and can't be asked any more is taken to be over after this. */
const BLIND_FOR = 2 * MINUTE;
/** A GPU below its limit by this much has cooled down, °C. */
const COOLED_BY = 8;
/** The driver's load is that of the last moments, not of this one. */
const LOAD_REMEMBERS = 3 * SECOND;
/** Busy with somebody else's work ends this far below where it began, percent. */
const CALMED_BY = 15;
/** A program that holds less than this is no obstacle, MiB: one that computes, one that draws. */
const COMPUTES_WITH = 256;
const DRAWS_WITH = 1024;
/** A process without a name may be what is left of ours: it counts once ours has been gone for this long. */
const OURS_IS_FORGOTTEN = 10 * SECOND;

export interface GpuProgram {
  readonly pid: number;
  readonly name: string | null;
  readonly memoryMb: number | null;
  readonly kind?: "graphics" | "both" | undefined;
  readonly ours: boolean;
}

export interface DeviceFacts {
  readonly kind: "gpu" | "cpu";
  /** A MIG slice: what its parent tells is not about it. */
  readonly isSlice: boolean;
  /** Rented out: what happens on it is the renter's. */
  readonly isReserved: boolean;
  /** null: could not be asked. */
  readonly programs: readonly GpuProgram[] | null;
  readonly utilisationPct: number | null;
  readonly temperatureC: number | null;
  /** Since when no process of ours is on it, ms; 0: one is. */
  readonly ourAbsenceMs: number;
  /** Since when it does no work of ours, ms; 0: it does. */
  readonly ourIdleMs: number;
  /** Does the screen-filling program run here? null: nobody knows. */
  readonly hasFullscreen: boolean | null;
}

export interface MachineFacts {
  /** The program that fills the screen; "none"; null: can't be told. */
  readonly fullscreen: { readonly name: string | null } | "none" | null;
  /** Since the person's last touch, ms; null: can't be told. */
  readonly idleMs: number | null;
  readonly onBattery: boolean | null;
  /** A listed program that runs, where GPUs can't tell it; null: none, or not looked. */
  readonly listedProgram: string | null;
  /** By the week's windows. */
  readonly open: boolean;
  readonly opensAt: number | null;
}

/** What the person said of this one device. */
export interface DeviceWish {
  readonly enabled: boolean;
  /** null: not paused. `until` null: until somebody resumes it, or with `boot` until the computer restarts. */
  readonly snooze: { readonly until: number | null; readonly boot: string | null } | null;
  /** Overrides the rule; null: the rule counts. */
  readonly temperatureC: number | null;
}

export const FREE_WISH: DeviceWish = { enabled: true, snooze: null, temperatureC: null };

/** Per signal: does it block, and since when does what is seen say the opposite. */
export type Latches = Readonly<Partial<Record<PresenceSignalName, Latch>>>;
interface Latch {
  readonly blocks: boolean;
  readonly contradictedSince: number | null;
  /** The words for what was seen when it last did. */
  readonly words: Sentence;
  readonly subject: string | null;
}

export interface Verdict {
  readonly paused: PauseView | null;
  readonly signals: readonly PresenceSignal[];
  readonly latches: Latches;
}

interface Seen {
  readonly on: boolean | null;
  /** Why it blocks, or what was seen instead. */
  readonly words: Sentence;
  readonly subject?: string | null;
  /** While it is seen and not for long enough yet. */
  readonly notYet?: Sentence;
  /** How long it has to be seen before it blocks, and to be gone before it no longer does, ms. */
  readonly onAfter?: number;
  readonly offAfter?: number;
}

/** `off`: no rule asks for it. */
type Look = Seen | "off";

export function judge(
  facts: DeviceFacts,
  machine: MachineFacts,
  rules: PresenceRules,
  wish: DeviceWish,
  before: Latches,
  now: number,
): Verdict {
  const latches: Partial<Record<PresenceSignalName, Latch>> = {};
  const signals = PresenceSignalNameSchema.options.map((name): PresenceSignal => {
    const look = LOOKS[name]({ facts, machine, rules, wish, held: before[name]?.blocks === true });
    if (look === "off") return { name, state: "off", ...say(OFF[name]) };
    const latch = turn(before[name], look, now);
    latches[name] = latch;
    if (latch.blocks) return { name, state: "blocks", ...latch.words };
    const words = look.on === true ? (look.notYet ?? look.words) : look.words;
    return { name, state: look.on === null ? "unknown" : "allows", ...words };
  });
  return { paused: pauseOf(signals, latches, wish, machine), signals, latches };
}

function turn(before: Latch | undefined, seen: Seen, now: number): Latch {
  const blocks = before?.blocks ?? false;
  const { on, words, subject = null } = seen;
  // What can't be seen contradicts a block, but late, and never begins one.
  const contradicts = blocks ? on !== true : on === true;
  const about =
    on === true ? { words, subject } : { words: before?.words ?? words, subject: before?.subject ?? null };
  if (!contradicts) return { blocks, contradictedSince: null, ...about };
  const since = before?.contradictedSince ?? now;
  const patience = blocks ? (on === null ? BLIND_FOR : (seen.offAfter ?? 0)) : (seen.onAfter ?? 0);
  if (!hasPassed(patience, since, now)) return { blocks, contradictedSince: since, ...about };
  return { blocks: !blocks, contradictedSince: null, ...about };
}

function pauseOf(
  signals: readonly PresenceSignal[],
  latches: Latches,
  wish: DeviceWish,
  machine: MachineFacts,
): PauseView | null {
  const blocking = signals.filter(({ state }) => state === "blocks");
  const [first] = blocking;
  if (first === undefined) return null;
  const by = first.name;
  return {
    by,
    text: first.text,
    ...(first.said === undefined ? {} : { said: first.said }),
    subject: latches[by]?.subject ?? null,
    until: by === "snooze" ? (wish.snooze?.until ?? null) : by === "schedule" ? machine.opensAt : null,
    resumesByItself:
      by !== "switch" && !(by === "snooze" && wish.snooze?.until === null && wish.snooze.boot === null),
    signals: blocking.map(({ name }) => name),
  };
}

interface Scene {
  readonly facts: DeviceFacts;
  readonly machine: MachineFacts;
  readonly rules: PresenceRules;
  readonly wish: DeviceWish;
  /** This signal blocks at the moment. */
  readonly held: boolean;
}

const LOOKS: Readonly<Record<PresenceSignalName, (scene: Scene) => Look>> = {
  switch: ({ wish }) => ({
    on: !wish.enabled,
    words: say(wish.enabled ? "switchedOn" : "switchedOff"),
  }),
  snooze: ({ wish: { snooze } }) => {
    if (snooze === null) return { on: false, words: say("notSnoozed") };
    return {
      on: true,
      words: say(snooze.boot === null ? "snoozed" : "snoozedUntilRestart"),
    };
  },
  schedule: ({ machine: { open }, rules: { schedule } }) => {
    if (schedule.length === 0) return "off";
    return { on: !open, words: say(open ? "withinHours" : "outsideHours") };
  },
  battery: ({ machine: { onBattery }, rules: { battery } }) => {
    if (!battery) return "off";
    if (onBattery === null) return { on: null, words: say("powerUnknown") };
    return { on: onBattery, words: say(onBattery ? "onBattery" : "onMains") };
  },
  program: ({ facts, machine, rules: { programs } }) => {
    if (programs.length === 0) return "off";
    if (facts.isReserved) return { on: false, words: say("rentedOut") };
    const here = facts.programs?.find(({ name, ours }) => !ours && name !== null && isListed(name, programs));
    // A GPU that tells its programs knows best; the machine's list says nothing about which GPU it is.
    const name =
      here?.name ?? (facts.programs === null || facts.kind === "cpu" ? machine.listedProgram : null);
    if (name === null) return { on: false, words: say("nothingListed"), offAfter: QUIET_AFTER };
    const label = programLabel(name);
    return { on: true, words: say("pausedFor", { program: label }), subject: label, offAfter: QUIET_AFTER };
  },
  fullscreen: ({ facts, machine: { fullscreen }, rules }) => {
    if (!rules.fullscreen) return "off";
    if (facts.isReserved) return { on: false, words: say("rentedOut") };
    if (fullscreen === null) return { on: null, words: say("fullscreenUnknown") };
    if (fullscreen === "none") return { on: false, words: say("noFullscreen"), offAfter: QUIET_AFTER };
    if (facts.hasFullscreen === false)
      return { on: false, words: say("fullscreenElsewhere"), offAfter: QUIET_AFTER };
    const label = fullscreen.name === null ? null : programLabel(fullscreen.name);
    return {
      on: true,
      words: label === null ? say("fullscreenUnnamed") : say("fullscreen", { program: label }),
      subject: label,
      offAfter: QUIET_AFTER,
    };
  },
  otherProgram: ({ facts, rules }) => {
    if (facts.kind === "cpu" || !rules.otherPrograms) return "off";
    if (facts.isReserved) return { on: false, words: say("rentedOut") };
    if (facts.isSlice || facts.programs === null) return { on: null, words: say("programsUnknown") };
    const [biggest] = facts.programs
      .filter((program) => isObstacle(program, facts.ourAbsenceMs))
      .toSorted((a, b) => (b.memoryMb ?? 0) - (a.memoryMb ?? 0));
    if (biggest === undefined) return { on: false, words: say("noOtherProgram"), offAfter: QUIET_AFTER };
    const label = biggest.name === null ? `process ${biggest.pid}` : programLabel(biggest.name);
    return { on: true, words: pausedForOther(biggest), subject: label, offAfter: QUIET_AFTER };
  },
  busy: ({ facts, rules: { busy }, held }) => {
    if (facts.kind === "cpu" || busy === null) return "off";
    if (facts.isReserved) return { on: false, words: say("rentedOut") };
    // The driver tells one load for all: while ours is part of it, it says nothing.
    if (facts.ourIdleMs < LOAD_REMEMBERS) return { on: null, words: say("ownLoad") };
    const load = facts.utilisationPct;
    if (load === null) return { on: null, words: say("loadUnknown") };
    const limit = held ? Math.max(1, busy.percent - CALMED_BY) : busy.percent;
    const on = load >= limit;
    return {
      on,
      words: say(on ? "loaded" : "notLoaded"),
      notYet: say("loadedShortly", { seconds: busy.seconds }),
      onAfter: busy.seconds * SECOND,
      offAfter: 2 * QUIET_AFTER,
    };
  },
  temperature: ({ facts: { temperatureC, kind }, rules, wish, held }) => {
    const limit = wish.temperatureC ?? (kind === "gpu" ? rules.temperatureC : null);
    if (limit === null) return "off";
    if (temperatureC === null) return { on: null, words: say("temperatureUnknown") };
    const on = temperatureC >= (held ? limit - COOLED_BY : limit);
    return {
      on,
      words: on ? say("hot", { celsius: limit - COOLED_BY }) : say("cool", { celsius: limit }),
    };
  },
  person: ({ machine: { idleMs }, rules: { idleMinutes } }) => {
    if (idleMinutes === null) return "off";
    if (idleMs === null) return { on: null, words: say("presenceUnknown") };
    const on = idleMs < idleMinutes * MINUTE;
    return {
      on,
      words: on ? say("here", { minutes: idleMinutes }) : say("away"),
    };
  },
};

function pausedForOther({ name, pid, memoryMb }: GpuProgram): Sentence {
  // As text: no digits are put in groups.
  const who = name === null ? { pid: String(pid) } : { program: programLabel(name) };
  if (memoryMb === null) return say(name === null ? "pausedForProcess" : "pausedFor", who);
  const megabytes = String(Math.round(memoryMb));
  return say(name === null ? "pausedForProcessHolding" : "pausedForHolding", { ...who, megabytes });
}

function isObstacle(program: GpuProgram, ourAbsenceMs: number): boolean {
  if (program.ours) return false;
  if (program.name === null) {
    // In a container processes have other numbers than the driver tells: ours has neither its own nor a name.
    return (
      program.kind === undefined &&
      (program.memoryMb ?? 0) >= COMPUTES_WITH &&
      ourAbsenceMs >= OURS_IS_FORGOTTEN
    );
  }
  if (isDesktopProgram(program.name)) return false;
  // Windows tells no program's memory: then only one that does nothing but compute is surely no window.
  if (program.memoryMb === null) return program.kind === undefined && process.platform !== "win32";
  return program.memoryMb >= (program.kind === "graphics" ? DRAWS_WITH : COMPUTES_WITH);
}

/** What is said of a signal that no rule asks for; the person's own word is always asked. */
const OFF: Readonly<Record<PresenceSignalName, EngineKey>> = {
  switch: "switchedOn",
  snooze: "notSnoozed",
  schedule: "anyTime",
  battery: "anyPower",
  program: "noList",
  fullscreen: "anyFullscreen",
  otherProgram: "anyProgram",
  busy: "anyLoad",
  temperature: "anyTemperature",
  person: "besideYou",
};
