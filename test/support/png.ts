/** Writes PNGs of every kind, with random samples, and says which colours they stand for. */
import { crc32, deflateSync } from "node:zlib";

export interface PngPicture {
  readonly width: number;
  readonly height: number;
  readonly colourType: number;
  readonly depth: number;
  readonly interlaced: boolean;
  /** 0 to 4, for every row. */
  readonly filter: number;
  readonly seed: number;
}

const SIGNATURE = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const WHOLE = [[0, 0, 1, 1]] as const;
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function encodePng(picture: PngPicture): { bytes: Uint8Array; rgb: Uint8Array } {
  const { width, height, colourType, depth, interlaced } = picture;
  const channels = CHANNELS[colourType] ?? 1;
  const random = randomBytes(picture.seed);
  const limit = 2 ** depth;
  const samples = Array.from(
    { length: width * height * channels },
    () => (random() * 256 + random()) % limit,
  );
  const palette = Uint8Array.from({ length: 256 * 3 }, random);

  const lines: Uint8Array[] = [];
  for (const [x0, y0, across, down] of interlaced ? ADAM7 : WHOLE) {
    let above: number[] = [];
    for (let y = y0; y < height; y += down) {
      const row: number[] = [];
      for (let x = x0; x < width; x += across) {
        const at = (y * width + x) * channels;
        row.push(...samples.slice(at, at + channels));
      }
      if (row.length === 0) break;
      const packed = pack(row, depth);
      lines.push(
        Uint8Array.of(
          picture.filter,
          ...filtered(picture.filter, packed, above, Math.max(1, (channels * depth) / 8)),
        ),
      );
      above = packed;
    }
  }

  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  const data = deflateSync(Buffer.concat(lines));
  const half = Math.floor(data.length / 2);
  const bytes = Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("tEXt", Buffer.from("Comment\0of no interest")),
    ...(colourType === 3 ? [chunk("PLTE", palette.subarray(0, limit * 3))] : []),
    chunk("IDAT", data.subarray(0, half)),
    chunk("IDAT", data.subarray(half)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return { bytes, rgb: coloursOf(samples, picture, channels, palette) };
}

/** A picture of one colour. */
export function flatPng(width: number, height: number, rgb: readonly number[]): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(width * 3, Buffer.from(rgb))]);
  const data = deflateSync(Buffer.concat(Array(height).fill(row)));
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function coloursOf(
  samples: number[],
  { width, height, colourType, depth }: PngPicture,
  channels: number,
  palette: Uint8Array,
) {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i++) {
    const [pixel, colour] = [Math.floor(i / 3), i % 3];
    const sample = samples[pixel * channels + (channels >= 3 ? colour : 0)] ?? 0;
    if (colourType === 3) rgb[i] = palette[sample * 3 + colour] ?? 0;
    else rgb[i] = depth === 16 ? sample >> 8 : (sample * 255) / (2 ** depth - 1);
  }
  return rgb;
}

function pack(row: number[], depth: number): number[] {
  if (depth === 16) return row.flatMap((sample) => [sample >> 8, sample & 255]);
  const packed = Array<number>(Math.ceil((row.length * depth) / 8)).fill(0);
  for (const [i, sample] of row.entries()) {
    const bit = i * depth;
    packed[bit >> 3] = (packed[bit >> 3] ?? 0) | (sample << (8 - depth - (bit & 7)));
  }
  return packed;
}

function filtered(type: number, line: number[], above: number[], step: number): number[] {
  return line.map((byte, i) => {
    const [left, up, corner] = [line[i - step] ?? 0, above[i] ?? 0, i >= step ? (above[i - step] ?? 0) : 0];
    const paeth = [left, up, corner].reduce((best, each) => {
      const p = left + up - corner;
      return Math.abs(p - each) < Math.abs(p - best) ? each : best;
    }, left);
    const foretold = [0, left, up, Math.floor((left + up) / 2), paeth][type] ?? 0;
    return (byte - foretold) & 255;
  });
}

export function chunk(name: string, body: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(name), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

function randomBytes(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state >> 16) & 255;
  };
}
