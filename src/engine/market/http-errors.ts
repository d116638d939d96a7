/** Why there was no answer, or a bad one, as errors a person can act on. */
import { HOUR, SECOND } from "../../shared/durations.ts";
import { type Actor, AppError, type ErrorCode } from "../../shared/errors.ts";
import type { HttpAnswer } from "./http.ts";

const MAX_RETRY_AFTER_MS = HOUR;
const MAX_REASON_LENGTH = 200;

export function timeoutError(host: string, what: string, timeoutMs: number): AppError {
  return new AppError({
    code: "NETWORK_TIMEOUT",
    message: `${host} did not answer ${what} within ${timeoutMs / SECOND} s`,
    actor: "network",
    retryable: true,
  });
}

/** What `fetch` threw, in words. The original stays as `cause`. */
export function networkError(host: string, thrown: unknown): AppError {
  const fault = rootFault(thrown);
  const known = FAULTS.find(({ codes }) => codes.some((code) => fault.code.startsWith(code)));
  return new AppError({
    code: known?.name ?? "NETWORK_ERROR",
    message: known ? known.words(host) : `No answer from ${host}: ${fault.message}`,
    actor: known?.actor ?? "network",
    ...(known?.help === undefined ? {} : { help: known.help }),
    retryable: true,
    cause: thrown,
  });
}

interface Fault {
  readonly name: ErrorCode;
  /** Error codes of Node and its HTTP client, or their beginnings. */
  readonly codes: readonly string[];
  readonly words: (host: string) => string;
  readonly actor?: Actor;
  readonly help?: string;
}

const FAULTS: readonly Fault[] = [
  {
    name: "CONNECTION_REFUSED",
    codes: ["ECONNREFUSED"],
    words: (host) => `Connection refused by ${host}`,
    help: "Is the market running, and are address and port right?",
  },
  {
    name: "CONNECTION_LOST",
    codes: ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"],
    words: (host) => `${host} closed the connection before it answered`,
  },
  {
    name: "HOST_NOT_FOUND",
    codes: ["ENOTFOUND", "EAI_AGAIN"],
    words: (host) => `The name in ${host} could not be resolved`,
    help: "Check the address and this machine's network.",
  },
  {
    name: "HOST_UNREACHABLE",
    codes: ["EHOSTUNREACH", "ENETUNREACH", "ENETDOWN"],
    words: (host) => `${host} can't be reached from this network`,
  },
  {
    name: "NETWORK_TIMEOUT",
    codes: ["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"],
    words: (host) => `${host} did not answer in time`,
  },
  {
    // The market's fault now and then, this machine's clock more often.
    name: "TLS_DATE",
    codes: ["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"],
    words: (host) => `The certificate of ${host} is not valid at this machine's date and time`,
    actor: "machine",
    help: "Check this machine's date and time; if they are right, the market's certificate has run out.",
  },
  {
    name: "TLS_FAILED",
    codes: ["CERT_", "ERR_TLS_", "ERR_SSL_", "DEPTH_ZERO_", "SELF_SIGNED_", "UNABLE_TO_"],
    words: (host) => `The secure connection to ${host} could not be made`,
    actor: "user",
    help: "Check that the address begins with the right scheme and that the market's certificate is valid.",
  },
  {
    name: "NOT_HTTP",
    codes: ["HPE_"],
    words: (host) => `${host} did not answer in HTTP`,
    help: "Check the port.",
  },
];

/** The innermost cause that names a code; for several addresses tried, the first. */
function rootFault(thrown: unknown): { code: string; message: string } {
  let at: unknown = thrown;
  for (let depth = 0; depth < 8 && at instanceof Error; depth += 1) {
    if ("code" in at && typeof at.code === "string" && at.code !== "")
      return { code: at.code, message: at.message };
    at = at instanceof AggregateError && at.errors.length > 0 ? at.errors[0] : at.cause;
  }
  return { code: "", message: thrown instanceof Error ? thrown.message : String(thrown) };
}

/**
 * The error for a status nobody asked for: 401/403 for the user to mend, 408/425/429/5xx to be tried again,
 * the rest a plain no. `redact` removes secrets a server may echo.
 */
export function statusError(
  host: string,
  answer: HttpAnswer,
  redact: (text: string) => string,
  now: number,
): AppError {
  const { status } = answer;
  const reason = answerReason(answer.body);
  const said = `${host} answered ${status} to ${answer.what}${reason === null ? "" : `: ${redact(reason)}`}`;
  const wait = parseRetryAfter(answer.headers.get("retry-after"), now);
  const waiting = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 429) {
    return new AppError({
      code: "RATE_LIMITED",
      message: said,
      actor: "market",
      retryable: true,
      ...waiting,
    });
  }
  if (status >= 500 || status === 408 || status === 425) {
    return new AppError({
      code: "MARKET_ERROR",
      message: said,
      actor: "market",
      retryable: true,
      ...waiting,
    });
  }
  if (status === 401 || status === 403) {
    return new AppError({
      code: "NOT_AUTHORIZED",
      message: said,
      actor: "user",
      help: "Check the key for this market in the settings.",
    });
  }
  return new AppError({ code: "MARKET_REFUSED", message: said, actor: "market" });
}

/** An answer that came but can't be read as what it should be: a proxy's page, a half-deployed market. */
export function unreadable(host: string, what: string, detail: string): AppError {
  return new AppError({
    code: "UNREADABLE_ANSWER",
    message: `${host} gave an answer to ${what} that can't be read: ${detail.slice(0, MAX_REASON_LENGTH)}`,
    actor: "market",
    retryable: true,
  });
}

/** `Retry-After` in seconds or as an HTTP date, as ms from now, at most an hour; undefined when absent or senseless. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * SECOND : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS) : undefined;
}

/** The sentence in an error body, whichever of the usual shapes it has; null when there is none. */
export function answerReason(body: unknown): string | null {
  const text = findReason(body);
  return text === null ? null : text.replace(/\s+/g, " ").trim().slice(0, MAX_REASON_LENGTH);
}

/** Bounded in depth: the body is a stranger's. */
function findReason(body: unknown, depth = 0): string | null {
  if (typeof body === "string") return body;
  if (typeof body !== "object" || body === null || depth > 4) return null;
  if (Array.isArray(body)) return findReason(body[0], depth + 1);
  for (const key of ["message", "detail", "error", "msg"]) {
    if (!Object.hasOwn(body, key)) continue;
    const found = findReason((body as Record<string, unknown>)[key], depth + 1);
    if (found !== null) return found;
  }
  return null;
}
