/** Flags of the command line that are settings: their texts go to the config reader untouched, which names them in errors. */
import { type Command, Option } from "commander";
import type { Flags } from "../engine/config/from-environment.ts";
import { SETTINGS, type Setting, type SettingName } from "../engine/config/settings.ts";

/** `--no-dashboard` is how anyone would write `--dashboard 0`. */
const NEGATED = new Set<SettingName>(["dashboard"]);

export function addSettingOptions(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) command.addOption(optionFor(name));
  return command;
}

/** The given ones among `names`, as text. */
export function flagsFrom(options: Readonly<Record<string, unknown>>, names: readonly SettingName[]): Flags {
  const flags: Partial<Record<SettingName, string>> = {};
  for (const name of names) {
    const value = options[optionFor(name).attributeName()];
    if (typeof value === "string") flags[name] = value;
    else if (NEGATED.has(name) && value === false) flags[name] = "0";
  }
  return flags;
}

function optionFor(name: SettingName): Option {
  const { flag, means }: Setting<unknown> = SETTINGS[name];
  if (flag === undefined) throw new TypeError(`The setting ${name} has no flag`);
  if (NEGATED.has(name)) return new Option(`--no-${flag.slice(2)}`, "No web dashboard, only the control API");
  return new Option(`${flag} <${placeholder(name)}>`, means);
}

function placeholder(name: SettingName): string {
  if (/Url$/.test(name)) return "url";
  if (/Folders?$/.test(name)) return "dir";
  if (name === "controlPort") return "port";
  return "value";
}
