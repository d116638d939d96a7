/** The log of one engine, as its configuration has it. */
import type { EngineConfig } from "../../shared/config.ts";
import { Log, type LogConsole } from "./log.ts";
import { logFileOf } from "./log-file.ts";
import type { Redactor } from "./redact.ts";

const KEPT_FILES = 5;

export function openLog(
  { log, dataFolder, traceTo }: Pick<EngineConfig, "log" | "dataFolder" | "traceTo">,
  { redactor, console }: { redactor: Redactor; console: LogConsole | null },
): Log {
  const file =
    log === undefined ? null : { file: logFileOf(dataFolder), maxBytes: log.fileBytes, keep: KEPT_FILES };
  const traced = traceTo !== undefined;
  return new Log({ level: log?.level ?? "warn", redactor, console, file, traced });
}
