/**
 * The digest of a file, however big it is, read through one buffer: a buffer for each piece is garbage that makes the
 * process grow by the file's size before it is collected, and some of that for good.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { MIB } from "./durations.ts";

/** Lower-case hex; `onRead` hears how many bytes were read. Rejects with what the file system says, or with the signal's reason. */
export function sha256OfFile(
  path: string,
  signal?: AbortSignal,
  onRead?: (bytes: number) => void,
): Promise<string> {
  return hashOfFile("sha256", path, signal, onRead);
}

/** Lower-case hex; npm's registries pin by it. Rejects like `sha256OfFile`. */
export function sha512OfFile(path: string, signal?: AbortSignal): Promise<string> {
  return hashOfFile("sha512", path, signal);
}

async function hashOfFile(
  algorithm: "sha256" | "sha512",
  path: string,
  signal?: AbortSignal,
  onRead?: (bytes: number) => void,
): Promise<string> {
  const hash = createHash(algorithm);
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafeSlow(MIB);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
      onRead?.(bytesRead);
    }
  } finally {
    await file.close();
  }
}
