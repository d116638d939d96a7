/** Pixels as the reference gives them (Pillow made test/fixtures/images), and files that want to do harm. */
import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { encode as encodeJpeg } from "jpeg-js";
import { describe, expect, test } from "vitest";
import { decodeImage, normalise, resizeAndCrop } from "../../../src/runtime/tasks/image/prepare.ts";
import { readImageHeader } from "../../../src/shared/image-header.ts";
import { chunk, encodePng, type PngPicture } from "../../support/png.ts";

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/images/${name}`, import.meta.url));
const expected = JSON.parse(fixture("expected.json").toString()) as Record<string, string>;
const rgbOf = (name: string) => new Uint8Array(Buffer.from(expected[name] ?? "", "base64"));
const [WIDTH, HEIGHT] = [61, 45];

const unreadable = expect.objectContaining({ code: "IMAGE_UNREADABLE", actor: "market" });

function maxDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] as number))), 0);
}

describe("an image's header", () => {
  test.each(["photo.png", "gradient.jpg", "gradient-progressive.jpg", "gradient-grey.jpg"])("%s", (name) => {
    const format = name.endsWith("png") ? "png" : "jpeg";
    expect(readImageHeader(fixture(name))).toEqual({ format, width: WIDTH, height: HEIGHT });
  });

  test("of anything else, or cut short, is none", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(readImageHeader(bytes)).toBeNull();
      }),
    );
    for (const name of ["photo.png", "gradient.jpg"])
      expect(readImageHeader(fixture(name).subarray(0, 20))).toBeNull();
  });
});

describe("a PNG", () => {
  test("has the reference's pixels", () => {
    expect(decodeImage(fixture("photo.png"))).toEqual({
      width: WIDTH,
      height: HEIGHT,
      rgb: rgbOf("photo_rgb"),
    });
  });

  const picture = fc
    .record({
      width: fc.integer({ min: 1, max: 19 }),
      height: fc.integer({ min: 1, max: 19 }),
      format: fc.constantFrom(
        [0, 1],
        [0, 2],
        [0, 4],
        [0, 8],
        [0, 16],
        [2, 8],
        [2, 16],
        [3, 1],
        [3, 4],
        [3, 8],
        [4, 8],
        [6, 8],
        [6, 16],
      ),
      interlaced: fc.boolean(),
      filter: fc.nat(4),
      seed: fc.nat(1e6),
    })
    .map(({ format: [colourType = 0, depth = 8], ...rest }): PngPicture => ({ ...rest, colourType, depth }));

  test("of every kind, filter and interlacing comes out as it went in", () => {
    fc.assert(
      fc.property(picture, (each) => {
        const { bytes, rgb } = encodePng(each);
        expect(decodeImage(bytes)).toEqual({ width: each.width, height: each.height, rgb });
      }),
    );
  });

  const { bytes: small } = encodePng({
    width: 4,
    height: 4,
    colourType: 2,
    depth: 8,
    interlaced: false,
    filter: 0,
    seed: 1,
  });
  const withData = (data: Uint8Array) =>
    Buffer.concat([small.subarray(0, 33), chunk("IDAT", data), chunk("IEND", new Uint8Array())]);

  test("whose data inflates to more than its header says is refused before it has grown", () => {
    const bomb = withData(deflateSync(Buffer.alloc(200_000_000)));
    const before = process.memoryUsage().rss;
    expect(() => decodeImage(bomb)).toThrow(unreadable);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  const headerOf = (width: number, height: number) => {
    const header = Buffer.from(small.subarray(16, 29));
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    return chunk("IHDR", header);
  };
  const [signature, rest] = [small.subarray(0, 8), small.subarray(33)];
  const ofZeros = (width: number, height: number) =>
    Buffer.concat([chunk("IDAT", deflateSync(Buffer.alloc(height * (width * 3 + 1)))), small.subarray(-12)]);

  test("that is much bigger by a second header than by the first, which the limit reads, is refused unopened", () => {
    const bomb = Buffer.concat([signature, headerOf(4, 4), headerOf(8192, 4096), ofZeros(8192, 4096)]);
    expect(readImageHeader(bomb)).toMatchObject({ width: 4, height: 4 });
    const before = process.memoryUsage().rss;
    expect(() => decodeImage(bomb)).toThrow(unreadable);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  test("beyond the limit is refused by the decoder too", () => {
    for (const [width, height] of [
      [8192, 4096],
      [20_000, 1],
    ] as const) {
      const big = Buffer.concat([signature, headerOf(width, height), ofZeros(width, height)]);
      expect(() => decodeImage(big)).toThrow(unreadable);
    }
  });

  test.each<[string, Uint8Array]>([
    ["with a second header like the first", Buffer.concat([signature, headerOf(4, 4), headerOf(4, 4), rest])],
    [
      "with a header behind its data",
      Buffer.concat([small.subarray(0, -12), headerOf(4, 4), small.subarray(-12)]),
    ],
    [
      "whose header is not its first chunk",
      Buffer.concat([signature, chunk("IHDX", small.subarray(16, 29)), headerOf(4, 4), rest]),
    ],
    ["of no width", Buffer.concat([signature, headerOf(0, 4), rest])],
    ["with fewer pixels than it claims", withData(deflateSync(Buffer.alloc(20)))],
    ["with data that is no zlib stream", withData(Buffer.from("hello"))],
    ["without data", Buffer.concat([small.subarray(0, 33), chunk("IEND", new Uint8Array())])],
    ["with a damaged header", Buffer.concat([small.subarray(0, 24), Buffer.of(99), small.subarray(25)])],
    ["cut short", small.subarray(0, small.length - 20)],
  ])("%s is refused", (_, bytes) => {
    expect(() => decodeImage(bytes)).toThrow(unreadable);
  });

  test("with any byte changed is either read or refused, nothing else", () => {
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(small);
        bytes[at] = (bytes[at] as number) ^ change;
        try {
          expect(decodeImage(bytes).rgb.length).toBeGreaterThan(0);
        } catch (thrown) {
          expect(thrown).toEqual(unreadable);
        }
      }),
    );
  });
});

describe("a JPEG", () => {
  // libjpeg and jpeg-js round differently, and smooth the halved colours differently.
  test.each([
    ["gradient.jpg", 4],
    ["gradient-grey.jpg", 3],
    ["gradient-progressive.jpg", 12],
  ])("%s has the reference's pixels to within %i of 255", (name, tolerance) => {
    expect(maxDifference(decodeImage(fixture(name)).rgb, rgbOf(name))).toBeLessThanOrEqual(tolerance);
  });

  test.each<[string, Uint8Array]>([
    ["cut short", fixture("gradient.jpg").subarray(0, 300)],
    ["of nothing but its header", fixture("gradient.jpg").subarray(0, 200)],
    [
      "with a hundred scans",
      Buffer.concat([
        fixture("gradient.jpg").subarray(0, -2),
        ...Array(100).fill(Buffer.of(0xff, 0xda, 0, 2)),
      ]),
    ],
  ])("%s is refused", (_, bytes) => {
    expect(() => decodeImage(bytes)).toThrow(unreadable);
  });

  test("that claims more pixels than its few bytes hold costs no more than they do", () => {
    const bytes = Uint8Array.from(encodeJpeg({ width: 8, height: 8, data: Buffer.alloc(256) }, 50).data);
    const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    bytes.set([0xff, 0xff, 0xff, 0xff], at + 5);
    expect(readImageHeader(bytes)).toEqual({ format: "jpeg", width: 65_535, height: 65_535 });
    expect(() => decodeImage(bytes)).toThrow(unreadable);
  });
});

describe("resampling", () => {
  const photo = { width: WIDTH, height: HEIGHT, rgb: rgbOf("photo_rgb") };

  test.each([
    ["down", "down_16", photo, 16],
    ["up", "up_64", photo, 64],
    ["of a tall picture", "tall_8", { width: 9, height: 40, rgb: rgbOf("tall_rgb") }, 8],
  ])("%s gives the reference's pixels to within 1 of 255", (_, name, pixels, size) => {
    expect(maxDifference(resizeAndCrop(pixels, size), rgbOf(name))).toBeLessThanOrEqual(1);
  });

  test("of a strip of 16384×1 costs no more than its middle", () => {
    const strip = { width: 16_384, height: 1, rgb: new Uint8Array(16_384 * 3).fill(200) };
    expect(new Set(resizeAndCrop(strip, 224))).toEqual(new Set([200]));
  });

  test("is followed by each channel's own mean and spread", () => {
    const grey = { width: 2, height: 2, rgb: new Uint8Array(12).fill(255) };
    const values = normalise(grey, { imageSize: 2, mean: [0.5, 0, 1], std: [0.5, 2, 4] });
    expect([...values]).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0]);
  });
});
