/**
 * `--environment FILE`: settings as NAME=value lines, for whoever starts us without a service manager that reads such a
 * file (Windows' Task Scheduler, a cron job). What the environment itself says counts before the file. It is not called
 * --env-file because Node looks for that word among a program's own arguments.
 */
import path from "node:path";
import { ConfigError } from "../engine/config/config-error.ts";
import { placedIn, readEnvironmentFile } from "../engine/config/environment-file.ts";
import { SecretFiles } from "../engine/config/secret-files.ts";

export class GivenEnvironment {
  readonly #target: Record<string, string | undefined>;
  readonly #secretFiles: SecretFiles;
  #read: { file: string; lines: ReadonlyMap<string, number> } | null = null;

  /** `target`: the environment of this process, which its parts read. */
  constructor(target: Record<string, string | undefined>) {
    this.#target = target;
    this.#secretFiles = new SecretFiles(target);
  }

  /** What `…_FILE` names; also again, once somebody may have exchanged it. */
  readSecretFiles(): void {
    this.#secretFiles.read();
  }

  /** Throws ConfigError. */
  take(named: string): void {
    const file = path.resolve(named);
    const { env, lines, problems } = readEnvironmentFile(file);
    if (problems.length > 0) throw new ConfigError(problems);
    const taken = Object.entries(env).filter(([name]) => !this.#target[name]);
    for (const [name, value] of taken) this.#target[name] = value;
    this.#read = { file, lines: new Map(taken.map(([name]) => [name, lines.get(name) ?? 0])) };
  }

  /** What is wrong with a setting of the file is told with its line. */
  withPlaces(thrown: unknown): unknown {
    if (this.#read === null || !(thrown instanceof ConfigError)) return thrown;
    return new ConfigError(placedIn(this.#read.file, this.#read, thrown.problems));
  }
}
