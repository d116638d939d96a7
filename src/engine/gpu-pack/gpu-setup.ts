/** What a runtime process needs to reach its GPU, looked up anew at each start: the pack may have come meanwhile. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import { packagedLibraryFolder } from "../../shared/runtime/onnx-library.ts";
import { type Diagnosis, diagnoseCuda, missingLater } from "./cuda-diagnosis.ts";
import { findCudaLibraries, libraryPath } from "./cuda-libraries.ts";
import { isInstalled, packFolderOf } from "./install.ts";
import { installedLibraryFolders } from "./libraries.ts";
import { prepareLibraryFolder } from "./library-folder.ts";
import { readGpuPack } from "./manifest.ts";
import { findMps, type MpsState } from "./mps.ts";

export interface GpuSetupOptions {
  /** <data>/gpu-pack */
  readonly gpuPackFolder: string;
  readonly resourcesFolder: string;
  /** BELLOWS_CUDA_PATH. */
  readonly cudaFolders: readonly string[];
  /** MPS_ENABLE. */
  readonly mps: boolean;
}

export interface GpuSetup {
  /** Added to the process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Null when MPS is not asked for. */
  readonly mps: MpsState | null;
  /** What is missing for some models only; null: nothing. */
  readonly missingLater: string | null;
  /** Why CUDA did not start, from what the runtime said and what native code wrote to stderr. */
  explain(failure: { reason: string; stderr: string; driverVersion: string | null }): Diagnosis;
}

const PROVIDER = "libonnxruntime_providers_cuda.so";

export async function setUpGpu(options: GpuSetupOptions): Promise<GpuSetup> {
  const { cudaFolders, gpuPackFolder, mps: mpsWanted } = options;
  const pack = installedLibraryFolders(gpuPackFolder);
  const search = await findCudaLibraries({ named: cudaFolders, env: process.env, pack });
  const libraries = await libraryFolderOf(options);
  const mps = mpsWanted ? findMps({ env: process.env }) : null;
  const path = libraryPath(search, process.env.LD_LIBRARY_PATH);
  const providerInstalled = existsSync(join(libraries ?? packagedLibraryFolder(), PROVIDER));
  return {
    env: {
      ...(libraries === null ? {} : { BELLOWS_ONNXRUNTIME_DIR: libraries }),
      ...(path === undefined ? {} : { LD_LIBRARY_PATH: path }),
      ...(mps?.kind === "runs" ? { CUDA_MPS_PIPE_DIRECTORY: mps.pipes } : {}),
    },
    mps,
    missingLater: missingLater(search),
    explain: (failure) => diagnoseCuda({ ...failure, search, providerInstalled }),
  };
}

/** The pack's folder, made loadable; null where none is installed: then the app's own files are loaded. */
async function libraryFolderOf({ gpuPackFolder, resourcesFolder }: GpuSetupOptions): Promise<string | null> {
  try {
    const pack = await readGpuPack(resourcesFolder);
    if (!isInstalled(gpuPackFolder, pack)) return null;
    const folder = packFolderOf(gpuPackFolder, pack);
    prepareLibraryFolder(folder);
    return folder;
  } catch (thrown) {
    // No pack for this system.
    if (thrown instanceof AppError && thrown.code === "GPU_PACK_NOT_NEEDED") return null;
    throw thrown;
  }
}
