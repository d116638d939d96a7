/** Where ONNX Runtime's native files are that came with the app: the runtime loads them, the engine copies them. */
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";

/** The native module that Node loads; it finds the library and the providers beside itself. */
export const ONNX_BINDING = "onnxruntime_binding.node";

/** The app's own copy of the native files; in a packaged app they lie outside of the archive. */
export function packagedLibraryFolder(): string {
  const root = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  return join(root, "bin", "napi-v6", process.platform, process.arch).replace(
    `${sep}app.asar${sep}`,
    `${sep}app.asar.unpacked${sep}`,
  );
}
