/** A published package's archive into a folder: its files, and nothing that an archive could do beside. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { addAbortSignal } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError } from "../../shared/errors.ts";
import { TarMembers } from "../models/download/tarball.ts";
import type { UnpackedFile } from "./contents.ts";

/** Most packages call it "package", some otherwise. */
const FIRST_FOLDER = /^[^/]+\//;
/** The sources, which only somebody who compiles llama.cpp needs: half of all that is fetched. */
const SOURCES = /^llama\/gitRelease\.bundle$/;

/** Throws LLAMA_FAILED for a broken archive, or the signal's reason. */
export async function unpackPackage(
  archive: string,
  folder: string,
  signal: AbortSignal,
): Promise<UnpackedFile[]> {
  const packed = createReadStream(archive);
  const unpacked = addAbortSignal(signal, createGunzip());
  // Whoever reads is told; when nobody does at that moment, an error must not end the process.
  unpacked.on("error", () => undefined);
  packed.on("error", (error) => unpacked.destroy(error));
  try {
    return await takeOut(new TarMembers(packed.pipe(unpacked)), folder);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

async function takeOut(members: TarMembers, folder: string): Promise<UnpackedFile[]> {
  const files: UnpackedFile[] = [];
  for (let member = await members.next(); member !== null; member = await members.next()) {
    const path = member.name.replace(FIRST_FOLDER, "");
    if (member.kind !== "file" || SOURCES.test(path)) continue;
    if (path.split(/[\\/]/).some((part) => part === ".." || part === "" || part.includes(":")))
      throw strange(path);
    const hash = createHash("sha256");
    await members.write(join(folder, path), (piece) => hash.update(piece));
    files.push({ path, bytes: member.size, sha256: hash.digest("hex") });
  }
  return files;
}

function strange(path: string): AppError {
  return new AppError({
    code: "LLAMA_FAILED",
    message: `A package of llama.cpp has a file where none may be (${path.slice(0, 100)})`,
    actor: "network",
  });
}
