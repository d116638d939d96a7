/**
 * A file that is being downloaded: its bytes in `<name>.part`, what of them counts in `<name>.journal`. A chunk counts
 * when it was whole, written and synced; the one under way lives in memory, so that a broken connection costs nothing
 * and a killed process at most that chunk.
 */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { MIB } from "../../../shared/durations.ts";
import { type ChunkPlan, chunkSpan, firstMissing, planChunks, type Span } from "./chunk-plan.ts";
import { Journal } from "./journal.ts";

/** What the whole file has to hash to, lower-case hex. */
export interface Digest {
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

export interface PartialFileSpec {
  readonly folder: string;
  readonly name: string;
  readonly bytes: number;
  readonly digest: Digest;
  readonly chunkBytes: number;
}

const READ_BYTES = MIB;

export class PartialFile {
  readonly path: string;
  readonly journal: Journal;
  readonly #plan: ChunkPlan;
  readonly #file: FileHandle;
  /** The chunk under way: its bytes so far, from its start. */
  #torn: { readonly index: number; readonly bytes: Buffer; filled: number } | null = null;
  #doneBytes = 0;
  #acceptedBytes = 0;

  private constructor(path: string, file: FileHandle, journal: Journal, plan: ChunkPlan) {
    this.path = path;
    this.#file = file;
    this.journal = journal;
    this.#plan = plan;
  }

  /** Goes on with what is there; each noted chunk is read again, and counts only with its hash. */
  static async open(spec: PartialFileSpec, signal: AbortSignal): Promise<PartialFile> {
    const { folder, name, bytes, digest, chunkBytes } = spec;
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${name}.part`);
    const journal = await Journal.open(join(folder, `${name}.journal`), {
      bytes,
      chunkBytes,
      digest: `${digest.algorithm}-${digest.hex}`,
    });
    const file = await open(path, journal.chunks.size > 0 ? "r+" : "w+").catch(async (thrown) => {
      await journal.close();
      throw thrown;
    });
    const partial = new PartialFile(path, file, journal, planChunks(bytes, chunkBytes));
    try {
      await partial.#recount(signal);
      return partial;
    } catch (thrown) {
      await partial.close();
      throw thrown;
    }
  }

  /** Bytes that are here, those of the chunk under way included. */
  get receivedBytes(): number {
    return this.#doneBytes + (this.#torn?.filled ?? 0);
  }

  /** Every byte that was ever new here, those that a reset threw away included: whether a try brought anything. */
  get acceptedBytes(): number {
    return this.#acceptedBytes;
  }

  /** What to ask for next; null when every chunk is done. */
  missing(): Span | null {
    const span = firstMissing(this.#plan, (index) => this.journal.chunks.has(index));
    if (span === null || this.#torn === null) return span;
    const tornStart = chunkSpan(this.#plan, this.#torn.index).start;
    return tornStart === span.start ? { start: span.start + this.#torn.filled, end: span.end } : span;
  }

  /** Bytes that begin at `position`; those that are here already are passed over. */
  async accept(position: number, piece: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < piece.length) {
      const at = position + offset;
      const index = Math.floor(at / this.#plan.chunkBytes);
      const span = chunkSpan(this.#plan, index);
      const slice = piece.subarray(offset, offset + span.end - at);
      offset += slice.length;
      if (!this.journal.chunks.has(index)) await this.#acceptInto(index, span, at - span.start, slice);
    }
  }

  /** The hash of all bytes, in hex. */
  async hash(algorithm: Digest["algorithm"], signal: AbortSignal): Promise<string> {
    return hashSpan(this.#file, { start: 0, end: this.#plan.bytes }, algorithm, signal);
  }

  /** What is here was of another content: begin again. */
  async reset(): Promise<void> {
    this.#torn = null;
    this.#doneBytes = 0;
    await this.journal.reset();
  }

  async close(): Promise<void> {
    await this.journal.close();
    await this.#file.close();
  }

  async #acceptInto(index: number, span: Span, at: number, slice: Uint8Array): Promise<void> {
    if (this.#torn?.index !== index) {
      if (at !== 0) return; // The middle of a chunk whose start never came: it is asked for again.
      this.#torn = { index, bytes: Buffer.allocUnsafe(span.end - span.start), filled: 0 };
    }
    const torn = this.#torn;
    if (at > torn.filled || at + slice.length <= torn.filled) return;
    torn.bytes.set(slice, at);
    this.#acceptedBytes += at + slice.length - torn.filled;
    torn.filled = at + slice.length;
    if (torn.filled === torn.bytes.length) await this.#complete(index, span.start, torn.bytes);
  }

  async #complete(index: number, position: number, bytes: Buffer): Promise<void> {
    await writeAll(this.#file, bytes, position);
    await this.#file.datasync();
    await this.journal.noteChunk(index, createHash("sha256").update(bytes).digest("hex"));
    this.#torn = null;
    this.#doneBytes += bytes.length;
  }

  async #recount(signal: AbortSignal): Promise<void> {
    for (const [index, sha256] of [...this.journal.chunks]) {
      const span = chunkSpan(this.#plan, index);
      if (index < this.#plan.count && (await hashSpan(this.#file, span, "sha256", signal)) === sha256) {
        this.#doneBytes += span.end - span.start;
      } else this.journal.forget(index);
    }
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function hashSpan(
  file: FileHandle,
  { start, end }: Span,
  algorithm: Digest["algorithm"],
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm);
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, end - start)));
  for (let at = start; at < end; ) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) break; // Shorter than noted: the hash will say so.
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest("hex");
}
