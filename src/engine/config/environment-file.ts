/** A file of NAME=value lines as systemd, Docker and Kubernetes hand it to a service, to be checked before they do. */
import fs from "node:fs";
import type { ConfigProblem } from "./config-error.ts";
import { ConfigError } from "./config-error.ts";

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/;
const QUOTED = /^(["'])(.*)\1$/s;

/** By its name: provider.env, .env, provider.env.example. */
export const isEnvironmentFile = (file: string): boolean => /\.env(\.example)?$/.test(file);

export interface EnvironmentFile {
  readonly env: Readonly<Record<string, string>>;
  /** Of each name, from 1. */
  readonly lines: ReadonlyMap<string, number>;
  readonly problems: readonly ConfigProblem[];
}

/** Throws ConfigError when the file can't be read. Quotation marks around a value go, as with systemd. */
export function readEnvironmentFile(file: string): EnvironmentFile {
  const env: Record<string, string> = {};
  const lines = new Map<string, number>();
  const problems: ConfigProblem[] = [];
  for (const [index, line] of textOf(file).split(/\r?\n/).entries()) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const [, name, raw = ""] = LINE.exec(line) ?? [];
    if (name === undefined) {
      problems.push({
        name: "",
        value: line.trim().slice(0, 60),
        reason: "is no line of the form NAME=value",
        fix: "Write NAME=value, or a # in front of a comment",
        file,
        line: index + 1,
      });
      continue;
    }
    const value = raw.trim();
    env[name] = QUOTED.exec(value)?.[2] ?? value;
    lines.set(name, index + 1);
  }
  return { env, lines, problems };
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      {
        name: "",
        value: null,
        reason: code === "ENOENT" ? "is not there" : `can't be read (${code})`,
        fix:
          code === "ENOENT"
            ? "Check the path"
            : "Check who may read it; a service's file is often its user's",
        file,
        line: null,
      },
    ]);
  }
}
