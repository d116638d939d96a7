/** What every command is given: the terminal, the environment, where the app is; nothing is read from globals. */
import type { AppPaths } from "../engine/config/paths.ts";
import type { Terminal } from "./terminal.ts";

export interface CliContext {
  readonly terminal: Terminal;
  /** The process's own; `--environment` adds to it. */
  readonly env: Record<string, string | undefined>;
  readonly paths: AppPaths;
  /** Puts into `env` what the files of secrets (`…_FILE`) hold now. */
  readonly readSecretFiles?: () => void;
  /** Unix ms at which this process began. */
  readonly startedAt: number;
  readonly now: () => number;
}
