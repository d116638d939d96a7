/** The names, options and help of `bellows llama …`. */
import { lazy } from "../lazy.ts";
import type { KeptFolderCommands } from "./kept-folder-program.ts";

const { installOfLlama, llamaStatus, removeOfLlama, verifyOfLlama } = lazy(() => import("./llama.ts"));

export const LLAMA: KeptFolderCommands = {
  name: "llama",
  description: "llama.cpp, which text generation needs and the app does not bring: is it here?",
  verifyDescription: "Read every file again; exit code 4 when one is wrong or nothing is installed",
  status: llamaStatus,
  withInstallOptions: (install) =>
    install
      .option("--cuda", "Its CUDA build too: faster on NVIDIA GPUs, needs CUDA 13's libraries")
      .option(
        "--vulkan",
        "Its Vulkan build, which needs the GPU's driver only (the default where there is one)",
      )
      .option("--no-vulkan", "Without it")
      .option(
        "--registry <url>",
        "An npm registry that has the packages (default: the one that npm here uses)",
      ),
  install: (context, asked, { cuda, vulkan, registry }) =>
    installOfLlama(context, {
      ...asked,
      cuda: cuda === true,
      vulkan: typeof vulkan === "boolean" ? vulkan : undefined,
      registry: typeof registry === "string" ? registry : undefined,
    }),
  verify: verifyOfLlama,
  remove: removeOfLlama,
};
