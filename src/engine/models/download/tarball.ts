/**
 * Named files out of a package's tarball, and nothing else: names in the archive choose no path, links and devices are
 * passed over, and a member bigger than expected is refused before it is written.
 */
import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { addAbortSignal } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError } from "../../../shared/errors.ts";

export interface WantedMember {
  /** Its name in the archive, e.g. "package/model/graph.onnx". */
  readonly name: string;
  readonly bytes: number;
  /** Absolute path it is written to; what is there is overwritten. */
  readonly target: string;
}

/** POSIX ustar: records of 512 bytes, a header before each member. */
const RECORD = 512;
const MAX_EXTENDED_HEADER = 64 * 1024;

export interface TarMember {
  readonly name: string;
  readonly size: number;
  readonly kind: "file" | "link" | "other";
  /** Of a symbolic link: where it leads. */
  readonly linksTo: string;
}

interface Header extends Omit<TarMember, "kind"> {
  readonly type: string;
}

/** Resolves with the names that were found. Throws MODEL_SOURCE_WRONG for a broken archive, or the signal's reason. */
export async function extractMembers(
  tarball: string,
  wanted: readonly WantedMember[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const packed = createReadStream(tarball);
  const unpacked = addAbortSignal(signal, createGunzip());
  // Whoever reads is told; when nobody does at that moment, an error must not end the process.
  unpacked.on("error", () => undefined);
  packed.on("error", (error) => unpacked.destroy(error));
  packed.pipe(unpacked);
  try {
    return await readMembers(new Reader(unpacked), wanted);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (thrown instanceof Error && "code" in thrown && String(thrown.code).startsWith("Z_")) {
      throw broken("is no gzip archive", thrown);
    }
    throw thrown;
  } finally {
    // What comes after the last wanted member is not read.
    packed.destroy();
    unpacked.destroy();
  }
}

async function readMembers(reader: Reader, wanted: readonly WantedMember[]): Promise<Set<string>> {
  const byName = new Map(wanted.map((member) => [member.name, member]));
  const found = new Set<string>();
  const members = new TarMembers(reader);
  while (found.size < byName.size) {
    const member = await members.next();
    if (member === null) break;
    const target = byName.get(member.name);
    if (target === undefined || member.kind !== "file") continue;
    if (member.size !== target.bytes) {
      throw broken(`has ${member.size} bytes in ${target.name}, expected ${target.bytes}`);
    }
    await members.write(target.target);
    found.add(target.name);
  }
  return found;
}

/** One member of an uncompressed archive after the other; what is not written is passed over. */
export class TarMembers {
  readonly #reader: Reader;
  /** Of the present member: not read yet, with what fills its last record. */
  #left = 0;
  #padding = 0;

  constructor(source: Reader | AsyncIterable<Buffer>) {
    this.#reader = source instanceof Reader ? source : new Reader(source);
  }

  /** Null at the end. Throws MODEL_SOURCE_WRONG. */
  async next(): Promise<TarMember | null> {
    let longName: string | null = null;
    for (;;) {
      await this.#reader.skip(this.#left + this.#padding);
      this.#left = 0;
      const header = readHeader(await this.#reader.take(RECORD));
      if (header === null) return null;
      this.#padding = (RECORD - (header.size % RECORD)) % RECORD;
      if (header.type !== "x" && header.type !== "L") {
        this.#left = header.size;
        const kind =
          header.type === "0" || header.type === "\0" ? "file" : header.type === "2" ? "link" : "other";
        return { name: longName ?? header.name, size: header.size, kind, linksTo: header.linksTo };
      }
      if (header.size > MAX_EXTENDED_HEADER) throw broken("has an oversized header");
      longName = longNameOf(header.type, await this.#reader.take(header.size));
    }
  }

  /** The present member's content; `onPiece` sees it on its way. */
  async write(target: string, onPiece: (piece: Buffer) => void = () => undefined): Promise<void> {
    await mkdir(dirname(target), { recursive: true });
    const file = await open(target, "w");
    try {
      while (this.#left > 0) {
        const piece = await this.#reader.some(this.#left);
        onPiece(piece);
        await file.write(piece);
        this.#left -= piece.length;
      }
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

/** Null at the end of the archive. */
function readHeader(record: Buffer): Header | null {
  if (record.every((byte) => byte === 0)) return null;
  const text = (from: number, length: number) => {
    const field = record.subarray(from, from + length);
    const end = field.indexOf(0);
    return field.subarray(0, end === -1 ? length : end).toString("utf8");
  };
  const size = Number.parseInt(text(124, 12).trim() || "0", 8);
  if (!Number.isSafeInteger(size) || size < 0) throw broken("has a member without a size");
  const prefix = text(257, 5) === "ustar" ? text(345, 155) : "";
  const name = text(0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size,
    type: text(156, 1) || "\0",
    linksTo: text(157, 100),
  };
}

/** The name in a pax header ("<length> path=<name>\n") or in GNU's long-name record; null: it says something else. */
function longNameOf(type: "x" | "L" | string, body: Buffer): string | null {
  if (type === "L") return body.toString("utf8").replace(/\0+$/, "");
  return /^\d+ path=(.*)$/m.exec(body.toString("utf8"))?.[1] ?? null;
}

function broken(what: string, cause?: unknown): AppError {
  return new AppError({
    code: "MODEL_SOURCE_WRONG",
    message: `The model's package ${what}`,
    actor: "network",
    help: "Try another network; a proxy may have altered the package.",
    cause,
  });
}

/** Bytes of a stream in the portions that are asked for. */
class Reader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** At least one byte, at most `most`. */
  async some(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) throw broken("ends in the middle of a file");
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  async take(bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let left = bytes; left > 0; ) {
      const piece = await this.some(left);
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) left -= (await this.some(left)).length;
  }

  /** To the end: a pipeline never settles while its source waits for a reader. The gzip's checksum is seen, too. */
  async drain(): Promise<void> {
    while (!(await this.#source.next()).done);
  }
}
