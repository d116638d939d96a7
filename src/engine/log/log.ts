/**
 * The engine's log: one JSON object a line, to the console of a service, to a file with a cap, and the newest lines in
 * memory. Every line goes through the redactor before it goes anywhere.
 */
import { traceIdOf } from "../tracing/trace-ids.ts";
import type { Redactor } from "./redact.ts";
import { RollingFile, type RollingFileOptions } from "./rolling-file.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line is about: the same names in every line, so that one lease can be followed. */
export interface LogFacts {
  readonly market?: string | undefined;
  readonly lease?: string | undefined;
  readonly job?: string | undefined;
  readonly device?: string | undefined;
  readonly [name: string]: unknown;
}

export interface LogConsole {
  readonly format: "json" | "human";
  readonly write: (line: string) => void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly redactor: Redactor;
  readonly console: LogConsole | null;
  readonly file: RollingFileOptions | null;
  /** Jobs are traced: what is about a lease carries the id of its trace. */
  readonly traced?: boolean;
}

const NEWEST = 500;

export class Log {
  readonly #write: (line: string) => void;
  readonly #redactor: Redactor;
  readonly #file: RollingFile | null;
  readonly #newest: string[] = [];
  readonly #traced: boolean;
  #level: LogLevel;

  constructor({ level, redactor, console, file, traced = false }: LogOptions) {
    this.#traced = traced;
    this.#file = file === null ? null : new RollingFile(file);
    this.#level = level;
    this.#redactor = redactor;
    this.#write = (raw) => {
      const line = redactor.text(raw);
      this.#newest.push(line.trimEnd());
      if (this.#newest.length > NEWEST) this.#newest.shift();
      this.#file?.write(line);
      console?.write(console.format === "json" ? line : humanLine(line));
    };
  }

  setLevel(level: LogLevel): void {
    this.#level = level;
  }

  /** Would a line of this level be written? Asked before its facts are looked up. */
  wants(level: Exclude<LogLevel, "silent">): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.#level);
  }

  trace(message: string, facts: LogFacts = {}): void {
    this.#say("trace", message, facts);
  }

  debug(message: string, facts: LogFacts = {}): void {
    this.#say("debug", message, facts);
  }

  info(message: string, facts: LogFacts = {}): void {
    this.#say("info", message, facts);
  }

  warn(message: string, facts: LogFacts = {}): void {
    this.#say("warn", message, facts);
  }

  error(message: string, facts: LogFacts = {}): void {
    this.#say("error", message, facts);
  }

  #say(level: Exclude<LogLevel, "silent">, msg: string, facts: LogFacts): void {
    if (!this.wants(level)) return;
    const head = { level, time: new Date().toISOString() };
    const line = { ...head, ...facts, ...(this.#traced ? traceOf(facts) : {}), msg };
    this.#write(`${asJson(line) ?? JSON.stringify({ ...head, msg })}\n`);
  }

  /** The text as a line of the log may hold it: for what is shown beside the log. */
  clean(text: string): string {
    return this.#redactor.text(text);
  }

  /** The newest lines, oldest first. */
  newest(): readonly string[] {
    return [...this.#newest];
  }

  close(): void {
    this.#file?.close();
  }
}

function traceOf({ market, lease }: LogFacts): { readonly trace?: string } {
  if (market === undefined || lease === undefined) return {};
  return { trace: traceIdOf({ market, leaseId: lease }) };
}

/** null: the facts can't be written (a circle). */
function asJson(line: Readonly<Record<string, unknown>>): string | null {
  try {
    return JSON.stringify(line, (_name, value: unknown) => {
      if (typeof value === "bigint") return value.toString();
      return value instanceof Error ? { message: value.message, stack: value.stack } : value;
    });
  } catch {
    return null;
  }
}

/** `12:04:31  WARN  AICF is not reachable  market=aicf` */
export function humanLine(json: string): string {
  const { level, time, msg, ...facts } = JSON.parse(json) as Record<string, unknown>;
  const clock = typeof time === "string" ? new Date(time).toTimeString().slice(0, 8) : "";
  const word = level === "info" ? "" : `${String(level).toUpperCase()}  `;
  const rest = Object.entries(facts)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(" ");
  return `${clock}  ${word}${String(msg)}${rest === "" ? "" : `  ${rest}`}\n`;
}
