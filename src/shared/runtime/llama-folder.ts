/** Where llama.cpp is installed, which text generation in a process of ours needs: the engine asks, the runtime loads it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../errors.ts";

export const LLAMA_FOLDER_VARIABLE = "BELLOWS_LLAMA_FOLDER";

/** Its folder, or why there is none. */
export function findLlama(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | AppError {
  const folder = env[LLAMA_FOLDER_VARIABLE];
  if (folder && existsSync(join(folder, "node_modules/node-llama-cpp/package.json"))) return folder;
  return new AppError({
    code: "LLAMA_MISSING",
    message: folder
      ? `llama.cpp, which text generation needs, is not in ${folder}`
      : "llama.cpp, which text generation needs, is not installed",
    actor: "user",
    help: `Run \`npm run llama\`, and set ${LLAMA_FOLDER_VARIABLE} to the folder that it names.`,
  });
}
