/** A model on disk is what its sha256 says, or it is refused: the one check, used by the engine and the runtime alike. */
import { statSync } from "node:fs";
import { isAbsolute, join, normalize, sep } from "node:path";
import { AppError } from "./errors.ts";
import { sha256OfFile } from "./hash-file.ts";

export interface PinnedFile {
  /** Relative to the model's folder. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export const MODEL_HELP =
  "Run `bellows models download` with its id, or in a source checkout `npm run setup`, to fetch it again.";

/** Size and sha256 of one file; `onRead` hears how many bytes were read. Throws MODEL_MISSING, MODEL_CORRUPT, MODEL_UNSAFE, or the signal's reason. */
export async function checkPinnedFile(
  model: string,
  folder: string,
  file: PinnedFile,
  signal?: AbortSignal,
  onRead?: (bytes: number) => void,
): Promise<void> {
  const problem = sizeProblem(model, folder, file);
  if (problem) throw problem;
  const found = await sha256OfFile(pathInside(model, folder, file.path), signal, onRead);
  if (found !== file.sha256) throw corrupt(model, file.path, `sha256 ${found}`, file.sha256);
}

/** Only that the file is there with the right size: cheap enough for every look. Null: it is. */
export function sizeProblem(model: string, folder: string, file: PinnedFile): AppError | null {
  const found = statSync(pathInside(model, folder, file.path), { throwIfNoEntry: false });
  if (!found?.isFile()) return modelMissing(model, `${file.path} is not in ${folder}`);
  return found.size === file.bytes
    ? null
    : corrupt(model, file.path, `${found.size} bytes`, `${file.bytes} bytes`);
}

/**
 * What the file system tells of a file without reading it, as one word: another word, another content (or the same, read
 * again for nothing). Null: there is no such file.
 */
export function fileState(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined
    ? null
    : [found.size, found.mtimeNs, found.ctimeNs, found.dev, found.ino].join(":");
}

/** The absolute path of a model's file; throws MODEL_UNSAFE for a path that leaves the folder. */
export function pathInside(model: string, folder: string, path: string): string {
  const clean = normalize(path);
  if (isAbsolute(clean) || clean === ".." || clean.startsWith(`..${sep}`)) {
    throw new AppError({
      code: "MODEL_UNSAFE",
      message: `${model} names the file ${path}, which lies outside its folder`,
      actor: "machine",
      help: MODEL_HELP,
    });
  }
  return join(folder, clean);
}

export function modelMissing(model: string, detail: string): AppError {
  return new AppError({
    code: "MODEL_MISSING",
    message: `The model ${model} is incomplete: ${detail}`,
    actor: "user",
    help: MODEL_HELP,
  });
}

function corrupt(model: string, path: string, found: string, expected: string): AppError {
  return new AppError({
    code: "MODEL_CORRUPT",
    message: `The model ${model} is damaged: ${path} has ${found}, expected ${expected}`,
    actor: "user",
    help: MODEL_HELP,
  });
}
