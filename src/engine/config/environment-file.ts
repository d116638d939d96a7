/** A file of NAME=value lines: handed over by systemd, Docker or Kubernetes and checked before they do, or read by ourselves. */
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
        value: null, // It may be a secret whose line has a slip in it.
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

/** The problems with what the file says, each with its place in it. */
export function placedIn(
  file: string,
  { lines }: Pick<EnvironmentFile, "lines">,
  problems: readonly ConfigProblem[],
): ConfigProblem[] {
  return problems.map((problem) => {
    const line = problem.file === undefined ? lines.get(problem.name) : undefined;
    return line === undefined ? problem : { ...problem, file, line };
  });
}

const UTF16_MARK = Buffer.from([0xff, 0xfe]);

function textOf(file: string): string {
  try {
    // Windows' editors leave a mark in front, and may write two bytes a letter.
    const bytes = fs.readFileSync(file);
    const encoding = bytes.subarray(0, 2).equals(UTF16_MARK) ? "utf16le" : "utf8";
    return bytes.toString(encoding).replace(/^\ufeff/, "");
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
