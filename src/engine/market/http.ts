/**
 * One HTTP client for every market: it hands back whatever was answered, whole and within bounds, or says in words
 * why there was no answer. What a status means is the adapter's business.
 *
 * It never follows a redirect to another host (a key would travel along), stops reading at a size limit, and ends
 * at the caller's abort or its own timeout, whichever comes first.
 */
import manifest from "../../../package.json" with { type: "json" };
import { MIB, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { networkError, timeoutError } from "./http-errors.ts";
import { parseJson } from "./json.ts";
import { type Incoming, type Send, send as sendByNode } from "./send.ts";
import { uploadMs } from "./slow-line.ts";

export const DEFAULT_TIMEOUT_MS = 10 * SECOND;
export const MAX_ANSWER_BYTES = 32 * MIB;
const MAX_REDIRECTS = 3;
const USER_AGENT = `${manifest.name}/${manifest.version}`;

/** One line for the debug log; never carries a secret. */
export type DebugSink = (message: string, details?: Readonly<Record<string, unknown>>) => void;

export interface HttpClientOptions {
  /** Scheme, host, port and an optional path prefix. */
  readonly baseUrl: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Texts that must never appear in a message, even when the server echoes them. */
  readonly secrets?: readonly string[];
  /** Takes the place of the network in a test. */
  readonly fetch?: Send | undefined;
  /** Unix ms. */
  readonly now?: (() => number) | undefined;
  readonly maxAnswerBytes?: number;
  readonly onDebug?: DebugSink | undefined;
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path under the base URL, e.g. "/v1/path"; variable segments already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
  /** For the whole exchange, answer included; the time a slow line needs for the body comes on top. */
  readonly timeoutMs?: number;
}

/** JSON is encoded here; `raw` goes out byte for byte, for bodies that are signed. */
export type HttpBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "raw"; readonly bytes: Uint8Array; readonly contentType: string };

export interface HttpAnswer {
  /** "POST /v1/path", for messages. */
  readonly what: string;
  readonly status: number;
  readonly headers: Incoming["headers"];
  readonly text: string;
  /** The parsed JSON; undefined when the text is none. */
  readonly body: unknown;
  /** Unix ms by the local clock: request begun, head of the answer there. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

export interface HttpClient {
  /** "127.0.0.1:8203", for messages. */
  readonly host: string;
  /** Throws AppError (actor "network") when there is no answer; aborting rejects with the signal's reason. */
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** The text without any of the client's secrets. */
  redact(text: string): string;
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const base = parseBase(options.baseUrl);
  const send = options.fetch ?? sendByNode;
  const now = options.now ?? Date.now;
  const maxBytes = options.maxAnswerBytes ?? MAX_ANSWER_BYTES;
  const secrets = (options.secrets ?? []).filter((secret) => secret.length > 0);
  const redact = (text: string) =>
    secrets.reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);

  async function request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    let url = urlOf(base, request);
    for (let hops = 0; ; hops += 1) {
      const answer = await exchange(url, request, signal);
      options.onDebug?.(`${answer.what} → ${answer.status}`, { ms: answer.answeredAt - answer.sentAt });
      if (!isRedirect(answer)) return answer;
      url = sameHostTarget(url, answer, hops);
    }
  }

  async function exchange(url: URL, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const what = `${request.method} ${url.pathname}`;
    const body = request.body === undefined ? undefined : encodeBody(request.body);
    const timeoutMs = (request.timeoutMs ?? DEFAULT_TIMEOUT_MS) + uploadMs(body?.length ?? 0);
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const timer = setTimeout(() => stop.abort(timeoutError(base.host, what, timeoutMs)), timeoutMs);
    try {
      const sentAt = now();
      const response = await send(url.href, {
        method: request.method,
        headers: {
          "user-agent": USER_AGENT,
          accept: "application/json",
          ...options.headers,
          ...contentOf(request),
        },
        redirect: "manual",
        signal: stop.signal,
        ...(body === undefined ? {} : { body }),
      });
      const answeredAt = now();
      const text = await readBounded(response, maxBytes, base.host);
      return {
        what,
        status: response.status,
        headers: response.headers,
        text,
        body: parseJson(text),
        sentAt,
        answeredAt,
      };
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      if (stop.signal.aborted) throw stop.signal.reason;
      if (thrown instanceof AppError) throw thrown;
      const error = networkError(base.host, thrown);
      options.onDebug?.(`${what} → ${error.code}`, { message: error.message });
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  return { host: base.host, request, redact };
}

function parseBase(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
    throw new AppError({
      code: "BAD_URL",
      message: "A market's address must be a plain http:// or https:// URL without a user name or password",
      actor: "user",
      help: "Correct the market's address in the settings.",
    });
  }
  return url;
}

function urlOf(base: URL, request: HttpRequest): URL {
  const url = new URL(base.origin);
  url.pathname = `${base.pathname.replace(/\/+$/, "")}${request.path}`;
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, String(value));
  return url;
}

function contentOf(request: HttpRequest): Record<string, string> {
  const type = request.body?.kind === "raw" ? request.body.contentType : "application/json";
  return { ...(request.body === undefined ? {} : { "content-type": type }), ...request.headers };
}

function encodeBody(body: HttpBody): string | Uint8Array<ArrayBuffer> {
  // The copy narrows the buffer's type; a view on shared memory could not be sent anyway.
  return body.kind === "json" ? JSON.stringify(body.value) : new Uint8Array(body.bytes);
}

function isRedirect(answer: HttpAnswer): boolean {
  return [301, 302, 303, 307, 308].includes(answer.status) && answer.headers.get("location") !== null;
}

/** Where to go on; anything but the same origin, or a chain of redirects, is refused. */
function sameHostTarget(from: URL, answer: HttpAnswer, hops: number): URL {
  const location = answer.headers.get("location") ?? "";
  const target = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  const keepsMethod = answer.what.startsWith("GET ") || [307, 308].includes(answer.status);
  if (target && target.origin === from.origin && keepsMethod && hops < MAX_REDIRECTS) return target;
  throw new AppError({
    code: "REDIRECT_REFUSED",
    message: `${from.host} redirects ${answer.what} to ${target?.origin ?? "an unreadable address"}, which is not followed`,
    actor: "user",
    help: "Set the market's final address in the settings.",
  });
}

async function readBounded({ headers, body }: Incoming, maxBytes: number, host: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  const isTooBig = () => Math.max(bytes, Number(headers.get("content-length") ?? "0")) > maxBytes;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (isTooBig()) throw tooBig(host, maxBytes); // Leaving the loop closes the connection.
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function tooBig(host: string, maxBytes: number): AppError {
  return new AppError({
    code: "ANSWER_TOO_BIG",
    message: `${host} answered with more than ${Math.floor(maxBytes / MIB)} MiB`,
    actor: "market",
  });
}
