/**
 * Where each setting's text comes from. What is written for this machine counts before what was clicked in the app:
 * flag, then environment, then configuration file, then what the app saved, then the default.
 */
import fs from "node:fs";
import path from "node:path";
import type { SettingSource } from "../../shared/contract/settings.ts";
import type { ConfigProblem } from "./config-error.ts";
import { type ConfigFile, readConfigFile } from "./config-file.ts";
import { unknownNames } from "./environment-names.ts";
import type { ConfigSources } from "./from-environment.ts";
import { Refusal } from "./refusal.ts";
import { readSaved, savedFileIn } from "./saved-settings.ts";
import { fileOf, fileVariable, secretFileProblems } from "./secret-files.ts";
import { SETTINGS, type Setting, type SettingName, type Settings } from "./settings.ts";
import { shownValue } from "./shown-value.ts";

export interface Given {
  readonly text: string;
  /** As a problem names it. */
  readonly name: string;
  readonly source: SettingSource;
}

export interface Layers {
  readonly given: ReadonlyMap<SettingName, Given>;
  /** What the configuration file or the environment says that is no setting. */
  readonly problems: readonly ConfigProblem[];
  /** The configuration file in use; null: none. */
  readonly configFile: string | null;
  /** What the person should know of the file, though it is right: full sentences. */
  readonly notes: readonly string[];
  /** The app's own file, whether it is there or not; null: these sources have no data folder. */
  readonly savedFile: string | null;
}

const CONFIG_NAMES = ["bellows.toml", "bellows.yaml", "bellows.yml"] as const;

export type LayerSources = Pick<ConfigSources, "env" | "flags"> &
  Partial<Pick<ConfigSources, "paths" | "elsewhere">>;

/** Only `wanted`, if given. Without `paths` only flags and environment are looked at. Throws ConfigError for a file that is no configuration. */
export function readLayers(sources: LayerSources, wanted?: readonly SettingName[]): Layers {
  const names = wanted ?? (Object.keys(SETTINGS) as SettingName[]);
  const place = sources.paths === undefined ? null : placesOf(sources, sources.paths.defaultDataFolder);
  const file = place?.config ?? null;
  const savedFile = place?.savedFile ?? null;
  const saved = savedFile === null ? new Map<SettingName, string>() : readSaved(savedFile).texts;
  const given = new Map<SettingName, Given>();
  for (const name of names) {
    const found = fromPerson(name, sources) ?? fromFile(name, file) ?? fromApp(name, saved);
    if (found !== undefined) given.set(name, found);
  }
  const problems =
    wanted === undefined
      ? [
          ...(file?.problems ?? []),
          ...unknownNames(sources.env),
          ...(sources.elsewhere === true ? [] : secretFileProblems(sources.env)),
        ]
      : [];
  const notes =
    file?.isExposed === true
      ? [
          `${file.file} holds a secret, and other users of this machine can read it: chmod 600 keeps it yours.`,
        ]
      : [];
  return { given, problems, notes, configFile: file?.file ?? null, savedFile };
}

/** Each text read by its setting; what can't be is a problem that names its place. */
export function readGiven(given: ReadonlyMap<SettingName, Given>): {
  settings: Settings;
  problems: ConfigProblem[];
} {
  const settings: Partial<Record<SettingName, unknown>> = {};
  const problems: ConfigProblem[] = [];
  for (const [name, { text, source, name: written }] of given) {
    const definition: Setting<unknown> = SETTINGS[name];
    try {
      if (source.kind === "environment") refuseComment(text, definition);
      settings[name] = definition.read(unquoted(text));
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      problems.push({
        name: written,
        value: definition.secret ? null : shownValue(text),
        reason: thrown.message,
        fix: thrown.fix,
        ...(source.kind === "file" ? { file: source.file, line: source.line } : {}),
      });
    }
  }
  return { settings: settings as Settings, problems };
}

/** Root of everything kept on this machine: holds live/, demo/, the app's own file. */
export function dataRoot(sources: LayerSources & Pick<ConfigSources, "paths">): string {
  return placesOf(sources, sources.paths.defaultDataFolder).root;
}

/** The file that is named, or the one in the data folder; and the data folder, which a named file may move. */
function placesOf(sources: LayerSources, defaultFolder: string) {
  const named = fromPerson("configFile", sources);
  const folder = fromPerson("dataFolder", sources);
  const unknown = sources.elsewhere === true && folder === undefined;
  const namedFile = named === undefined ? null : readConfigFile(readOne("configFile", named));
  const inFile = fromFile("dataFolder", namedFile);
  const folderSaid = folder ?? inFile;
  const root = folderSaid === undefined ? defaultFolder : readOne("dataFolder", folderSaid);
  if (unknown && inFile === undefined) return { root, config: namedFile, savedFile: null };
  const found = CONFIG_NAMES.map((name) => path.join(root, name)).find((file) => fs.existsSync(file));
  const config = namedFile ?? (found === undefined ? null : withoutDataFolder(readConfigFile(found)));
  return { root, config, savedFile: savedFileIn(root) };
}

/** A file is found by the data folder: it can't say where that is. */
function withoutDataFolder(file: ConfigFile): ConfigFile {
  const entry = file.entries.get("dataFolder");
  if (entry === undefined) return file;
  const problem: ConfigProblem = {
    name: "data_folder",
    value: null,
    reason: "can't be set in the file that lies in the data folder",
    fix: "Set BELLOWS_DATA_DIR, or name the file with --config",
    file: file.file,
    line: entry.line,
  };
  const entries = new Map([...file.entries].filter(([name]) => name !== "dataFolder"));
  return { ...file, entries, problems: [...file.problems, problem] };
}

function readOne<N extends "configFile" | "dataFolder">(name: N, given: Given): string {
  const { settings, problems } = readGiven(new Map([[name, given]]));
  const value = settings[name];
  if (value === undefined) throw new UnreadablePlace(problems);
  return value;
}

/** Where the files are can't be told: nothing else can be read then. */
export class UnreadablePlace extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super("A setting that says where files are can't be read");
    this.problems = problems;
  }
}

/** Flag or environment; empty text is as good as none. */
function fromPerson(name: SettingName, { env, flags }: LayerSources): Given | undefined {
  const { flag: flagName = name, env: variable, secret }: Setting<unknown> = SETTINGS[name];
  const flag = flags[name]?.trim();
  if (flag !== undefined) return { text: flag, name: flagName, source: { kind: "flag", name: flagName } };
  const said = env[variable]?.trim();
  const text = said && withoutComment(said, SETTINGS[name]);
  const place = secret && fileOf(env, variable) !== null ? fileVariable(variable) : variable;
  return text ? { text, name: place, source: { kind: "environment", name: place } } : undefined;
}

function fromFile(name: SettingName, file: ConfigFile | null): Given | undefined {
  const entry = file?.entries.get(name);
  if (file === null || entry === undefined || entry.text.trim() === "") return undefined;
  const key = (SETTINGS[name] as Setting<unknown>).key ?? name;
  return { text: entry.text.trim(), name: key, source: { kind: "file", file: file.file, line: entry.line } };
}

function fromApp(name: SettingName, saved: ReadonlyMap<SettingName, string>): Given | undefined {
  const text = saved.get(name);
  const key = (SETTINGS[name] as Setting<unknown>).key ?? name;
  return text === undefined ? undefined : { text, name: key, source: { kind: "saved" } };
}

/**
 * Docker, Kubernetes and systemd keep a comment behind a value as part of it, and the AICF guide writes its file so.
 * Where the value can't be free text it is left out; in a name or a secret it might be meant.
 */
function withoutComment(text: string, definition: Setting<unknown>): string {
  const at = text.search(COMMENT);
  return at < 0 || isFreeText(definition) ? text : text.slice(0, at);
}

function refuseComment(text: string, definition: Setting<unknown>): void {
  if (!COMMENT.test(text) || !isFreeText(definition)) return;
  throw new Refusal(
    "has a comment behind it that is part of the value",
    "Put the comment on a line of its own",
  );
}

const COMMENT = /\s+#\s/;
const isFreeText = ({ read }: Setting<unknown>) =>
  read.shape.kind === "text" && read.shape.example === undefined;

/** Docker's --env-file keeps quotation marks as part of the value; nobody means them. */
function unquoted(text: string): string {
  if (/^(["']).*\1$/s.test(text)) {
    throw new Refusal("has quotation marks that are part of the value", "Take the quotation marks away");
  }
  return text;
}
