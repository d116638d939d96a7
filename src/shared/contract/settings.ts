/**
 * Settings as the app shows and changes them: by the name they have in a configuration file, in the form they have there.
 * What the file, the environment or a flag says counts before what the app saved, so such a value is shown with the place
 * it comes from and can't be changed here.
 */
import { z } from "zod";
import { SaidSchema } from "../words/said.ts";

const Text = z.string().max(2000);

/** Every setting the app may change; the engine's table (engine/config/settings.ts) is held to this list by a test. */
export const SETTING_KEYS = [
  "app.language",
  "app.theme",
  "app.first_run",
  "app.start_at_login",
  "app.notifications_off",
  "aitbc.gpu_url",
  "aitbc.coordinator_url",
  "aitbc.rpc_url",
  "aitbc.api_key",
  "aitbc.coordinator_key",
  "aitbc.region",
  "aitbc.wallet",
  "aicf.queue_url",
  "aicf.rpc_url",
  "aicf.name",
  "aicf.region",
  "aicf.auto_stake",
  "energy.price",
  "energy.ait_worth",
  "energy.anm_worth",
  "energy.currency",
  "energy.second_price",
  "energy.second_hours",
  "energy.rest_of_system_watts",
  "fleet.file",
  "fleet.prometheus_url",
  "gpu.backend",
  "log.level",
  "models.disk_limit",
  "models.download_rate",
  "models.ollama",
  "models.ollama_device",
  "presence.schedule",
  "presence.idle_minutes",
  "presence.pause_programs",
  "presence.pause_for_other_programs",
  "presence.pause_when_busy",
  "presence.busy_percent",
  "presence.busy_seconds",
  "presence.pause_for_fullscreen",
  "presence.pause_on_battery",
  "presence.temperature_limit",
  "updates.automatic",
  "updates.channel",
  "updates.feed_url",
  "work.allow_unpaid",
  "work.batch_size",
  "work.keep_alive",
  "work.keep_outputs",
  "work.keep_outputs_size",
  "work.keep_receipts",
  "work.keep_receipts_size",
  "work.latency_budget_ms",
  "work.max_concurrency",
  "work.start_as",
] as const;
export const SettingKeySchema = z.enum(SETTING_KEYS);
export type SettingKey = z.infer<typeof SettingKeySchema>;

/** As a configuration file writes it. */
export const SettingValueSchema = z.union([Text, z.number(), z.boolean(), z.array(Text).max(200)]);
export type SettingValue = z.infer<typeof SettingValueSchema>;

/** Where a value comes from, the strongest first. */
export const SettingSourceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("flag"), name: Text }),
  z.object({ kind: z.literal("environment"), name: Text }),
  z.object({ kind: z.literal("file"), file: Text, line: z.number().int().positive().nullable() }),
  z.object({ kind: z.literal("saved") }),
  z.object({ kind: z.literal("default") }),
]);
export type SettingSource = z.infer<typeof SettingSourceSchema>;

export const SettingViewSchema = z.object({
  /** null: nothing is set. A secret's is always null: `isSet` says whether there is one. */
  value: SettingValueSchema.nullable(),
  isSet: z.boolean(),
  secret: z.boolean(),
  source: SettingSourceSchema,
  /** What holds without any word; null: nothing. */
  fallback: SettingValueSchema.nullable(),
  /** Changed since the engine started, and counts from its next start. */
  waitsForRestart: z.boolean(),
});
export type SettingView = z.infer<typeof SettingViewSchema>;

export const SettingsViewSchema = z.object({
  values: z.record(SettingKeySchema, SettingViewSchema),
  /** The configuration file in use; null: none. */
  configFile: Text.nullable(),
  /** Where the app keeps what it saved. */
  savedFile: Text,
  /** Root of everything kept on this machine. */
  dataFolder: Text,
});
export type SettingsView = z.infer<typeof SettingsViewSchema>;

/** null takes the saved value away, so that the default holds again. */
export const SettingPatchSchema = z.partialRecord(SettingKeySchema, SettingValueSchema.nullable());
export type SettingPatch = z.infer<typeof SettingPatchSchema>;

export const SettingsSetInput = z.strictObject({ patch: SettingPatchSchema });
export const SettingsAnswer = z.strictObject({ settings: SettingsViewSchema });

/** One of the places a market is reached at, asked as it would be with the values given here; nothing is saved. */
export const TestConnectionInput = z.strictObject({
  surface: z.enum([
    "aitbc.gpu_url",
    "aitbc.coordinator_url",
    "aitbc.rpc_url",
    "aicf.queue_url",
    "aicf.rpc_url",
  ]),
  url: Text,
});
export const TestConnectionAnswer = z.strictObject({
  ok: z.boolean(),
  /** One sentence: what answered, or why nothing did. */
  text: Text,
  said: SaidSchema.optional(),
  /** How long the answer took, ms; null: none came. */
  ms: z.number().nonnegative().nullable(),
});
export type TestConnectionAnswer = z.infer<typeof TestConnectionAnswer>;

/** Room taken by the parts of the data folder, bytes. */
export const DataUseAnswer = z.strictObject({
  folder: Text,
  parts: z.array(z.strictObject({ name: Text, bytes: z.number().nonnegative() })),
  totalBytes: z.number().nonnegative(),
  /** null: not known. */
  freeBytes: z.number().nonnegative().nullable(),
});

/** What a diagnostics file would hold, to be read before it is saved: no secret, no text of a job. */
export const DiagnosticsAnswer = z.strictObject({
  fileName: Text,
  sections: z.array(z.strictObject({ name: Text, text: z.string().max(2_000_000) })),
  /** How many values were blacked out. */
  redactions: z.number().int().nonnegative(),
});
