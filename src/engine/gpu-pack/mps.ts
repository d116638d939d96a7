/**
 * NVIDIA's Multi-Process Service lets our process share the GPU's units with others at the same time. Its daemon is the
 * administrator's to start (nvidia-cuda-mps-control -d); a process joins it by the folder of its pipes.
 * Source: docs.nvidia.com/deploy/mps, "CUDA_MPS_PIPE_DIRECTORY".
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ErrorValue } from "../../shared/errors.ts";

const DEFAULT_PIPES = "/tmp/nvidia-mps";
/** Linux cuts a process's short name at 15 characters. */
const DAEMON = "nvidia-cuda-mps-control".slice(0, 15);

export type MpsState =
  | { readonly kind: "runs"; readonly pipes: string }
  | { readonly kind: "absent"; readonly reason: string };

export interface MpsPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Short names of the processes that run; default: from /proc. */
  readonly processes?: () => readonly string[];
  readonly platform?: NodeJS.Platform;
}

/** Is there an MPS daemon to join? Its control pipe alone proves nothing: a dead daemon leaves it behind. */
export function findMps({ env, processes = runningNames, platform = process.platform }: MpsPlaces): MpsState {
  if (platform !== "linux") return { kind: "absent", reason: "MPS exists on Linux only" };
  const pipes = env.CUDA_MPS_PIPE_DIRECTORY || DEFAULT_PIPES;
  if (!statSync(join(pipes, "control"), { throwIfNoEntry: false })) {
    return { kind: "absent", reason: `no MPS daemon has its pipes in ${pipes}` };
  }
  if (!processes().includes(DAEMON)) {
    return { kind: "absent", reason: `the pipes in ${pipes} are there, but no MPS daemon runs` };
  }
  return { kind: "runs", pipes };
}

function runningNames(): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(join("/proc", pid, "comm"), "utf8").trim();
      } catch {
        return ""; // It ended between the two looks.
      }
    });
}

/** MPS was asked for and is not there: said once, and work goes on without it. */
export function mpsNotice(state: MpsState | null): ErrorValue[] {
  if (state?.kind !== "absent") return [];
  return [
    {
      code: "MPS_ABSENT",
      message: `MPS_ENABLE is set, but ${state.reason}; the GPU is used without MPS`,
      actor: "user",
      help: "Start the daemon with nvidia-cuda-mps-control -d, then start Bellows again.",
    },
  ];
}
