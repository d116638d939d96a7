/** Where llama.cpp is installed, which text generation in a process of ours needs: the engine asks, the runtime loads it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../errors.ts";

/** Names another folder than the data folder's; a runtime process is always told by it. */
export const LLAMA_FOLDER_VARIABLE = "BELLOWS_LLAMA_FOLDER";

/** The family's packages, one for each build: @node-llama-cpp/linux-x64-vulkan. */
export const LLAMA_BUILD_SCOPE = "@node-llama-cpp";

/** Its folder, or why there is none. `installed`: where `bellows llama install` puts it. */
export function findLlama(
  installed?: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | AppError {
  const named = env[LLAMA_FOLDER_VARIABLE];
  const folder = named || installed;
  if (folder && existsSync(join(folder, "node_modules/node-llama-cpp/package.json"))) return folder;
  return new AppError({
    code: "LLAMA_MISSING",
    message: named
      ? `llama.cpp, which text generation needs, is not in ${named}`
      : "llama.cpp, which text generation needs, is not installed",
    actor: "user",
    help: named
      ? `Put right or remove ${LLAMA_FOLDER_VARIABLE}; without it \`bellows llama install\` brings what is needed.`
      : "Run `bellows llama install`.",
  });
}
