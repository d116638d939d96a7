/**
 * One HTTP request for a span of a file: redirects followed only where they stay secret from the network, an answer
 * read piece by piece, and given up when no byte comes for a while.
 */
import { SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Span } from "./chunk-plan.ts";
import {
  hostOf,
  redirectRefused,
  sourceGone,
  sourceRefused,
  sourceStalled,
  sourceUnreachable,
} from "./errors.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface RangeRequest {
  readonly url: string;
  readonly span: Span;
  /** ETag or Last-Modified of what is here already: another content is then sent whole (RFC 9110 §13.1.5). */
  readonly validator: string | null;
  readonly stallMs: number;
  readonly fetch: Fetch;
}

export interface RangeAnswer {
  /** Position of the first byte that comes: the span's start, or 0 from a server that sends the file whole. */
  readonly start: number;
  /** Size of the whole file; null when the server does not say. */
  readonly total: number | null;
  readonly validator: string | null;
  /** Ends with the answer; throws AppError, retryable, when the connection breaks or stalls. */
  readonly pieces: AsyncGenerator<Uint8Array, void, undefined>;
  /** Ends the connection without reading further. */
  close(): Promise<void>;
}

const MAX_REDIRECTS = 5;
const LONGEST_RETRY_AFTER = 600 * SECOND;

/** Throws AppError (MODEL_SOURCE_…); aborting rejects with the signal's reason. */
export async function requestRange(request: RangeRequest, signal: AbortSignal): Promise<RangeAnswer> {
  const { url, stallMs } = request;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const inTime = <T>(work: Promise<T>) => giveUpAfter(work, stallMs, url, stop);
  const response = await translated(url, signal, stop.signal, () => inTime(followed(url, request, either)));
  const close = async () => {
    stop.abort(new DOMException("Read enough", "AbortError"));
    await response.body?.cancel().catch(() => undefined);
  };
  try {
    const head = readHead(url, request.span, response);
    const pieces = readPieces(response, url, signal, stop, inTime);
    return { ...head, pieces, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function followed(url: string, { span, validator, fetch }: RangeRequest, signal: AbortSignal) {
  let at = new URL(url);
  assertAllowed(at, url);
  for (let hops = 0; ; hops++) {
    const response = await fetch(at.href, {
      redirect: "manual",
      signal,
      headers: {
        range: `bytes=${span.start}-${span.end - 1}`,
        // A compressed answer could not be cut into ranges.
        "accept-encoding": "identity",
        ...(validator === null || span.start === 0 ? {} : { "if-range": validator }),
      },
    });
    if (![301, 302, 303, 307, 308].includes(response.status)) return response;
    await response.body?.cancel();
    const location = response.headers.get("location") ?? "";
    const next = URL.canParse(location, at.href) ? new URL(location, at.href) : null;
    if (next === null) throw redirectRefused(url, "to an unreadable address");
    if (hops >= MAX_REDIRECTS) throw redirectRefused(url, "in a circle");
    if (at.protocol === "https:" && next.protocol !== "https:") throw redirectRefused(url, "away from https");
    at = next;
    assertAllowed(at, url);
  }
}

/** https; plain http only on this machine, where tests and a local registry live. */
export function isAllowedUrl(url: URL): boolean {
  if (url.username !== "" || url.password !== "") return false;
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
}

function assertAllowed(url: URL, source: string): void {
  if (!isAllowedUrl(url)) throw redirectRefused(source, `to ${url.protocol}//${url.host}`);
}

function readHead(url: string, span: Span, response: Response) {
  const { status, headers } = response;
  const validator = validatorOf(headers);
  switch (status) {
    case 206: {
      const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
      if (range === null || Number(range[1]) !== span.start) {
        throw sourceRefused(url, "answers with another range than the one asked for", false);
      }
      return { start: span.start, total: range[3] === "*" ? null : Number(range[3]), validator };
    }
    case 200: {
      const length = headers.get("content-length");
      return { start: 0, total: length === null ? null : Number(length), validator };
    }
    case 404:
    case 410:
      throw sourceGone(url, status);
    default: {
      const passing = status === 408 || status === 425 || status === 429 || status >= 500;
      throw sourceRefused(url, `answers with HTTP ${status}`, passing, retryAfterMs(headers));
    }
  }
}

/** A strong ETag, else Last-Modified: a weak ETag can't be used for ranges (RFC 9110 §13.1.5). */
function validatorOf(headers: Headers): string | null {
  const etag = headers.get("etag");
  return etag !== null && !etag.startsWith("W/") ? etag : headers.get("last-modified");
}

function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * SECOND : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(LONGEST_RETRY_AFTER, Math.max(0, ms)) : undefined;
}

async function* readPieces(
  response: Response,
  url: string,
  signal: AbortSignal,
  stop: AbortController,
  inTime: <T>(work: Promise<T>) => Promise<T>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  if (!reader) return;
  for (;;) {
    const { done, value } = await translated(url, signal, stop.signal, () => inTime(reader.read()));
    if (done) return;
    yield value;
  }
}

/** Aborts `stop` with MODEL_SOURCE_STALLED when `work` takes longer than `ms`. */
async function giveUpAfter<T>(work: Promise<T>, ms: number, url: string, stop: AbortController): Promise<T> {
  const timer = setTimeout(() => stop.abort(sourceStalled(url, ms)), ms);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/** What fetch throws, as what it means: our caller's wish, our own timer, or the network. */
async function translated<T>(
  url: string,
  signal: AbortSignal,
  stopped: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (stopped.aborted) throw stopped.reason;
    if (thrown instanceof AppError) throw thrown;
    throw sourceUnreachable(hostOf(url), thrown);
  }
}
