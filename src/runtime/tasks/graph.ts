/** Opens a model's ONNX graph: only from files that were checked, and with no way out of them. */
import { readFile } from "node:fs/promises";
import { AppError } from "../../shared/errors.ts";
import { checkPinnedFile, fileState, pathInside } from "../../shared/model-files.ts";
import type { ModelSpec } from "../../shared/runtime/protocol.ts";
import type { OnnxBackend, OpenSession } from "../backends/onnx.ts";
import { externalLocations } from "../backends/onnx-file.ts";

/** Every file of the model is what its sha256 says. Throws MODEL_MISSING, MODEL_CORRUPT, MODEL_UNSAFE. */
export async function checkModelFiles(spec: ModelSpec): Promise<void> {
  for (const file of spec.files) {
    const state = fileState(pathInside(spec.id, spec.folder, file.path));
    // Read by the engine, and not touched since: reading gigabytes once more would only make the first job wait.
    if (state === null || state !== file.checked) await checkPinnedFile(spec.id, spec.folder, file);
  }
}

/** The absolute path of one of the model's checked files. Throws MODEL_UNSAFE. */
export function checkedFile(spec: ModelSpec, path: string): string {
  requirePinned(spec, path, "It names");
  return pathInside(spec.id, spec.folder, path);
}

/** A session of a graph whose model was checked. Throws MODEL_*. */
export async function openGraph(spec: ModelSpec, path: string, backend: OnnxBackend): Promise<OpenSession> {
  const graph = checkedFile(spec, path);
  for (const location of externalLocations(await readFile(graph)))
    requirePinned(spec, location, "Its graph refers to");
  return backend.createSession(graph);
}

/** A file that was not checked is not read, wherever it lies. */
function requirePinned(spec: ModelSpec, path: string, who: string): void {
  if (spec.files.some((file) => file.path === path)) return;
  throw new AppError({
    code: "MODEL_UNSAFE",
    message: `The model ${spec.id} is refused. ${who} ${path}, which is not one of its checked files`,
    actor: "machine",
  });
}
