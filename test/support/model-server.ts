/**
 * A server of model files that keeps HTTP's rules about ranges, and misbehaves as a test tells it to; it logs what it
 * was asked for and how many bytes it gave.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { delay } from "../../src/shared/wait.ts";
import { onTestFinished } from "./side-by-side.ts";

/** What becomes of one answer. Positions are of the file, not of the answer. */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly headers?: Record<string, string> }
  | { readonly kind: "redirect"; readonly to: string }
  /** The connection is cut once the answer has given this many bytes; what was not read by then is lost. */
  | { readonly kind: "reset"; readonly after: number; readonly lingerMs?: number }
  /** It goes silent there instead. */
  | { readonly kind: "stall"; readonly after: number }
  /** The answer ends there as if it were whole. */
  | { readonly kind: "short"; readonly after: number }
  /** The byte at this position of the file is another one. */
  | { readonly kind: "flip"; readonly at: number };

export interface LogEntry {
  readonly path: string;
  readonly range: { readonly start: number; readonly end: number } | null;
  readonly ifRange: string | null;
  status: number;
  /** Of the body, handed to the socket. */
  sent: number;
}

export interface ModelServer {
  /** Ends with a slash. */
  readonly url: string;
  readonly log: LogEntry[];
  readonly files: Map<string, Buffer>;
  /** Taken one per answer, first come first served; then answers are good. */
  readonly faults: Fault[];
  /** Every answer has it, while it is set. */
  always: Fault | null;
  ranges: boolean;
  /** The ETag of a file; null: none is told. */
  etag: ((path: string) => string) | null;
  /** Bytes, and the pause after each such piece. */
  pace: { readonly bytes: number; readonly ms: number } | null;
}

const PIECE = 16 * 1024;

export async function serveModels(files: Record<string, Buffer>): Promise<ModelServer> {
  const state: ModelServer = {
    url: "",
    log: [],
    files: new Map(Object.entries(files)),
    faults: [],
    always: null,
    ranges: true,
    etag: (path) =>
      `"${createHash("sha1")
        .update(state.files.get(path) ?? "")
        .digest("hex")}"`,
    pace: null,
  };
  const server = createServer((request, response) => {
    answer(state, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
}

async function answer(state: ModelServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent((request.url ?? "/").slice(1));
  const entry: LogEntry = {
    path,
    range: rangeOf(request.headers.range),
    ifRange: request.headers["if-range"]?.toString() ?? null,
    status: 0,
    sent: 0,
  };
  state.log.push(entry);
  const fault = state.always ?? state.faults.shift() ?? null;
  const end = (status: number, headers: Record<string, string> = {}) => {
    entry.status = status;
    response.writeHead(status, headers).end();
  };
  if (fault?.kind === "status") return end(fault.status, fault.headers);
  if (fault?.kind === "redirect") return end(302, { location: fault.to });
  const file = state.files.get(path);
  if (!file) return end(404);

  const etag = state.etag?.(path) ?? null;
  const asked = state.ranges && (entry.ifRange === null || entry.ifRange === etag) ? entry.range : null;
  const from = asked?.start ?? 0;
  const to = Math.min(file.length, asked?.end ?? file.length);
  const until = "after" in (fault ?? {}) ? Math.min(to, from + (fault as { after: number }).after) : to;
  entry.status = asked ? 206 : 200;
  response.writeHead(entry.status, {
    ...lengthOf(fault, asked !== null, until - from, to - from),
    ...(etag === null ? {} : { etag }),
    ...(asked ? { "content-range": `bytes ${from}-${to - 1}/${file.length}` } : {}),
  });
  const piece = state.pace?.bytes ?? PIECE;
  for (let at = from; at < until; at += piece) {
    const bytes = Buffer.from(file.subarray(at, Math.min(until, at + piece)));
    if (fault?.kind === "flip" && fault.at >= at && fault.at < at + bytes.length) {
      bytes[fault.at - at] = (bytes[fault.at - at] ?? 0) ^ 0xff;
    }
    if (response.destroyed) return;
    entry.sent += bytes.length;
    const wantsMore = response.write(bytes);
    if (!wantsMore) await drained(response);
    if (state.pace) await delay(state.pace.ms);
  }
  if (fault?.kind === "stall") return;
  if (fault?.kind === "reset") {
    await delay(fault.lingerMs ?? 5);
    response.destroy();
    return;
  }
  response.end();
}

/** Resolves when there is room for more, or nobody reads any longer. */
async function drained(response: ServerResponse): Promise<void> {
  const over = new AbortController();
  const waits = ["drain", "close"].map((event) => once(response, event, { signal: over.signal }));
  await Promise.race(waits).finally(() => over.abort());
  await Promise.allSettled(waits);
}

/** A whole file whose length is said short would be another file: there the end just comes early. */
function lengthOf(
  fault: Fault | null,
  ranged: boolean,
  given: number,
  promised: number,
): Record<string, string> {
  if (fault?.kind !== "short") return { "content-length": String(promised) };
  return ranged ? { "content-length": String(given) } : {};
}

/** `bytes=a-b` as positions, the end exclusive. */
function rangeOf(header: string | undefined): { start: number; end: number } | null {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
  return match && { start: Number(match[1]), end: match[2] ? Number(match[2]) + 1 : Number.MAX_SAFE_INTEGER };
}
