/**
 * The settings of a running engine: fixed ones from flag, environment or file, below them what the app saved, below that
 * the default. One place that answers what holds now, saves what the app changes, and tells who listens.
 */
import type { SettingsConfig } from "../../shared/config.ts";
import {
  SETTING_KEYS,
  type SettingKey,
  type SettingPatch,
  type SettingSource,
  type SettingsView,
  type SettingValue,
  type SettingView,
} from "../../shared/contract/settings.ts";
import { AppError } from "../../shared/errors.ts";
import { ConfigError, type ConfigProblem } from "../config/config-error.ts";
import { NAME_OF_KEY } from "../config/config-file.ts";
import { missing } from "../config/from-environment.ts";
import { placeWords } from "../config/place-words.ts";
import { Refusal } from "../config/refusal.ts";
import { type Foreign, readSaved, repairSaved, writeSaved } from "../config/saved-settings.ts";
import { secretMark } from "../config/secret-mark.ts";
import { SETTINGS, type Setting, type SettingName, type Settings } from "../config/settings.ts";
import { rawOfText, textOfRaw } from "../config/shape.ts";
import { shownValue } from "../config/shown-value.ts";

export interface SettingsDeps {
  readonly config: SettingsConfig;
  /** One audit row; never told a secret. */
  readonly audit: (detail: { changed: readonly string[] }) => void;
  readonly now: () => number;
}

type Fixed = SettingsConfig["fixed"];
type ChangeListener = (changed: ReadonlySet<SettingName>) => void;

export interface Reloaded {
  readonly changed: readonly string[];
  /** Of those, what counts only from the next start. */
  readonly restart: readonly string[];
}

/** Stands for a secret that is set where this process can't see it. */
const HIDDEN = "set elsewhere";

export class LiveSettings {
  readonly #deps: SettingsDeps;
  readonly #listeners = new Set<ChangeListener>();
  /** What the engine was started with, of settings that count from a start. */
  readonly #atStart = new Map<SettingName, string | undefined>();
  /** What a person should know: a file that could not be read. */
  readonly notices: readonly AppError[];
  #fixed: Fixed;
  #configFile: string | null;
  #saved: ReadonlyMap<SettingName, string>;
  #foreign: Foreign;

  constructor(deps: SettingsDeps) {
    this.#deps = deps;
    this.notices = repairSaved(deps.config.savedFile, deps.now());
    const { texts, foreign } = readSaved(deps.config.savedFile);
    this.#saved = texts;
    this.#foreign = foreign;
    this.#fixed = deps.config.fixed;
    this.#configFile = deps.config.configFile;
    for (const name of NAME_OF_KEY.values()) this.#atStart.set(name, this.#identity(name));
  }

  /** What holds now, read; undefined: nothing is said and there is no default. A fixed secret is never told. */
  value<N extends SettingName>(name: N): Settings[N] {
    const definition = SETTINGS[name] as unknown as Setting<NonNullable<Settings[N]>>;
    const text = this.#text(name);
    if (text === undefined || text === null) return undefined as Settings[N];
    try {
      return definition.read(text);
    } catch (thrown) {
      // Checked before it came here; a reader that grew stricter meanwhile falls back.
      if (!(thrown instanceof Refusal)) throw thrown;
      return (
        definition.fallback === undefined ? undefined : definition.read(definition.fallback)
      ) as Settings[N];
    }
  }

  isSecret(key: string): boolean {
    const name = NAME_OF_KEY.get(key);
    return name !== undefined && (SETTINGS[name] as Setting<unknown>).secret === true;
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  view(): SettingsView {
    const { savedFile, dataRoot } = this.#deps.config;
    return {
      values: Object.fromEntries(
        SETTING_KEYS.map((key) => [key, this.#viewOf(key)]),
      ) as SettingsView["values"],
      configFile: this.#configFile,
      savedFile,
      dataFolder: dataRoot,
    };
  }

  /** All of the patch or none of it. Throws SETTING_FIXED, CONFIG_INVALID, DATA_FOLDER_…. */
  set(patch: SettingPatch): SettingsView {
    const next = new Map(this.#saved);
    const changed = new Set<SettingName>();
    const problems: ConfigProblem[] = [];
    for (const [key, raw] of Object.entries(patch) as [SettingKey, SettingValue | null][]) {
      const name = nameOf(key);
      const fixed = this.#fixed[key];
      if (fixed !== undefined) throw settingFixed(key, fixed.source);
      const text = raw === null ? undefined : checkedText(name, raw, problems);
      if (text === next.get(name)) continue;
      changed.add(name);
      if (text === undefined) next.delete(name);
      else next.set(name, text);
    }
    if (problems.length > 0) throw new ConfigError(problems);
    if (changed.size === 0) return this.view();
    this.#requireWhole(next);
    writeSaved(this.#deps.config.savedFile, { texts: next, foreign: this.#foreign });
    this.#saved = next;
    this.#tell(changed);
    return this.view();
  }

  /** Flags, environment and file were read again (SIGHUP). */
  reload({ fixed, configFile }: Pick<SettingsConfig, "fixed" | "configFile">): Reloaded {
    const before = new Map([...NAME_OF_KEY.values()].map((name) => [name, this.#identity(name)]));
    this.#fixed = fixed;
    this.#configFile = configFile;
    const changed = new Set(
      [...before].flatMap(([name, old]) => (old === this.#identity(name) ? [] : [name])),
    );
    if (changed.size > 0) this.#tell(changed);
    const keys = (names: Iterable<SettingName>) => [...names].flatMap((name) => SETTINGS[name].key ?? []);
    const later = [...changed].filter((name) => {
      const { inApp, reloads, atStart }: Setting<unknown> = SETTINGS[name];
      return atStart === true || (inApp !== "live" && reloads !== true);
    });
    return { changed: keys(changed), restart: keys(later) };
  }

  /** An address without its key would keep the engine from starting at all, and with it this screen. */
  #requireWhole(next: ReadonlyMap<SettingName, string>): void {
    const known = new Set(this.#missingWith(this.#saved).map(({ name }) => name));
    const fresh = this.#missingWith(next).filter(({ name }) => !known.has(name));
    if (fresh.length > 0) throw new ConfigError(fresh);
  }

  #missingWith(saved: ReadonlyMap<SettingName, string>): ConfigProblem[] {
    const problems = missing((name) => {
      const fixed = this.#fixed[(SETTINGS[name] as Setting<unknown>).key ?? ""];
      return fixed === undefined ? saved.get(name) : (fixed.text ?? HIDDEN);
    });
    // Whether two keys are the same can't be seen here.
    return problems.filter(({ reason }) => reason.startsWith("is missing"));
  }

  #tell(changed: ReadonlySet<SettingName>): void {
    const keys = [...changed].flatMap((name) => SETTINGS[name].key ?? []);
    // How far somebody is in the set-up changes nothing that is done.
    const told = keys.filter((key) => key !== "app.first_run");
    if (told.length > 0) this.#deps.audit({ changed: told });
    for (const listener of this.#listeners) listener(changed);
  }

  #viewOf(key: SettingKey): SettingView {
    const name = nameOf(key);
    const definition: Setting<unknown> = SETTINGS[name];
    const { shape } = definition.read;
    const { text, source } = this.#given(name);
    const said = text ?? definition.fallback;
    const secret = definition.secret === true;
    const fallback = definition.fallback === undefined ? null : rawOfText(shape, definition.fallback);
    return {
      value: secret || said === undefined ? null : asValue(rawOfText(shape, said)),
      isSet: source.kind !== "default",
      secret,
      source,
      fallback: fallback === null ? null : asValue(fallback),
      waitsForRestart: definition.inApp === "restart" && this.#atStart.get(name) !== this.#identity(name),
    };
  }

  #given(name: SettingName): {
    text: string | null | undefined;
    mark?: string | undefined;
    source: SettingSource;
  } {
    const { key } = SETTINGS[name] as Setting<unknown>;
    const fixed = key === null ? undefined : this.#fixed[key];
    if (fixed !== undefined) return fixed;
    const saved = this.#saved.get(name);
    return saved === undefined
      ? { text: undefined, source: { kind: "default" } }
      : { text: saved, source: { kind: "saved" } };
  }

  #text(name: SettingName): string | null | undefined {
    const { text } = this.#given(name);
    return text === undefined ? (SETTINGS[name] as Setting<unknown>).fallback : text;
  }

  /** To see whether it changed. A secret that is not at hand is known by its mark. */
  #identity(name: SettingName): string | undefined {
    const { text, mark, source } = this.#given(name);
    const { secret, fallback } = SETTINGS[name] as Setting<unknown>;
    if (text === null) return mark ?? JSON.stringify(source);
    return secret && text !== undefined ? secretMark(text) : (text ?? fallback);
  }
}

function nameOf(key: SettingKey): SettingName {
  const name = NAME_OF_KEY.get(key);
  if (name === undefined) throw new TypeError(`The setting ${key} is in no table`);
  return name;
}

function checkedText(name: SettingName, raw: SettingValue, problems: ConfigProblem[]): string | undefined {
  const { key, read, secret }: Setting<unknown> = SETTINGS[name];
  try {
    const text = textOfRaw(read.shape, raw).trim();
    if (text === "" && read.shape.kind !== "list") return undefined;
    read(text);
    return text;
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const value = secret ? null : shownValue(String(raw));
    problems.push({ name: key ?? name, value, reason: thrown.message, fix: thrown.fix });
    return undefined;
  }
}

const asValue = (raw: ReturnType<typeof rawOfText>): SettingValue =>
  typeof raw === "object" ? [...raw] : raw;

function settingFixed(key: string, source: SettingSource): AppError {
  return new AppError({
    code: "SETTING_FIXED",
    message: `${key} is set by ${placeWords(source)}`,
    actor: "user",
    help: "Change it there; the app does not write over it.",
  });
}
