/** What goes wrong with an Ollama, and who must act. */
import { AppError, type AppErrorInit, type ErrorCode } from "../../shared/errors.ts";

/** An answer's own words are shown this far. */
const SHOWN_WORDS = 300;

export function unreachable(base: string, cause: unknown): AppError {
  return new AppError({
    code: "OLLAMA_UNREACHABLE",
    message: `No Ollama answers at ${base}`,
    actor: "user",
    help: "Start Ollama, or set BELLOWS_OLLAMA to where it listens.",
    retryable: true,
    cause,
  });
}

export function redirects(base: string): AppError {
  return new AppError({
    code: "OLLAMA_REDIRECTS",
    message: `What listens at ${base} redirects elsewhere, which is not followed`,
    actor: "user",
    help: "Set BELLOWS_OLLAMA to the address of Ollama itself.",
  });
}

export function tooSlow(base: string, what: string): AppError {
  return machine("OLLAMA_HUNG", `Ollama at ${base} did not ${what} in time`, { retryable: true });
}

/** It answered in a way that its API does not know: this version, or another program. */
export function unreadable(why: string): AppError {
  return machine("OLLAMA_UNREADABLE", `Ollama's answer can't be used: ${why.slice(0, SHOWN_WORDS)}`);
}

export function brokeOff(cause?: unknown): AppError {
  return machine("OLLAMA_BROKE_OFF", "Ollama's answer broke off before its end", { retryable: true, cause });
}

/** The job goes back to its market, or to where the model is: nobody's answer was wrong. */
export function modelGone(name: string): AppError {
  return machine("OLLAMA_MODEL_GONE", `Ollama no longer has ${name} with the weights it had`, {
    retryable: true,
  });
}

export function inUse(name: string): AppError {
  return machine("OLLAMA_IN_USE", `Ollama is in use: it has ${name} loaded for somebody else`, {
    retryable: true,
  });
}

const TOO_LONG = /exceeds? the (?:available )?context/i;
const OUT_OF_MEMORY =
  /out of memory|requires more system memory|not enough (?:gpu |system )?memory|cudaMalloc failed/i;

/** What Ollama said went wrong, with the status it said it with; `status` null: within a stream. */
export function refused(status: number | null, words: string, name: string | null): AppError {
  const shown = words.trim().slice(0, SHOWN_WORDS) || `status ${status}`;
  if (OUT_OF_MEMORY.test(words)) {
    return machine("OUT_OF_MEMORY", `Ollama has no memory for ${name ?? "the model"}: ${shown}`, {
      retryable: true,
    });
  }
  if (TOO_LONG.test(words)) {
    return new AppError({
      code: "INPUT_TOO_LARGE",
      message: `The prompt is longer than ${name ?? "the model"} holds`,
      actor: "market",
    });
  }
  if (status === 404 && name !== null) return modelGone(name);
  if (status === 503 || status === 429) {
    return machine("OLLAMA_BUSY", `Ollama has too much to do: ${shown}`, { retryable: true });
  }
  return machine("OLLAMA_FAILED", `Ollama refused: ${shown}`, {
    retryable: status === null || status >= 500,
  });
}

function machine(code: ErrorCode, message: string, more: Partial<AppErrorInit> = {}): AppError {
  return new AppError({ code, message, actor: "machine", ...more });
}
