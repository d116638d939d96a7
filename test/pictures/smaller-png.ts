/** The same picture in fewer bytes: Chromium writes PNGs fast, not small. No colour changes by more than 1 of 255. */
import { crc32, deflateSync, inflateSync } from "node:zlib";

const CHUNKS_AT = 8;
/** Shades nearer than this are one: the edges of letters have many that nobody tells apart. */
const STEP = 2;
const FILTERS = [0, 1, 2, 3, 4] as const;

/** `png`: 8 bits a channel, RGB or RGBA, not interlaced, as Chromium's screenshots are. An opaque one loses its alpha. */
export function smallerPng(png: Buffer): Buffer {
  const data: Buffer[] = [];
  let header = Buffer.alloc(0);
  for (let at = CHUNKS_AT; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === "IHDR") header = Buffer.from(body);
    if (type === "IDAT") data.push(body);
    at += length + 12;
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = header[9] === 6 ? 4 : 3;
  const lines = linesOf(inflateSync(Buffer.concat(data)), width * channels, height, channels);
  const opaque = channels === 3 ? lines : withoutAlpha(lines);
  if (opaque === null) return png;
  header[9] = 2;
  const coarse = opaque.map((line) => line.map((value) => Math.min(255, Math.round(value / STEP) * STEP)));
  const smallest = FILTERS.map((filter) =>
    deflateSync(filteredAll(coarse, filter), { level: 9, memLevel: 9 }),
  ).reduce((best, each) => (each.length < best.length ? each : best));
  const rewritten = Buffer.concat([
    png.subarray(0, CHUNKS_AT),
    chunk("IHDR", header),
    chunk("IDAT", smallest),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return rewritten.length < png.length ? rewritten : png;
}

function linesOf(raw: Buffer, stride: number, height: number, step: number): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1);
    const filter = raw[start] ?? 0;
    const line = Uint8Array.from(raw.subarray(start + 1, start + 1 + stride));
    for (let x = 0; x < stride; x++) line[x] = (line[x] ?? 0) + guess(filter, line, above, x, step);
    lines.push(line);
    above = line;
  }
  return lines;
}

/** null: some of it can be seen through. */
function withoutAlpha(lines: readonly Uint8Array[]): Uint8Array[] | null {
  if (lines.some((line) => line.some((value, x) => x % 4 === 3 && value !== 255))) return null;
  return lines.map((line) => line.filter((_, x) => x % 4 !== 3));
}

function filteredAll(lines: readonly Uint8Array[], filter: number): Buffer {
  const blank = new Uint8Array(lines[0]?.length ?? 0);
  return Buffer.concat(lines.map((line, y) => filtered(filter, line, lines[y - 1] ?? blank)));
}

function filtered(kind: number, line: Uint8Array, above: Uint8Array): Uint8Array {
  const out = new Uint8Array(line.length + 1);
  out[0] = kind;
  for (let x = 0; x < line.length; x++) out[x + 1] = (line[x] ?? 0) - guess(kind, line, above, x, 3);
  return out;
}

/** What PNG's filters expect of a byte: its left neighbour, the one above, their mean, or Paeth's choice. */
function guess(filter: number, line: Uint8Array, above: Uint8Array, x: number, step: number): number {
  const left = line[x - step] ?? 0;
  const up = above[x] ?? 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const corner = above[x - step] ?? 0;
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function chunk(type: string, body: Buffer): Buffer {
  const out = Buffer.alloc(body.length + 12);
  out.writeUInt32BE(body.length, 0);
  out.write(type, 4, "latin1");
  body.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length);
  return out;
}
