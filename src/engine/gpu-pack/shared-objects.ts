/**
 * The shared objects out of an archive of NVIDIA's redistributables (<name>/lib/libX.so.1.2.3, and links beside it), and
 * nothing else of it: no headers, no static libraries, no stubs. xz is the system's own, as Node has none.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import { plainEnvironment } from "../../shared/secret-variables.ts";
import { TarMembers } from "../models/download/tarball.ts";

export interface UnpackedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** In lib/ itself; with a version, so that the links that only a linker needs stay out. */
const SHARED_OBJECT = /^[^/]+\/lib\/(lib[\w.+-]+\.so\.[\d.]+)$/;
const PLAIN_NAME = /^[\w.+-]+$/;

/** Into `folder`. Throws GPU_PACK_XZ_MISSING, MODEL_SOURCE_WRONG for a broken archive, or the signal's reason. */
export async function unpackSharedObjects(
  archive: string,
  folder: string,
  signal: AbortSignal,
): Promise<UnpackedFile[]> {
  await mkdir(folder, { recursive: true });
  const xz = spawn("xz", ["--decompress", "--stdout", archive], {
    env: plainEnvironment(process.env),
    stdio: ["ignore", "pipe", "ignore"],
    signal,
  });
  const failed = once(xz, "error").then(([thrown]) => Promise.reject(thrown as Error));
  failed.catch(() => undefined); // Told by the race below, or of no interest any more.
  try {
    return await Promise.race([takeOut(new TarMembers(xz.stdout), folder), failed]);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT" ? noXz(thrown) : thrown;
  } finally {
    // What comes after the end of the archive is not read.
    xz.stdout.destroy();
    xz.kill();
  }
}

async function takeOut(members: TarMembers, folder: string): Promise<UnpackedFile[]> {
  const files: UnpackedFile[] = [];
  for (let member = await members.next(); member !== null; member = await members.next()) {
    const path = SHARED_OBJECT.exec(member.name)?.[1];
    if (path === undefined) continue;
    if (member.kind === "link" && PLAIN_NAME.test(member.linksTo)) {
      await symlink(member.linksTo, join(folder, path));
    } else if (member.kind === "file") {
      const hash = createHash("sha256");
      await members.write(join(folder, path), (piece) => hash.update(piece));
      files.push({ path, bytes: member.size, sha256: hash.digest("hex") });
    }
  }
  return files;
}

function noXz(cause: Error): AppError {
  return new AppError({
    code: "GPU_PACK_XZ_MISSING",
    message: "NVIDIA's archives are packed with xz, and this machine has no xz",
    actor: "user",
    help: "Install the package xz-utils (xz), then try again; what was downloaded is kept.",
    cause,
  });
}
