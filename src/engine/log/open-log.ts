/** The log of one engine, as its configuration has it. */
import { join } from "node:path";
import type { EngineConfig } from "../../shared/config.ts";
import { Log, type LogConsole } from "./log.ts";
import type { Redactor } from "./redact.ts";

const KEPT_FILES = 5;

export const logFileOf = (dataFolder: string): string => join(dataFolder, "logs", "bellows.log");

export function openLog(
  { log, dataFolder, traceTo }: Pick<EngineConfig, "log" | "dataFolder" | "traceTo">,
  { redactor, console }: { redactor: Redactor; console: LogConsole | null },
): Log {
  const file =
    log === undefined ? null : { file: logFileOf(dataFolder), maxBytes: log.fileBytes, keep: KEPT_FILES };
  const traced = traceTo !== undefined;
  return new Log({ level: log?.level ?? "warn", redactor, console, file, traced });
}
