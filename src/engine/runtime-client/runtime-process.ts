/**
 * One life of a runtime process: it answers questions in the order they come, and each has its deadline from the moment
 * the one before is answered. Whatever ends the process (its own word, a crash, a deadline, us) rejects the question it
 * was at with the cause; those behind had not begun, and are told so.
 */
import type { ManagedProcess } from "../../host/process-host.ts";
import { causeFromStderr } from "../../host/stderr-cause.ts";
import { MILLISECOND, SECOND } from "../../shared/durations.ts";
import { AppError, type ErrorValue } from "../../shared/errors.ts";
import { type FromRuntime, FromRuntimeSchema, type ToRuntime } from "../../shared/runtime/protocol.ts";
import { delay } from "../../shared/wait.ts";

/** stderr and messages come by different pipes: the cause may arrive a moment after the answer it explains. */
const STDERR_LAG = 50 * MILLISECOND;

interface OpenQuestion {
  readonly deadlineMs: number;
  /** Is this its answer? Then it is settled. */
  readonly offer: (answer: FromRuntime) => boolean;
  readonly reject: (error: Error) => void;
}

/** The process ended before it came to this question: it can be asked of another one. */
export class NotBegun extends Error {
  override readonly name = "NotBegun";
}

export class RuntimeProcess {
  readonly #child: ManagedProcess;
  /** Oldest first. */
  #open: OpenQuestion[] = [];
  #deadline: NodeJS.Timeout | undefined;
  /** Why it ends or ended: the first cause counts. */
  #cause: AppError | null = null;
  /** Resolves with the cause once the process is gone. */
  readonly ended: Promise<AppError>;

  constructor(child: ManagedProcess) {
    this.#child = child;
    const stop = child.onMessage((message) => this.#receive(message));
    this.ended = child.exited.then((exit) => {
      stop();
      const cause = this.#cause ?? crashed(child.name, exit, child.stderrTail());
      this.#cause = cause;
      this.#rejectAll(cause);
      return cause;
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** It has ended or was told to: it takes no more questions. */
  get ending(): boolean {
    return this.#cause !== null;
  }

  /**
   * Post `message` and wait for the answer `pick` recognises (it returns null for others). Past the deadline the
   * process is killed: a run can't be interrupted otherwise. Throws RUNTIME_CRASHED, RUNTIME_HUNG, or the process's
   * own fatal error.
   */
  async ask<T>(message: ToRuntime, pick: (answer: FromRuntime) => T | null, deadlineMs: number): Promise<T> {
    if (this.#cause) throw this.#cause;
    return await new Promise<T>((resolve, reject) => {
      const offer = (answer: FromRuntime) => {
        const picked = pick(answer);
        if (picked !== null) resolve(picked);
        return picked !== null;
      };
      this.#open.push({ deadlineMs, offer, reject });
      if (this.#open.length === 1) this.#watchOldest();
      this.#child.post(message);
    });
  }

  /** End at once; the open question is rejected with `cause` without waiting for the process to be gone. */
  kill(cause: AppError): void {
    this.#cause ??= cause;
    this.#rejectAll(this.#cause);
    this.#child.kill("SIGKILL");
  }

  /** Ask it to end, kill it after `withinMs`; resolves when it is gone. */
  async shutdown(cause: AppError, withinMs: number): Promise<void> {
    this.#cause ??= cause;
    this.#child.post({ type: "shutdown" } satisfies ToRuntime);
    const timer = setTimeout(() => this.kill(cause), withinMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** What native libraries wrote so far, such as the files they could not load. */
  async nativeWords(): Promise<string> {
    await delay(STDERR_LAG);
    return this.#child.stderrTail();
  }

  #receive(message: unknown): void {
    const answer = FromRuntimeSchema.safeParse(message);
    if (!answer.success) this.kill(unreadable(this.#child.name));
    else if (answer.data.type === "fatal") this.#cause ??= fatal(answer.data.error);
    else this.#settle(answer.data);
  }

  #settle(answer: FromRuntime): void {
    const at = this.#open.findIndex((question) => question.offer(answer));
    if (at === -1) return;
    this.#open.splice(at, 1);
    if (at === 0) this.#watchOldest();
  }

  #watchOldest(): void {
    clearTimeout(this.#deadline);
    const [oldest] = this.#open;
    if (oldest === undefined) return;
    const { deadlineMs } = oldest;
    this.#deadline = setTimeout(() => this.kill(hung(this.#child.name, deadlineMs)), deadlineMs);
  }

  #rejectAll(cause: AppError): void {
    clearTimeout(this.#deadline);
    const [begun, ...behind] = this.#open;
    this.#open = [];
    begun?.reject(cause);
    for (const question of behind) question.reject(new NotBegun(cause.message));
  }
}

function crashed(
  name: string,
  exit: { code: number | null; signal: string | null },
  stderr: string,
): AppError {
  const how = exit.signal ?? (exit.code === null ? "it could not be started" : `exit code ${exit.code}`);
  const cause = causeFromStderr(stderr);
  return new AppError({
    code: "RUNTIME_CRASHED",
    message: `The ${name} process ended unexpectedly (${how})${cause ? `: ${cause}` : ""}`,
    actor: "machine",
    help: "It is started again by itself; if this repeats, look at the driver and the free memory.",
    retryable: true,
  });
}

function hung(name: string, deadlineMs: number): AppError {
  return new AppError({
    code: "RUNTIME_HUNG",
    message: `The ${name} process gave no answer within ${(deadlineMs / SECOND).toFixed(1)} s and was ended`,
    actor: "machine",
    retryable: true,
  });
}

function fatal(error: ErrorValue): AppError {
  return AppError.fromValue(error, { retryable: error.actor === "machine" });
}

function unreadable(name: string): AppError {
  return new AppError({
    code: "RUNTIME_UNREADABLE",
    message: `The ${name} process sent a message the engine can't read`,
    actor: "bug",
  });
}
