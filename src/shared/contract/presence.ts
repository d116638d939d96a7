/**
 * When a device leaves the machine to its person: the rules they set, the signals those rules look at, and what a
 * device that rests says about it.
 */
import { z } from "zod";
import { SaidSchema } from "../words/said.ts";

const TimeMs = z.number().int().nonnegative();
const Text = z.string().max(2000);

const ClockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "a time of day as HH:MM");

/** A time of the week in which work is welcome; one that ends before it begins goes on past midnight. */
export const PresenceWindowSchema = z.strictObject({
  /** 0 is Sunday; the day on which it begins. */
  days: z.array(z.number().int().min(0).max(6)).min(1).max(7),
  from: ClockTime,
  /** 24:00 is the end of the day. */
  to: z.union([ClockTime, z.literal("24:00")]),
});
export type PresenceWindow = z.infer<typeof PresenceWindowSchema>;

/** A limit below this would never be left again: no card cools that far while the machine is on. */
export const LEAST_TEMPERATURE_LIMIT = 50;
export const MOST_TEMPERATURE_LIMIT = 110;
const TemperatureLimit = z.number().int().min(LEAST_TEMPERATURE_LIMIT).max(MOST_TEMPERATURE_LIMIT);

export const PresenceRulesSchema = z.strictObject({
  /** A program that uses much of a GPU pauses that GPU. */
  otherPrograms: z.boolean(),
  /** Programs that pause the GPU they are on, however little they use; file names, with or without .exe. */
  programs: z.array(z.string().trim().min(1).max(100)).max(100),
  /** A GPU that is busy while nothing of ours runs on it; null: does not matter. */
  busy: z
    .strictObject({ percent: z.number().int().min(5).max(100), seconds: z.number().int().min(1).max(600) })
    .nullable(),
  /** A game or film that fills the screen. */
  fullscreen: z.boolean(),
  /** Work only after the person was away for so many minutes; null: also beside them. */
  idleMinutes: z.number().int().min(1).max(240).nullable(),
  /** Not while the machine runs on its battery. */
  battery: z.boolean(),
  /** Work only then; empty: at any time. */
  schedule: z.array(PresenceWindowSchema).max(50),
  /** A GPU as hot as this rests until it has cooled down, °C; null: its own protection is enough. */
  temperatureC: TemperatureLimit.nullable(),
});
export type PresenceRules = z.infer<typeof PresenceRulesSchema>;

export const DEFAULT_PRESENCE_RULES: PresenceRules = {
  otherPrograms: true,
  programs: [],
  busy: { percent: 50, seconds: 30 },
  fullscreen: true,
  idleMinutes: null,
  battery: true,
  schedule: [],
  temperatureC: null,
};

/** In the order of what counts first where several hold. */
export const PresenceSignalNameSchema = z.enum([
  /** The person's own switch. */
  "switch",
  /** The person's pause. */
  "snooze",
  "schedule",
  "battery",
  "program",
  "fullscreen",
  "otherProgram",
  "busy",
  "temperature",
  "person",
]);
export type PresenceSignalName = z.infer<typeof PresenceSignalNameSchema>;

export const PresenceSignalSchema = z.object({
  name: PresenceSignalNameSchema,
  /** blocks: no work now because of it. unknown: can't be told here, and stops nothing. off: no rule asks for it. */
  state: z.enum(["blocks", "allows", "unknown", "off"]),
  /** What was seen, in words; the same by key, for other languages. */
  text: Text,
  said: SaidSchema.optional(),
});
export type PresenceSignal = z.infer<typeof PresenceSignalSchema>;

export const PauseViewSchema = z.object({
  by: PresenceSignalNameSchema,
  /** "paused for Cyberpunk2077". */
  text: Text,
  said: SaidSchema.optional(),
  /** The program, where it is one. */
  subject: Text.nullable(),
  /** When it ends, where that is known. */
  until: TimeMs.nullable(),
  /** Nobody has to do anything for it to end. */
  resumesByItself: z.boolean(),
  /** All that block, the first one first. */
  signals: z.array(PresenceSignalNameSchema),
});
export type PauseView = z.infer<typeof PauseViewSchema>;

/** What the desktop sees of the person; null: can't be told. */
export const PresenceReportSchema = z.strictObject({
  /** Since the last touch of keyboard or mouse. */
  idleSeconds: z.number().nonnegative().nullable(),
  onBattery: z.boolean().nullable(),
  /** The screen is locked: nobody sits at it. */
  locked: z.boolean().nullable(),
});
export type PresenceReport = z.infer<typeof PresenceReportSchema>;
