/** The names, options and help of `bellows gpu-pack …`. */
import { lazy } from "../lazy.ts";
import type { KeptFolderCommands } from "./kept-folder-program.ts";

const { gpuPackStatus, installGpuPack, removeGpuPack, verifyGpuPack } = lazy(() => import("./gpu-pack.ts"));

export const GPU_PACK: KeptFolderCommands = {
  name: "gpu-pack",
  description: "What CUDA needs and the app does not bring: is it here?",
  verifyDescription:
    "Read every file again and look for CUDA; exit code 4 when a file is wrong or a part missing",
  status: gpuPackStatus,
  withInstallOptions: (install) =>
    install
      .option("--from <file-folder-or-url>", "Take the archives from here; they must be the pinned ones")
      .option("--parts <ids>", "Only these, divided by commas (default: what is missing)"),
  install: (context, asked, { from, parts }) =>
    installGpuPack(context, {
      ...asked,
      from: typeof from === "string" ? from : undefined,
      parts: typeof parts === "string" ? parts.split(",").map((id) => id.trim()) : undefined,
    }),
  verify: verifyGpuPack,
  remove: removeGpuPack,
};
