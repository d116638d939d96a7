/**
 * From an image file to what CLIP looks at: shorter side to the model's size by bicubic resampling, the middle cut
 * out, values scaled to 0…1 and normalised per channel. The resampling is Pillow's (a = -0.5, wider when it shrinks,
 * rounded to 8 bits after each direction), because the models were trained on its pixels; only the pixels that end up
 * in the middle are ever computed, so a strip of 16384×1 costs no more than a square.
 */
import { readImageHeader } from "../../../shared/image-header.ts";
import { decodeJpeg } from "./jpeg.ts";
import { imageUnreadable, type Pixels } from "./pixels.ts";
import { decodePng } from "./png.ts";

export interface ImageSettings {
  /** Side of the square, pixels. */
  readonly imageSize: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Throws IMAGE_UNREADABLE. */
export function decodeImage(bytes: Uint8Array): Pixels {
  const format = readImageHeader(bytes)?.format;
  if (format === undefined) throw imageUnreadable("it is neither a PNG nor a JPEG");
  return format === "png" ? decodePng(bytes) : decodeJpeg(bytes);
}

/** [3, size, size] */
export function normalise(pixels: Pixels, { imageSize, mean, std }: ImageSettings): Float32Array {
  const square = resizeAndCrop(pixels, imageSize);
  const plane = imageSize * imageSize;
  const values = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    const [centre, spread] = [mean[channel] as number, std[channel] as number];
    for (let i = 0; i < plane; i++) {
      values[channel * plane + i] = ((square[i * 3 + channel] as number) / 255 - centre) / spread;
    }
  }
  return values;
}

/** size × size × 3, 8 bits. */
export function resizeAndCrop({ width, height, rgb }: Pixels, size: number): Uint8Array {
  const shorter = Math.min(width, height);
  const across = weightsFor(width, Math.floor((size * width) / shorter), size);
  const down = weightsFor(height, Math.floor((size * height) / shorter), size);
  const [top, bottom] = [down[0]?.first ?? 0, lastOf(down)];
  const narrow = new Uint8ClampedArray((bottom - top) * size * 3);
  for (let y = top; y < bottom; y++) {
    for (const [x, { first, weights }] of across.entries()) {
      sum(rgb, (y * width + first) * 3, 3, weights, narrow, ((y - top) * size + x) * 3);
    }
  }
  const square = new Uint8ClampedArray(size * size * 3);
  for (const [y, { first, weights }] of down.entries()) {
    for (let x = 0; x < size; x++) {
      sum(narrow, ((first - top) * size + x) * 3, size * 3, weights, square, (y * size + x) * 3);
    }
  }
  return new Uint8Array(square.buffer);
}

/** One weighted sum for each of the three colours; the clamped array rounds and limits it to 0…255. */
function sum(
  from: Uint8Array | Uint8ClampedArray,
  start: number,
  step: number,
  weights: Float64Array,
  to: Uint8ClampedArray,
  at: number,
): void {
  let [red, green, blue] = [0, 0, 0];
  for (let i = 0, pixel = start; i < weights.length; i++, pixel += step) {
    const weight = weights[i] as number;
    red += weight * (from[pixel] as number);
    green += weight * (from[pixel + 1] as number);
    blue += weight * (from[pixel + 2] as number);
  }
  to[at] = red;
  to[at + 1] = green;
  to[at + 2] = blue;
}

/** Which input pixels make one output pixel, and how much of each. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

const SUPPORT = 2;

/** For the middle `count` of `outputs` pixels that `inputs` pixels are resampled to. */
function weightsFor(inputs: number, outputs: number, count: number): Taps[] {
  const scale = inputs / outputs;
  const filterScale = Math.max(scale, 1);
  const skip = Math.floor((outputs - count) / 2);
  return Array.from({ length: count }, (_, i) => {
    const centre = (skip + i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - SUPPORT * filterScale + 0.5));
    const end = Math.min(inputs, Math.floor(centre + SUPPORT * filterScale + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, tap) =>
      cubic((first + tap - centre + 0.5) / filterScale),
    );
    const total = weights.reduce((whole, weight) => whole + weight, 0);
    return { first, weights: weights.map((weight) => weight / total) };
  });
}

function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function lastOf(taps: readonly Taps[]): number {
  const last = taps.at(-1);
  return last === undefined ? 0 : last.first + last.weights.length;
}
