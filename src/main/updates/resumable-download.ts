/**
 * Fetches a file so that nothing that came is lost: into a part file, which a broken connection, another start of the app
 * or a change of mind leaves where it is, and which the next try continues (RFC 9110 §14, Range). What it holds is proven
 * by its hash, and only when it is whole.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { MILLISECOND, SECOND } from "../../shared/durations.ts";
import { backoffMs, delay } from "../../shared/wait.ts";

/** Tries in a row that brought nothing; one that brought something begins the count anew. */
const TRIES_WITHOUT_NEWS = 5;
const RETRY = { base: SECOND, cap: 30 * SECOND };
/** A connection without a byte for this long is given up and made anew. */
const STALL = 30 * SECOND;
/** Progress is worth telling this often. */
const TELL_EVERY = 100 * MILLISECOND;

export interface ResumableDownloadOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the whole file, base64: names the part, and proves it. */
  readonly sha512: string;
  /** Holds the one part file there is; others in it are of releases that nobody wants any more. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly progress: (bytes: number, total: number | null) => void;
  /** Whose network settings count. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly retry?: { readonly base: number; readonly cap: number };
  readonly stall?: number;
}

/** Resolves with the whole, proven part file: move it away. Throws what broke the last try, or the signal's reason. */
export async function downloadResumably(options: ResumableDownloadOptions): Promise<string> {
  const { folder, sha512, signal, retry = RETRY } = options;
  const part = path.join(folder, partName(sha512));
  await prepare(folder, part);
  let begunAnew = (await sizeOf(part)) === 0;
  for (let fruitless = 0; ; ) {
    const before = await sizeOf(part);
    try {
      await fetchRest(part, before, options);
      if ((await sha512Of(part)) === sha512) return part;
      await rm(part, { force: true });
      if (begunAnew) throw new WrongFile();
      // Its beginning was another file's: once from the first byte.
      begunAnew = true;
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof WrongFile || thrown instanceof Refused) throw thrown;
      fruitless = (await sizeOf(part)) > before ? 0 : fruitless + 1;
      if (fruitless >= TRIES_WITHOUT_NEWS) throw thrown;
      await delay(backoffMs(fruitless, retry), signal);
    }
  }
}

class WrongFile extends Error {
  constructor() {
    super("what came is not the file the feed names");
  }
}

/** The server's answer will be the same at the next try. */
class Refused extends Error {}

/** One connection, from the part's end to the file's. Throws when it breaks before. */
async function fetchRest(part: string, from: number, options: ResumableDownloadOptions): Promise<void> {
  const { url, headers, signal, progress, fetch, stall = STALL } = options;
  const stalled = new AbortController();
  const watch = setTimeout(() => stalled.abort(new Error(`nothing came for ${stall / SECOND} s`)), stall);
  try {
    const response = await fetch(url, {
      headers: { ...headers, ...(from > 0 && { range: `bytes=${from}-` }) },
      signal: AbortSignal.any([signal, stalled.signal]),
    });
    // Nothing is behind the part's end: it is whole, or no beginning of this file.
    if (response.status === 416 && from > 0) return;
    const start = startOf(response, from);
    const total = totalOf(response, start);
    await using file = await open(part, start === 0 ? "w" : "r+");
    let at = start;
    const teller = setInterval(() => progress(at, total), TELL_EVERY);
    try {
      for await (const chunk of response.body ?? []) {
        watch.refresh();
        await file.write(chunk, 0, chunk.length, at);
        at += chunk.length;
      }
    } finally {
      clearInterval(teller);
      progress(at, total);
    }
    if (total !== null && at < total) throw new Error(`the connection ended after ${at} of ${total} bytes`);
  } finally {
    clearTimeout(watch);
  }
}

/** Where in the file the answer's body begins. Throws Refused for an answer that is none. */
function startOf(response: Response, asked: number): number {
  if (response.status === 200) return 0; // A server that knows no ranges sends all of it.
  const begins = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (response.status === 206 && Number(begins) === asked) return asked;
  const sentence = `the server answered with status ${response.status}`;
  throw response.status >= 500 ? new Error(sentence) : new Refused(sentence);
}

function totalOf(response: Response, start: number): number | null {
  const told = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (told !== undefined) return Number(told);
  const length = response.headers.get("content-length");
  // The length of a packed body is not that of what comes out of it.
  if (length === null || response.headers.has("content-encoding")) return null;
  return start + Number(length);
}

async function prepare(folder: string, part: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    if (name !== path.basename(part)) await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

/** How much of the file is here already, bytes. */
export const partSize = (folder: string, sha512: string): Promise<number> =>
  sizeOf(path.join(folder, partName(sha512)));

const partName = (sha512: string): string =>
  `${Buffer.from(sha512, "base64").toString("hex").slice(0, 32)}.part`;

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

async function sha512Of(file: string): Promise<string> {
  const hash = createHash("sha512");
  await pipeline(createReadStream(file), hash);
  return hash.digest("base64");
}
