/**
 * A configuration file, TOML or YAML by its ending: sections of settings, each checked by the same reader as its
 * variable in the environment. What is wrong is reported with file and line; an unknown name is an error, not a surprise.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { KIB } from "../../shared/durations.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { Refusal } from "./refusal.ts";
import { SETTINGS, type Setting, type SettingName } from "./settings.ts";
import { textOfRaw } from "./shape.ts";
import { shownValue } from "./shown-value.ts";
import { nearest } from "./suggest.ts";
import { lineOf, tomlLines } from "./toml-lines.ts";

/** No configuration is longer; a model file named by mistake is. */
const LARGEST = 512 * KIB;

/** Loaded when a file is there to be read: most starts have none. */
const load = createRequire(import.meta.url);

export interface FileEntry {
  /** As the environment would say it. */
  readonly text: string;
  readonly line: number | null;
}

export interface ConfigFile {
  readonly file: string;
  readonly entries: ReadonlyMap<SettingName, FileEntry>;
  readonly problems: readonly ConfigProblem[];
  /** It holds a secret, and more users than its owner may read it. */
  readonly isExposed: boolean;
}

/** A file's content and the places in it, whatever language it is in. */
export interface Content {
  readonly values: Readonly<Record<string, unknown>>;
  line(dottedPath: string): number | null;
}

/** A TOML or YAML file, by its ending. Throws ConfigError when it can't be read or is neither. */
export function readContent(file: string): Content {
  return parse(file, readText(file));
}

/** Throws ConfigError when the file can't be read or is no TOML or YAML at all. */
export function readConfigFile(file: string): ConfigFile {
  const content = readContent(file);
  const entries = new Map<SettingName, FileEntry>();
  const problems: ConfigProblem[] = [];
  const problem = (name: string, value: string | null, reason: string, fix: string) =>
    problems.push({ name, value, reason, fix, file, line: content.line(name) });

  for (const [key, raw] of flatten(content.values)) {
    const name = NAME_OF_KEY.get(key);
    if (name === undefined) {
      const { reason, fix } = unknownKey(key, raw);
      problem(key, null, reason, fix);
      continue;
    }
    const { read, secret }: Setting<unknown> = SETTINGS[name];
    try {
      entries.set(name, { text: textOfRaw(read.shape, raw), line: content.line(key) });
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      problem(key, secret ? null : shown(raw), thrown.message, thrown.fix);
    }
  }
  return { file, entries, problems, isExposed: holdsSecret(entries) && isReadByOthers(file) };
}

const holdsSecret = (entries: ReadonlyMap<SettingName, FileEntry>): boolean =>
  [...entries.keys()].some((name) => (SETTINGS[name] as Setting<unknown>).secret === true);

/** Windows keeps no such bits: its folders of a user are closed to others. */
function isReadByOthers(file: string): boolean {
  return process.platform !== "win32" && (fs.statSync(file).mode & OTHERS_READ) !== 0;
}

const OTHERS_READ = 0o044;

const KEYS = Object.values(SETTINGS as Readonly<Record<string, Setting<unknown>>>).flatMap(
  ({ key }) => key ?? [],
);
const SECTIONS: ReadonlySet<string> = new Set(KEYS.filter((key) => key.includes(".")).map(sectionOf));

export const NAME_OF_KEY: ReadonlyMap<string, SettingName> = new Map(
  (Object.keys(SETTINGS) as SettingName[]).flatMap((name) => {
    const { key } = SETTINGS[name] as Setting<unknown>;
    return key === null ? [] : [[key, name] as const];
  }),
);

function sectionOf(key: string): string {
  return key.slice(0, key.indexOf("."));
}

/** Known sections are opened, everything else is looked at as it stands. */
function flatten(values: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
    if (!SECTIONS.has(name) || !isTable(value)) return [[name, value]];
    return Object.entries(value).map(([inner, raw]): [string, unknown] => [`${name}.${inner}`, raw]);
  });
}

function unknownKey(key: string, raw: unknown): { reason: string; fix: string } {
  if (SECTIONS.has(key)) {
    return { reason: "is a section, and no value of its own", fix: `Write its settings under [${key}]` };
  }
  const bare = key.slice(key.lastIndexOf(".") + 1);
  const byVariable = Object.values(SETTINGS as Readonly<Record<string, Setting<unknown>>>).find(
    ({ env }) => env === bare,
  );
  if (byVariable) {
    return {
      reason: "is a name of the environment, not of a file",
      fix:
        byVariable.key === null
          ? `Leave it in the environment as ${byVariable.env}`
          : `Write it as ${byVariable.key} (${placeOf(byVariable.key)})`,
    };
  }
  if (isTable(raw) && !key.includes(".")) {
    const section = nearest(key, [...SECTIONS]);
    return {
      reason: "is no section there is",
      fix: section === null ? `There are ${[...SECTIONS].sort().join(", ")}` : `Did you mean [${section}]?`,
    };
  }
  const elsewhere = KEYS.filter((known) => known.endsWith(`.${bare}`));
  const guess =
    elsewhere[0] ??
    nearest(key, KEYS) ??
    nearest(
      bare,
      KEYS.filter((known) => !known.includes(".")),
    );
  return {
    reason: "is no setting there is",
    fix: guess
      ? `Did you mean ${guess}${placeOf(guess) === "" ? "" : ` (${placeOf(guess)})`}?`
      : "`bellows config schema` lists them all",
  };
}

/** Where a TOML file has it. */
function placeOf(key: string): string {
  return key.includes(".") ? `${key.slice(key.indexOf(".") + 1)} under [${sectionOf(key)}]` : "";
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    const { size } = fs.statSync(file);
    if (size > LARGEST) throw whole(file, "is too big for a configuration", "Name the configuration file");
    bytes = fs.readFileSync(file);
  } catch (thrown) {
    if (thrown instanceof ConfigError) throw thrown;
    throw unreadable(file, thrown);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw whole(file, "is not UTF-8 text", "Save it as UTF-8");
  }
}

function unreadable(file: string, thrown: unknown): ConfigError {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return whole(file, "is not there", "Name a file that is, or leave --config and BELLOWS_CONFIG out");
    case "EISDIR":
      return whole(file, "is a folder", "Name the file in it");
    case "EACCES":
    case "EPERM":
      return whole(file, "may not be read", "Give this user the right to read it");
    default:
      return whole(
        file,
        `can't be read (${code || "unknown cause"})`,
        "Look at the disk, or name another file",
      );
  }
}

function parse(file: string, text: string): Content {
  return path.extname(file).toLowerCase() === ".toml" ? parseToml(file, text) : parseYaml(file, text);
}

function parseToml(file: string, text: string): Content {
  const { parse: parseText, TomlError } = load("smol-toml") as typeof import("smol-toml");
  try {
    const lines = tomlLines(text);
    return { values: parseText(text), line: (key) => lineOf(lines, key) };
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown;
    const [first = ""] = thrown.message.split("\n");
    const why = first.replace(/^Invalid TOML document: /, "");
    throw whole(file, `is no TOML: ${why}`, `Look at column ${thrown.column} of that line`, thrown.line);
  }
}

/**
 * Aliases are followed only here: one without its anchor, or too many of them, throws an error of the language's own. What
 * it names is not repeated: it may be a password that begins with a *.
 */
function yamlValues(file: string, read: () => unknown): unknown {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof ReferenceError)) throw thrown;
    throw whole(
      file,
      "is no YAML: a value that begins with * is an alias, and this one leads nowhere or to too much",
      "Put the value in quotation marks, or write what the alias stands for",
    );
  }
}

function parseYaml(file: string, text: string): Content {
  const { isMap, isScalar, LineCounter, parseDocument } = load("yaml") as typeof import("yaml");
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, merge: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = counter.linePos(error.pos[0]);
    throw whole(file, `is no YAML: ${lowered(error.message)}`, `Look at column ${col} of that line`, line);
  }
  const values = yamlValues(file, () => document.toJS({ maxAliasCount: 20 }));
  if (values !== null && !isTable(values))
    throw whole(
      file,
      "holds no settings, but one value",
      "Write it like work: and under it, indented, batch_size: 4",
    );
  const line = (key: string): number | null => {
    let node: unknown = document.contents;
    let found: number | null = null;
    for (const part of key.split(".")) {
      if (!isMap(node)) break;
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === part);
      if (pair === undefined || !isScalar(pair.key)) break;
      found = counter.linePos(pair.key.range?.[0] ?? 0).line;
      node = pair.value;
    }
    return found;
  };
  return { values: values ?? {}, line };
}

const lowered = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** A problem of the file itself. */
function whole(file: string, reason: string, fix: string, line: number | null = null): ConfigError {
  return new ConfigError([{ name: "", value: null, reason, fix, file, line }]);
}

function shown(raw: unknown): string | null {
  if (typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean")
    return shownValue(String(raw));
  return null;
}
