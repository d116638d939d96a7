/** What can go wrong while a model is fetched, in words; each names the source, by its host, never by a whole address. */
import { SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";

const TRY_AGAIN = "Check the network, then start the download again; what is here already is kept.";

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "an unreadable address";
}

export function sourceUnreachable(host: string, cause: unknown): AppError {
  return new AppError({
    code: "MODEL_SOURCE_UNREACHABLE",
    message: `The connection to ${host} broke (${causeOf(cause)})`,
    actor: "network",
    help: TRY_AGAIN,
    retryable: true,
    cause,
  });
}

export function sourceStalled(url: string, ms: number): AppError {
  return new AppError({
    code: "MODEL_SOURCE_STALLED",
    message: `${hostOf(url)} sent nothing for ${ms / SECOND} s`,
    actor: "network",
    help: TRY_AGAIN,
    retryable: true,
  });
}

export function sourceEndedEarly(url: string): AppError {
  return new AppError({
    code: "MODEL_SOURCE_UNREACHABLE",
    message: `${hostOf(url)} ended its answer early`,
    actor: "network",
    help: TRY_AGAIN,
    retryable: true,
  });
}

export function sourceGone(url: string, status: number): AppError {
  return new AppError({
    code: "MODEL_SOURCE_GONE",
    message: `${hostOf(url)} no longer has the file (HTTP ${status})`,
    actor: "machine",
    help: "Update Bellows: a newer catalogue may name another source.",
  });
}

export function sourceRefused(url: string, how: string, retryable: boolean, retryAfterMs?: number): AppError {
  return new AppError({
    code: "MODEL_SOURCE_REFUSED",
    message: `${hostOf(url)} ${how}`,
    actor: "network",
    help: TRY_AGAIN,
    retryable,
    retryAfterMs,
  });
}

export function redirectRefused(url: string, where: string): AppError {
  return new AppError({
    code: "MODEL_REDIRECT_REFUSED",
    message: `${hostOf(url)} redirects ${where}, which is not followed`,
    actor: "network",
    help: "Look whether a proxy or a captive portal answers in place of the source.",
  });
}

/** `sources`: hosts, or the name of a package. */
export function sourceWrong(sources: readonly string[], what: string): AppError {
  return new AppError({
    code: "MODEL_SOURCE_WRONG",
    message: `${sources.join(" and ")} sent other bytes than the catalogue pins: ${what}`,
    actor: "network",
    help: "Try another network, since a proxy may alter files; nothing that was good was touched.",
  });
}

export function diskFull(folder: string, neededBytes: number | null, freeBytes: number | null): AppError {
  const numbers =
    neededBytes === null || freeBytes === null
      ? ""
      : `: ${megabytes(neededBytes)} are needed, ${megabytes(freeBytes)} are free`;
  return new AppError({
    code: "MODEL_DISK_FULL",
    message: `The disk of ${folder} is too full for the model${numbers}`,
    actor: "user",
    help: "Free some space or remove models with `bellows models remove`; what is here already is kept.",
  });
}

export function folderUnusable(folder: string, code: string, cause: unknown): AppError {
  return new AppError({
    code: "MODEL_FOLDER_UNUSABLE",
    message: `The model folder ${folder} can't be used (${code})`,
    actor: "user",
    help: "Check who owns it, or choose another with DISK_CACHE_DIR.",
    cause,
  });
}

/** What Ollama keeps is Ollama's to fetch. */
export function ollamaFetches(model: string, name: string): AppError {
  return new AppError({
    code: "MODEL_FROM_OLLAMA",
    message: `${model} comes from Ollama`,
    actor: "user",
    help: `Run \`ollama pull ${name}\`, and set BELLOWS_OLLAMA=auto so that it may be used for jobs.`,
  });
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** fetch says "fetch failed" or "terminated" and keeps the reason in its cause. */
function causeOf(thrown: unknown): string {
  let deepest = thrown;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  if (!(deepest instanceof Error)) return String(deepest);
  return "code" in deepest && typeof deepest.code === "string" ? deepest.code : deepest.message;
}
