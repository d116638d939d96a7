/** What can go wrong while llama.cpp is installed, in words about llama.cpp: the downloads' own speak of models. */
import { AppError } from "../../shared/errors.ts";

const TRY_AGAIN = "Try again, which goes on where it stopped.";

/** Throws what is no AppError and no full disk. */
export function asLlamaError(thrown: unknown): AppError {
  const full = thrown instanceof Error && "code" in thrown && thrown.code === "ENOSPC";
  if (full || (thrown instanceof AppError && thrown.code === "MODEL_DISK_FULL"))
    return diskFull(null, thrown);
  if (!(thrown instanceof AppError)) throw thrown;
  if (!thrown.code.startsWith("MODEL_")) return thrown;
  if (thrown.code === "MODEL_NPM_MISSING") return noRegistry(thrown);
  return new AppError({
    code: "LLAMA_FAILED",
    message: `llama.cpp could not be fetched. ${thrown.message}`,
    actor: thrown.actor,
    help: TRY_AGAIN,
    retryable: thrown.retryable,
    cause: thrown,
  });
}

/** `neededMb`: null where only the system knows. */
export function diskFull(neededMb: number | null, cause?: unknown): AppError {
  return new AppError({
    code: "LLAMA_DISK_FULL",
    message: "The disk is too full for llama.cpp",
    actor: "user",
    help: `Free ${neededMb === null ? "some space" : `about ${neededMb} MB`} and try again; what was downloaded is kept.`,
    cause,
  });
}

export function noRegistry(cause: unknown): AppError {
  return new AppError({
    code: "LLAMA_NPM_MISSING",
    message: "npm, which knows where llama.cpp's packages lie, is not on this machine",
    actor: "user",
    help: "Install Node.js with npm, or name a registry's address: `bellows llama install --registry URL`.",
    cause,
  });
}

export function busy(pid: number): AppError {
  return new AppError({
    code: "LLAMA_BUSY",
    message: `llama.cpp is being changed by another process (pid ${pid})`,
    actor: "user",
    help: "Wait until it is done, or end it there.",
  });
}

/** Windows lets nobody move what a program has open. */
export function inUse(cause: unknown): AppError {
  return new AppError({
    code: "LLAMA_IN_USE",
    message: "llama.cpp is in use, so its files can't be changed",
    actor: "user",
    help: "Pause Bellows for a moment, then try again; what was downloaded is kept.",
    cause,
  });
}
