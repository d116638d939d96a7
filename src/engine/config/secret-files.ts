/**
 * Secrets handed over as files (Docker's secrets, systemd's LoadCredential, Kubernetes' CSI): PROVIDER_SECRET_FILE names
 * the file that holds PROVIDER_SECRET. What it holds takes the variable's place in this process's environment, so every
 * part that reads the one reads the other.
 */
import fs from "node:fs";
import { SECRET_VARIABLES } from "../../shared/secret-variables.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { shownValue } from "./shown-value.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** No secret is longer. */
const MOST_BYTES = 64 * 1024;

export const fileVariable = (name: string): string => `${name}_FILE`;

/** `PROVIDER_SECRET_FILE` and the like. */
export const SECRET_FILE_VARIABLES: readonly string[] = SECRET_VARIABLES.map(fileVariable);

export class SecretFiles {
  readonly #env: Record<string, string | undefined>;
  /** Whose values are from files. */
  readonly #taken = new Set<string>();

  /** `env`: what the parts of this process read. */
  constructor(env: Record<string, string | undefined>) {
    this.#env = env;
  }

  /** Also again: a file may hold another secret by now. What can't be read is left out, for `secretFileProblems` to tell. */
  read(): void {
    for (const name of this.#taken) delete this.#env[name];
    this.#taken.clear();
    for (const name of SECRET_VARIABLES) {
      const file = fileOf(this.#env, name);
      if (file === null || this.#env[name]) continue;
      const read = readSecret(file);
      if ("reason" in read) continue;
      this.#env[name] = read.secret;
      this.#taken.add(name);
    }
  }
}

/** The file that is to hold this variable's secret; null: none is named. */
export function fileOf(env: Environment, name: string): string | null {
  return env[fileVariable(name)]?.trim() || null;
}

/** What the variable says, once its file was read; null: nothing. Throws ConfigError where that can't be read. */
export function secretIn(env: Environment, name: (typeof SECRET_VARIABLES)[number]): string | null {
  const problem = env[name]
    ? undefined
    : secretFileProblems(env).find((one) => one.name === fileVariable(name));
  if (problem !== undefined) throw new ConfigError([problem]);
  return env[name] || null;
}

/** Variables whose file is named and was not read: it can't be, or is another machine's. */
export function unreadSecretFiles(env: Environment): string[] {
  return SECRET_VARIABLES.filter((name) => fileOf(env, name) !== null && !env[name]);
}

/** Files that are named and can't be read, and those that say something else than the variable itself. */
export function secretFileProblems(env: Environment): ConfigProblem[] {
  return SECRET_VARIABLES.flatMap((name): ConfigProblem[] => {
    const file = fileOf(env, name);
    if (file === null) return [];
    const problem = { name: fileVariable(name), value: shownValue(file) };
    const read = readSecret(file);
    if ("reason" in read) return [{ ...problem, ...read }];
    if (!env[name] || env[name] === read.secret) return [];
    return [{ ...problem, reason: `says something else than ${name}`, fix: "Set only one of the two" }];
  });
}

/** Without the line's end that every editor leaves. */
function readSecret(file: string): { secret: string } | Pick<ConfigProblem, "reason" | "fix"> {
  const text = textOf(file);
  if (typeof text !== "string") return text;
  const secret = text.replace(/^\ufeff/, "").replace(/(\r?\n)+$/, "");
  if (secret.trim() === "") return { reason: "names a file that is empty", fix: "Write the secret into it" };
  if (/[\r\n]/.test(secret)) {
    return { reason: "names a file of several lines", fix: "Leave nothing but the secret in it" };
  }
  return { secret };
}

function textOf(file: string): string | Pick<ConfigProblem, "reason" | "fix"> {
  try {
    if (fs.statSync(file).size > MOST_BYTES) {
      return { reason: "names a file that is too big for a secret", fix: "Name the file of the secret" };
    }
    return fs.readFileSync(file, "utf8");
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown cause";
    return code === "ENOENT"
      ? {
          reason: "names a file that is not there",
          fix: "Check the path, and that the file is handed to Bellows",
        }
      : { reason: `names a file that can't be read (${code})`, fix: "Check who may read it" };
  }
}
