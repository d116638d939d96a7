/**
 * JPEG to pixels by jpeg-js: plain JavaScript, so that a stranger's file meets no native code, and the same pixels on
 * every machine (SIMD decoders differ from each other in the last bit).
 */
import { decode } from "jpeg-js";
import { MIB } from "../../../shared/durations.ts";
import { INPUT_LIMITS } from "../../../shared/runtime/limits.ts";
import { imageUnreadable, type Pixels } from "./pixels.ts";

const MAX_MEGAPIXELS = INPUT_LIMITS.pixelsPerImage / 1e6;
/** What the decoder may allocate for the largest image taken, in full colour. */
const MAX_MEMORY_MB = Math.ceil((INPUT_LIMITS.pixelsPerImage * 24) / MIB);
/** Each scan of a progressive file goes over the whole picture; real ones have about ten. */
const MAX_SCANS = 64;

/** The caller has checked the claimed size. Throws IMAGE_UNREADABLE. */
export function decodeJpeg(bytes: Uint8Array): Pixels {
  if (countScans(bytes) > MAX_SCANS) throw imageUnreadable(`it has more than ${MAX_SCANS} scans`);
  try {
    const { width, height, data } = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: MAX_MEGAPIXELS,
      maxMemoryUsageInMB: MAX_MEMORY_MB,
    });
    return { width, height, rgb: data };
  } catch (cause) {
    throw imageUnreadable(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Within picture data 0xFF is always followed by 0x00 or a restart marker, so this counts markers only. */
function countScans(bytes: Uint8Array): number {
  let scans = 0;
  for (let at = bytes.indexOf(0xff); at !== -1; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === 0xda) scans++;
  }
  return scans;
}
