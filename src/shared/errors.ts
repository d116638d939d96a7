/**
 * Every error says what went wrong, who has to act, and what that one should do.
 * Errors cross process borders as plain values (`ErrorValue`); inside a process they are thrown as `AppError`.
 */
import { z } from "zod";
import type { errors } from "./words/en/errors.ts";

/** Who must act: the person at the machine, the market, the network between, the machine itself, or us (bug). */
export const ActorSchema = z.enum(["user", "market", "network", "machine", "bug"]);
export type Actor = z.infer<typeof ActorSchema>;

/** Every code there is has its words in every language: a new one is written down there first. */
export type ErrorCode = keyof typeof errors;

export const ErrorValueSchema = z.object({
  /** UPPER_SNAKE, stable: scripts and tests match on it. */
  code: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
  /** One sentence: the cause, in words, without a secret. */
  message: z.string(),
  actor: ActorSchema,
  /** One sentence: what `actor` can do about it. */
  help: z.string().optional(),
});
export type ErrorValue = z.infer<typeof ErrorValueSchema>;

export interface AppErrorInit {
  code: ErrorCode;
  message: string;
  actor: Actor;
  help?: string | undefined;
  /** May the same call succeed later, unchanged? */
  retryable?: boolean | undefined;
  /** The other side asked for this pause before the next try (HTTP Retry-After). */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

export class AppError extends Error {
  readonly code: string;
  readonly actor: Actor;
  readonly help: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(init: AppErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "AppError";
    this.code = init.code;
    this.actor = init.actor;
    this.help = init.help;
    this.retryable = init.retryable ?? false;
    this.retryAfterMs = init.retryAfterMs;
  }

  toValue(): ErrorValue {
    return {
      code: this.code,
      message: this.message,
      actor: this.actor,
      ...(this.help === undefined ? {} : { help: this.help }),
    };
  }

  /** As another process told it, with what is known better here. */
  static fromValue(value: ErrorValue, better: Partial<AppErrorInit> = {}): AppError {
    return new AppError({ ...value, code: foreignCode(value.code), ...better });
  }
}

/** A code out of another process, or another version of it: it may be one that has no words here, and is shown as it came. */
export function foreignCode(code: string): ErrorCode {
  return code as ErrorCode;
}

/** Turn anything thrown into an error value; what nobody foresaw is a bug, and says so. */
export function toErrorValue(thrown: unknown): ErrorValue {
  if (thrown instanceof AppError) return thrown.toValue();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "UNEXPECTED", message, actor: "bug", help: "Please report this with the diagnostics file." };
}

/** The exhaustiveness check of a switch: a new union member becomes a compile error here. */
export function unreachable(value: never): never {
  throw new AppError({ code: "UNREACHABLE", message: `Unexpected value ${String(value)}`, actor: "bug" });
}

export function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown.name === "AbortError" || thrown.name === "TimeoutError");
}
