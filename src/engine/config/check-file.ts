/** A configuration file judged by itself, without what environment and flags say beside it. */
import { ConfigError } from "./config-error.ts";
import { readConfigFile } from "./config-file.ts";
import { readGiven } from "./layers.ts";
import { SETTINGS, type Setting } from "./settings.ts";

/** How many settings it has. Throws ConfigError with everything that is wrong in it. */
export function checkConfigFile(file: string): number {
  const content = readConfigFile(file);
  const given = new Map(
    [...content.entries].map(([name, { text, line }]) => {
      const key = (SETTINGS[name] as Setting<unknown>).key ?? name;
      return [name, { text, name: key, source: { kind: "file", file, line } }] as const;
    }),
  );
  const problems = [...content.problems, ...readGiven(given).problems];
  if (problems.length > 0) throw new ConfigError(problems);
  return given.size;
}
