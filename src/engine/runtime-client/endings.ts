/** Why a runtime process ended, or none is started yet, as the ones who wait for it are told. */
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";

export const OUT_OF_MEMORY = "OUT_OF_MEMORY";
export const STOPPED = "RUNTIME_STOPPED";
export const IDLE = "RUNTIME_IDLE";

export function stopped(): AppError {
  return new AppError({ code: STOPPED, message: "The runtime was stopped", actor: "user", retryable: true });
}

export function idle(): AppError {
  return new AppError({
    code: IDLE,
    message: "The runtime ended for lack of work",
    actor: "machine",
    retryable: true,
  });
}

export function poisoned(): AppError {
  return new AppError({
    code: "RUNTIME_POISONED",
    message: "Every item of a batch failed on the GPU; its process is replaced",
    actor: "machine",
    retryable: true,
  });
}

export function backingOff(reason: string | null, waitMs: number): AppError {
  return new AppError({
    code: "RUNTIME_BACKING_OFF",
    message: `The runtime is started again in ${Math.ceil(waitMs / SECOND)} s${reason ? `. ${reason}` : ""}`,
    actor: "machine",
    retryable: true,
    retryAfterMs: Math.ceil(waitMs),
  });
}
