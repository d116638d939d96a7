/**
 * What the person set about the app itself, as the engine's settings last said it: remembered in a small file, so
 * that it counts before an engine has answered, and also while none can be started.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { UpdateChannelSchema } from "../../shared/contract/app.ts";
import type { State } from "../../shared/contract/views.ts";
import { NOTICE_TYPES, type NoticeType } from "../../shared/notifications/notice-types.ts";

const PreferencesSchema = z.object({
  /** null: not set, so the system's language counts. */
  language: z.string().nullable().catch(null),
  /** null: never answered. */
  startAtLogin: z.boolean().nullable().catch(null),
  muted: z.array(z.string()).catch([]),
  feedUrl: z.string().nullable().catch(null),
  channel: UpdateChannelSchema.catch("latest"),
  autoUpdates: z.boolean().catch(true),
});
export type Preferences = z.infer<typeof PreferencesSchema>;

/** The part of the engine's settings that is read here; a key it does not know counts as not set. */
export interface SettingValues {
  readonly values: Readonly<
    Record<
      string,
      { readonly value: unknown; readonly isSet: boolean; readonly fallback?: unknown } | undefined
    >
  >;
}

/** null: this engine tells no settings. */
export function settingsIn(state: State | null): SettingValues | null {
  const { settings } = (state ?? {}) as { settings?: SettingValues };
  return settings ?? null;
}

/** As the settings write it; anything else, also "ask": not answered yet. */
const LOGIN_ANSWERS: Readonly<Record<string, boolean>> = { yes: true, no: false };

export function preferencesOf({ values }: SettingValues): Preferences {
  const set = (key: string) => (values[key]?.isSet === true ? values[key].value : null);
  const effective = (key: string) => values[key]?.value ?? values[key]?.fallback;
  return PreferencesSchema.parse({
    language: values["app.language"]?.value === "system" ? null : set("app.language"),
    startAtLogin: LOGIN_ANSWERS[String(set("app.start_at_login"))] ?? null,
    muted: set("app.notifications_off") ?? [],
    feedUrl: set("updates.feed_url"),
    channel: effective("updates.channel") ?? "latest",
    autoUpdates: effective("updates.automatic") ?? true,
  });
}

export const mutedTypes = ({ muted }: Pick<Preferences, "muted">): readonly NoticeType[] =>
  NOTICE_TYPES.filter((type) => muted.includes(type));

export class PreferenceFile {
  readonly #file: string;
  #current: Preferences;
  #written: string;

  constructor(file: string) {
    this.#file = file;
    this.#written = readText(file);
    this.#current = PreferencesSchema.parse(parse(this.#written));
  }

  get current(): Preferences {
    return this.#current;
  }

  /** True when something changed. */
  follow(preferences: Preferences): boolean {
    const text = `${JSON.stringify(preferences)}\n`;
    this.#current = preferences;
    if (text === this.#written) return false;
    this.#written = text;
    try {
      fs.mkdirSync(path.dirname(this.#file), { recursive: true });
      fs.writeFileSync(`${this.#file}.next`, text);
      fs.renameSync(`${this.#file}.next`, this.#file);
    } catch {
      // A full or read-only disk: it is a copy, the engine's settings are the truth.
    }
    return true;
  }
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
