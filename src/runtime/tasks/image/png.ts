/**
 * PNG to pixels (ISO/IEC 15948), with zlib doing the work. Written here because the stream is hostile: what may be
 * inflated is known from the header, to the byte, and zlib is told so; chunks that are not needed are never opened.
 * Transparency is dropped and 16 bits become 8, as CLIP's own preprocessing does.
 */
import { crc32, inflateSync } from "node:zlib";
import { isImageInLimits } from "../../../shared/runtime/limits.ts";
import { imageUnreadable, type Pixels } from "./pixels.ts";

const SIGNATURE_BYTES = 8;
/** Samples per pixel by colour type. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const PALETTE = 3;
/** Adam7: first column, first row, step across, step down of each pass (§8.2). */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly channels: number;
  readonly palette: Uint8Array;
}

/** One pass over the picture: all of it, or the pixels of one Adam7 step. */
interface Pass {
  readonly columns: number;
  readonly rows: number;
  readonly rowBytes: number;
  readonly place: (column: number, row: number) => number;
}

/** Throws IMAGE_UNREADABLE, for a size beyond the limits too, before anything is inflated. */
export function decodePng(bytes: Uint8Array): Pixels {
  const { header, palette, data } = readChunks(bytes);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colourType, compression, filter, interlace] = header.subarray(8) as unknown as number[];
  if (width === 0 || height === 0 || !isImageInLimits(width, height))
    throw imageUnreadable(`it can't be ${width}×${height} pixels`);
  const channels = CHANNELS[colourType ?? -1];
  if (channels === undefined || depth === undefined || !DEPTHS[colourType ?? -1]?.includes(depth))
    throw imageUnreadable("its colour type is unknown");
  if (compression !== 0 || filter !== 0 || (interlace !== 0 && interlace !== 1))
    throw imageUnreadable("its method is unknown");
  if (colourType === PALETTE && palette.length === 0) throw imageUnreadable("its palette is missing");
  const layout: Layout = { width, height, depth, colourType: colourType ?? 0, channels, palette };
  const passes = passesOf(layout, interlace === 1);
  const raw = inflate(
    data,
    passes.reduce((total, pass) => total + pass.rows * (pass.rowBytes + 1), 0),
  );
  const rgb = new Uint8Array(width * height * 3);
  let at = 0;
  for (const pass of passes) at = readPass(raw, at, pass, layout, rgb);
  return { width, height, rgb };
}

/** The header comes first and once (§5.6): of two, whoever checked the one would decode the other. */
function readChunks(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array[] = [];
  let header: Uint8Array | null = null;
  let palette: Uint8Array = new Uint8Array(0);
  for (let at = SIGNATURE_BYTES; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw imageUnreadable("it ends within a chunk");
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    if ((name === "IHDR") !== (at === SIGNATURE_BYTES))
      throw imageUnreadable("its header is not its first chunk, or not the only one");
    const needed = name === "IHDR" || name === "PLTE" || name === "IDAT";
    if (needed && crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4))
      throw imageUnreadable(`its ${name} chunk is damaged`);
    if (name === "IHDR") header = body;
    if (name === "PLTE") palette = body;
    if (name === "IDAT") data.push(body);
    if (name === "IEND") break;
    at = end;
  }
  if (header?.length !== 13) throw imageUnreadable("its header is missing");
  return { header, palette, data: Buffer.concat(data) };
}

function passesOf(layout: Layout, interlaced: boolean): Pass[] {
  const { width, height, depth, channels } = layout;
  const steps = interlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  return steps
    .map(([x, y, across, down]) => {
      const columns = Math.max(0, Math.ceil((width - x) / across));
      return {
        columns,
        rows: columns === 0 ? 0 : Math.max(0, Math.ceil((height - y) / down)),
        rowBytes: Math.ceil((columns * channels * depth) / 8),
        place: (column: number, row: number) => ((y + row * down) * width + x + column * across) * 3,
      };
    })
    .filter(({ rows }) => rows > 0);
}

/** Exactly that many bytes, or it is refused: neither more memory nor a picture with a piece missing. */
function inflate(data: Uint8Array, expected: number): Uint8Array {
  try {
    const raw = inflateSync(data, { maxOutputLength: expected });
    if (raw.length === expected) return raw;
  } catch (cause) {
    throw imageUnreadable(cause instanceof Error ? cause.message : "its data is damaged", cause);
  }
  throw imageUnreadable("it holds fewer pixels than it claims");
}

/** Undoes the filters in place and keeps the colours; returns where the next pass begins. */
function readPass(raw: Uint8Array, start: number, pass: Pass, layout: Layout, rgb: Uint8Array): number {
  const { rows, rowBytes } = pass;
  const pixelBytes = Math.max(1, (layout.channels * layout.depth) / 8);
  let above: Uint8Array = new Uint8Array(rowBytes);
  let at = start;
  for (let row = 0; row < rows; row++) {
    const line = raw.subarray(at + 1, at + 1 + rowBytes);
    unfilter(raw[at] as number, line, above, pixelBytes);
    keepColours(line, row, pass, layout, rgb);
    above = line;
    at += 1 + rowBytes;
  }
  return at;
}

/** §9.2: each byte was written as its difference to what its neighbours foretell. */
function unfilter(type: number, line: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  if (type > 4) throw imageUnreadable("it uses an unknown filter");
  for (let i = 0; i < line.length; i++) {
    const left = i >= pixelBytes ? (line[i - pixelBytes] as number) : 0;
    const up = above[i] as number;
    const corner = i >= pixelBytes ? (above[i - pixelBytes] as number) : 0;
    line[i] = (line[i] as number) + foretold(type, left, up, corner);
  }
}

function foretold(type: number, left: number, up: number, corner: number): number {
  if (type === 1) return left;
  if (type === 2) return up;
  if (type === 3) return (left + up) >> 1;
  if (type !== 4) return 0;
  const [toLeft, toUp, toCorner] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function keepColours(line: Uint8Array, row: number, pass: Pass, layout: Layout, rgb: Uint8Array): void {
  const { channels, depth, colourType, palette } = layout;
  const scale = depth < 8 && colourType !== PALETTE ? 255 / (2 ** depth - 1) : 1;
  for (let column = 0; column < pass.columns; column++) {
    const to = pass.place(column, row);
    for (let colour = 0; colour < 3; colour++) {
      const channel = channels >= 3 ? colour : 0;
      const sample = sampleAt(line, column * channels + channel, depth);
      rgb[to + colour] = colourType === PALETTE ? (palette[sample * 3 + colour] ?? 0) : sample * scale;
    }
  }
}

/** 16-bit samples by their high byte. */
function sampleAt(line: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return line[index] as number;
  if (depth === 16) return line[index * 2] as number;
  const bit = index * depth;
  return ((line[bit >> 3] as number) >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}
