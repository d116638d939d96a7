/** `bellows config`: what holds and where it was said, whether a file is right, and what there is to say. */
import path from "node:path";
import { checkConfigFile } from "../../engine/config/check-file.ts";
import { ConfigError } from "../../engine/config/config-error.ts";
import { isEnvironmentFile, placedIn, readEnvironmentFile } from "../../engine/config/environment-file.ts";
import { type ConfigSources, checkAll, readSettings } from "../../engine/config/from-environment.ts";
import { readLayers } from "../../engine/config/layers.ts";
import { placeWords } from "../../engine/config/place-words.ts";
import { fileOf } from "../../engine/config/secret-files.ts";
import { SETTINGS, type Setting, type SettingName } from "../../engine/config/settings.ts";
import { jsonSchemaOf, type RawValue, rawOfText } from "../../engine/config/shape.ts";
import { PASSPHRASE_VARIABLE } from "../../engine/identity/identity.ts";
import type { SettingSource } from "../../shared/contract/settings.ts";
import type { CliContext } from "../context.ts";

interface Printed {
  readonly key: string;
  readonly value: RawValue | null;
  readonly source: SettingSource;
}

/** As a TOML file would say it; secrets are named, never shown. Throws ConfigError. */
export function printConfig(
  { terminal }: CliContext,
  sources: ConfigSources,
  { sources: withSources, json }: { sources: boolean; json: boolean },
): void {
  readSettings(sources);
  const { given, configFile } = readLayers(sources);
  const rows = (Object.keys(SETTINGS) as SettingName[]).flatMap((name): Printed[] => {
    const { key, secret, fallback, read }: Setting<unknown> = SETTINGS[name];
    if (key === null) return [];
    const found = given.get(name);
    const text = found?.text ?? fallback;
    const value = text === undefined ? null : secret ? SECRET : rawOfText(read.shape, text);
    return [{ key, value, source: found?.source ?? { kind: "default" } }];
  });
  if (json) {
    terminal.json(Object.fromEntries(rows.map(({ key, value, source }) => [key, { value, source }])));
    return;
  }
  if (configFile !== null) terminal.note(`Configuration file: ${configFile}`);
  let section: string | null = null;
  for (const { key, value, source } of [...rows].sort(bySection)) {
    const [own, name] = split(key);
    if (own !== section) {
      if (section !== null) terminal.print();
      if (own !== "") terminal.print(`[${own}]`);
      section = own;
    }
    const line = value === null ? `# ${name} =` : `${name} = ${tomlValue(value)}`;
    const place = withSources && source.kind !== "default" ? `  # ${placeWords(source)}` : "";
    terminal.print(`${source.kind === "default" && value !== null ? `# ${line}` : line}${place}`);
  }
}

/**
 * Without a file: all that would hold, as a start would see it. A configuration file is checked by itself; a file of
 * NAME=value lines as if a service had been given it. Throws ConfigError with everything that is wrong.
 */
export function checkConfig(
  { terminal }: CliContext,
  sources: ConfigSources,
  file: string | undefined,
): void {
  if (file === undefined) {
    const { mode } = checkAll(sources);
    terminal.print(`All settings are right. ${START[mode]}`);
  } else if (isEnvironmentFile(file)) {
    const { mode, settings, hasPassphrase } = checkEnvironmentFile(sources, path.resolve(file));
    terminal.print(`${file} is right: ${counted(settings)}. ${SERVICE_START[mode]}`);
    if (!hasPassphrase)
      terminal.print(
        `${PASSPHRASE_VARIABLE} is still missing: with a market nothing starts without it, the provider key is kept under it.`,
      );
  } else {
    terminal.print(`${file} is right: ${counted(checkConfigFile(path.resolve(file)))}.`);
  }
}

const START = {
  demo: "No market is set: `bellows up` would run the demo.",
  live: "`bellows serve` would start with them.",
} as const;

/** A service runs `bellows serve`, never the demo. */
const SERVICE_START = {
  demo: "No market is set yet, and without one a service does not start.",
  live: START.live,
} as const;

const counted = (settings: number) => `${settings} ${settings === 1 ? "setting" : "settings"}`;

/** Nothing of this terminal's own environment, and nothing that this user's app saved: the service has none of it. */
function checkEnvironmentFile(sources: ConfigSources, file: string) {
  const content = readEnvironmentFile(file);
  const { env, problems } = content;
  try {
    const found = checkAll({ ...sources, elsewhere: true, env: { HOME: sources.env.HOME, ...env } });
    const hasPassphrase = Boolean(env[PASSPHRASE_VARIABLE] || fileOf(env, PASSPHRASE_VARIABLE));
    if (problems.length === 0) return { ...found, hasPassphrase };
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    const placed = placedIn(file, content, thrown.problems);
    throw new ConfigError([...problems, ...placed].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  }
  throw new ConfigError(problems);
}

/** JSON Schema of a configuration file, for editors. */
export function configSchema(): Record<string, unknown> {
  const sections: Record<string, Record<string, unknown>> = {};
  const top: Record<string, unknown> = {};
  for (const { key, means, read, secret, fallback } of Object.values(
    SETTINGS as Readonly<Record<string, Setting<unknown>>>,
  )) {
    if (key === null) continue;
    const [section, name] = split(key);
    const place = section === "" ? top : (sections[section] ?? {});
    if (section !== "") sections[section] = place;
    place[name] = {
      description: means,
      ...jsonSchemaOf(read.shape),
      ...(fallback === undefined ? {} : { default: rawOfText(read.shape, fallback) }),
      ...(secret ? { writeOnly: true } : {}),
    };
  }
  const objects = Object.entries(sections).map(([name, properties]) => [
    name,
    { type: "object", additionalProperties: false, properties },
  ]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Bellows configuration",
    type: "object",
    additionalProperties: false,
    properties: { ...top, ...Object.fromEntries(objects) },
  };
}

const SECRET = "(set)";

const split = (key: string): [string, string] =>
  key.includes(".") ? [key.slice(0, key.indexOf(".")), key.slice(key.indexOf(".") + 1)] : ["", key];

/** What has no section stands first, as TOML wants it. */
const bySection = (a: Printed, b: Printed) => split(a.key)[0].localeCompare(split(b.key)[0]);

function tomlValue(value: RawValue): string {
  if (typeof value === "object") return `[${value.map((part) => JSON.stringify(part)).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
