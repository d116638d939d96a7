/**
 * Which copy of ONNX Runtime's native files this process loads. The CUDA provider is found beside the library that
 * loads it, and the app's own folder is read-only: so the engine may name a folder of the person's own that holds the
 * binding, a link to the library, and the provider (engine/gpu-pack/library-folder.ts makes it).
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ONNX_BINDING, packagedLibraryFolder } from "../../shared/runtime/onnx-library.ts";

/** Null: the copy in the app. */
let folder: string | null = null;
let problem: string | null = null;

/** Where the providers have to lie. */
export function libraryFolder(): string {
  return folder ?? packagedLibraryFolder();
}

/** Why the folder that the engine named is not used; null when it is, or when none was named. */
export function libraryProblem(): string | null {
  return problem;
}

/**
 * Call before onnxruntime-node is imported for the first time: from then on its binding comes from `wanted`. A folder
 * that can't be used costs a sentence (`libraryProblem`), not the runtime.
 */
export function loadLibraryFrom(wanted: string): void {
  const own = join(wanted, ONNX_BINDING);
  if (!existsSync(own)) {
    problem = `${own} is missing`;
    return;
  }
  // The package names its binding in a require(); the one point all native modules pass is process.dlopen.
  const dlopen = process.dlopen;
  process.dlopen = (module, file, ...flags) => {
    if (!file.endsWith(ONNX_BINDING)) return dlopen.call(process, module, file, ...flags);
    process.dlopen = dlopen;
    try {
      dlopen.call(process, module, own, ...flags);
      folder = wanted;
    } catch (thrown) {
      problem = thrown instanceof Error ? thrown.message : String(thrown);
      dlopen.call(process, module, file, ...flags);
    }
  };
}
