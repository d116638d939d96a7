/**
 * One file from one address, chunk by chunk, until it hashes to what is pinned: broken connections are taken up where
 * they broke, a changed file is begun again, and what never fits is given up with the source's name.
 */
import { SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import { backoffMs, delay } from "../../../shared/wait.ts";
import { CHUNK_BYTES } from "./chunk-plan.ts";
import { hostOf, sourceEndedEarly, sourceWrong } from "./errors.ts";
import { type Fetch, requestRange } from "./http-range.ts";
import { type Digest, PartialFile } from "./partial-file.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/** How patient a download is; tests are less so. */
export interface Tuning {
  readonly chunkBytes: number;
  /** No byte for this long is a broken connection. */
  readonly stallMs: number;
  readonly backoff: { readonly base: number; readonly cap: number };
  /** Tries in a row that bring no byte before a source is given up. */
  readonly fruitlessTries: number;
  readonly fetch: Fetch;
}

export const DEFAULT_TUNING: Tuning = {
  chunkBytes: CHUNK_BYTES,
  stallMs: 30 * SECOND,
  backoff: { base: SECOND, cap: 60 * SECOND },
  fruitlessTries: 8,
  fetch: (url, init) => fetch(url, init),
};

export interface FileDownload {
  readonly url: string;
  readonly bytes: number;
  readonly digest: Digest;
  /** For messages. */
  readonly name: string;
  /** Where the partial file lives, and what it is called there. */
  readonly folder: string;
  readonly partName: string;
  readonly limiters: readonly RateLimiter[];
  readonly tuning: Tuning;
  /** Told after every piece: bytes that are here. */
  readonly onReceived: (bytes: number) => void;
  /** Told before each request: whom it asks, and the how manieth it is in a row that brought nothing yet. */
  readonly onTry?: OnTry;
}

export type OnTry = (host: string, tries: number) => void;

/** A source whose content seems to change more often than this has unreliable labels: only the hash decides then. */
const MOST_CHANGES = 3;

/** A file that came out wrong is fetched once more before its source is called wrong: it may have been the line. */
const ROUNDS = 2;

/** Resolves with the path of the whole, checked file. Throws AppError; what is here stays for the next call. */
export async function downloadFile(download: FileDownload, signal: AbortSignal): Promise<string> {
  const { folder, partName, bytes, digest, tuning } = download;
  const partial = await PartialFile.open(
    { folder, name: partName, bytes, digest, chunkBytes: tuning.chunkBytes },
    signal,
  );
  try {
    for (let round = 1; ; round++) {
      await fill(partial, download, signal);
      const found = await partial.hash(digest.algorithm, signal);
      if (found === digest.hex) return partial.path;
      const wrong = wrongHash(download, partial.journal.sources, found);
      await partial.reset();
      if (round === ROUNDS) throw wrong;
    }
  } finally {
    await partial.close();
  }
}

async function fill(partial: PartialFile, download: FileDownload, signal: AbortSignal): Promise<void> {
  const { tuning, onReceived } = download;
  onReceived(partial.receivedBytes);
  const source: Source = { changes: 0 };
  for (let fruitless = 0; partial.missing() !== null; ) {
    const before = partial.acceptedBytes;
    download.onTry?.(hostOf(download.url), fruitless + 1);
    try {
      await fetchMissing(partial, download, source, signal);
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof AppError && thrown.retryable)) throw thrown;
      fruitless = partial.acceptedBytes > before ? 1 : fruitless + 1;
      if (fruitless >= tuning.fruitlessTries) throw thrown;
      await delay(Math.max(thrown.retryAfterMs ?? 0, backoffMs(fruitless, tuning.backoff)), signal);
    }
  }
}

/** What was learnt of a source in this run. */
interface Source {
  changes: number;
}

/** One request for the first thing that is missing. */
async function fetchMissing(
  partial: PartialFile,
  download: FileDownload,
  source: Source,
  signal: AbortSignal,
): Promise<void> {
  const { url, bytes, tuning, limiters, onReceived } = download;
  const span = partial.missing();
  if (span === null) return;
  const known = source.changes < MOST_CHANGES ? partial.journal.validatorOf(url) : null;
  const { stallMs, fetch } = tuning;
  const answer = await requestRange({ url, span, validator: known ?? null, stallMs, fetch }, signal);
  const changed = known != null && known !== answer.validator;
  try {
    if (answer.total !== null && answer.total !== bytes) {
      throw sourceWrong([hostOf(url)], `${download.name} has ${answer.total} bytes, expected ${bytes}`);
    }
    if (changed) {
      source.changes++;
      await partial.reset();
      onReceived(0);
    }
    if (changed || known === undefined) await partial.journal.noteSource(url, answer.validator);
    if (changed && answer.start !== 0) return; // Asked for again, from its start.
    let position = answer.start;
    for await (const piece of answer.pieces) {
      if (position + piece.length > bytes) {
        throw sourceWrong([hostOf(url)], `${download.name} has more than ${bytes} bytes`);
      }
      await partial.accept(position, piece);
      position += piece.length;
      onReceived(partial.receivedBytes);
      for (const limiter of limiters) await limiter.take(piece.length, signal);
      if (position >= span.end) break; // A server without ranges would go on with what is here already.
    }
    if (position < span.end) throw sourceEndedEarly(url);
  } finally {
    await answer.close();
  }
}

function wrongHash(download: FileDownload, sources: readonly string[], found: string): AppError {
  const { name, digest, url } = download;
  const hosts = [...new Set((sources.length === 0 ? [url] : sources).map(hostOf))];
  return sourceWrong(hosts, `${name} has ${digest.algorithm} ${found}, expected ${digest.hex}`);
}
