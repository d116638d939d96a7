/** What every command is given: the terminal, the environment, where the app is; nothing is read from globals. */
import type { Environment } from "../engine/config/from-environment.ts";
import type { AppPaths } from "../engine/config/paths.ts";
import type { Terminal } from "./terminal.ts";

export interface CliContext {
  readonly terminal: Terminal;
  readonly env: Environment;
  readonly paths: AppPaths;
  /** Unix ms at which this process began. */
  readonly startedAt: number;
  readonly now: () => number;
}
