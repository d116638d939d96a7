/** What a person can say to one device, and what it did over the last minutes and hours. */
import { z } from "zod";
import { LEAST_TEMPERATURE_LIMIT, MOST_TEMPERATURE_LIMIT } from "./presence.ts";

const DeviceId = z.string().min(1).max(200);
const DAY_MS = 24 * 60 * 60 * 1000;

/** `restart`: of the computer; a restart of the app keeps the pause. A number: so many milliseconds. */
export const PauseLengthSchema = z.union([
  z.enum(["hour", "restart", "until-resumed"]),
  z
    .number()
    .int()
    .positive()
    .max(30 * DAY_MS),
]);
export type PauseLength = z.infer<typeof PauseLengthSchema>;

export const SetEnabledInput = z.strictObject({ device: DeviceId, enabled: z.boolean() });
/** Without a device: all of them. */
export const PauseInput = z.strictObject({ device: DeviceId.optional(), for: PauseLengthSchema });
export const ResumeInput = z.strictObject({ device: DeviceId.optional() });
export const SetLimitsInput = z.strictObject({
  device: DeviceId,
  /** null: the general rule counts. */
  temperatureC: z.number().int().min(LEAST_TEMPERATURE_LIMIT).max(MOST_TEMPERATURE_LIMIT).nullable(),
});

/** `minutes`: the last ten, as often as it was read. `day`: the last 24 hours, a mean per minute. */
export const HistorySpanSchema = z.enum(["minutes", "day"]);
export type HistorySpan = z.infer<typeof HistorySpanSchema>;
export const HistoryInput = z.strictObject({ device: DeviceId, span: HistorySpanSchema });

const Reading = z.number().nullable();
export const DeviceSampleSchema = z.object({
  at: z.number().int().nonnegative(),
  temperatureC: Reading,
  powerW: Reading,
  utilisationPct: Reading,
  memoryUsedMb: Reading,
  textsPerSecond: Reading,
});
export type DeviceSample = z.infer<typeof DeviceSampleSchema>;
/** Oldest first; kept in memory only, so it begins with the engine's start at the earliest. */
export const HistoryAnswer = z.strictObject({ samples: z.array(DeviceSampleSchema) });

/** A look counts for this long; whoever goes on looking says so again in time. */
export const WATCH_MS = 10_000;
