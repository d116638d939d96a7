/**
 * ONNX Runtime looks for its CUDA provider beside the library that asks for it, and the app's own folder may be read
 * only. So the pack's folder gets what makes it loadable: a copy of the binding (its own folder is where it looks for
 * the library) and a link to the library. Loaded by src/runtime/backends/library.ts.
 */
import { randomUUID } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { ONNX_BINDING, packagedLibraryFolder } from "../../shared/runtime/onnx-library.ts";

const LIBRARY = "libonnxruntime.so.1";

/**
 * Makes `folder` loadable, with the native files of `from`; does nothing when it is already. Safe to do from several
 * processes at once. Throws what the file system throws.
 */
export function prepareLibraryFolder(folder: string, from = packagedLibraryFolder()): void {
  const [binding, library] = [join(folder, ONNX_BINDING), join(folder, LIBRARY)];
  if (!sameFile(binding, join(from, ONNX_BINDING))) {
    replace(binding, (next) => copyFileSync(join(from, ONNX_BINDING), next));
  }
  const target = join(from, LIBRARY);
  if (linkOf(library) !== target) replace(library, (next) => symlinkSync(target, next));
}

/** By a rename: whoever loads it meanwhile sees the old file or the new one. */
function replace(file: string, make: (next: string) => void): void {
  const next = `${file}.${randomUUID()}`;
  try {
    make(next);
    renameSync(next, file);
  } finally {
    rmSync(next, { force: true });
  }
}

function sameFile(a: string, b: string): boolean {
  return existsSync(a) && readFileSync(a).equals(readFileSync(b));
}

function linkOf(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null; // Not there, or no link.
  }
}
