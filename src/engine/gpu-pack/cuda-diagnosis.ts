/** Why CUDA does not start, in words a person can act on: which library is missing, and what brings it. */
import { say } from "../../shared/words/said.ts";
import type { CudaSearch } from "./cuda-libraries.ts";

/** CUDA 13 runs on this driver and newer ones (CUDA compatibility guide). */
export const LEAST_DRIVER = 580;

export interface CudaTrouble {
  /** What the runtime said. */
  readonly reason: string;
  /** What native code wrote to stderr meanwhile. */
  readonly stderr: string;
  readonly search: CudaSearch;
  readonly providerInstalled: boolean;
  /** As nvidia-smi tells it; null: unknown. */
  readonly driverVersion: string | null;
}

export interface Diagnosis {
  /** A clause: what stands in the way. */
  readonly reason: string;
  /** A sentence: what brings it. */
  readonly help: string;
}

export function diagnoseCuda(trouble: CudaTrouble): Diagnosis {
  const { search, providerInstalled, driverVersion, stderr, reason } = trouble;
  if (driverVersion !== null && majorOf(driverVersion) < LEAST_DRIVER) {
    return { reason: `the NVIDIA driver ${driverVersion} is too old for CUDA 13`, help: UPDATE_DRIVER };
  }
  if (!providerInstalled) return { reason, help: "Run `bellows gpu-pack install`." };

  const needed = search.missing.filter((library) => library.needed === "at start");
  const named = [...stderr.matchAll(MISSING_OBJECT)].map((match) => match[1] ?? "");
  const missing = [...new Set([...needed.map((library) => library.soname), ...named])];
  if (missing.includes("libcuda.so.1")) {
    return { reason: `${listed(missing)} ${isOrAre(missing)} missing`, help: INSTALL_DRIVER };
  }
  if (missing.length > 0) {
    return { reason: `${listed(missing)} ${isOrAre(missing)} missing`, help: INSTALL_TOOLKIT };
  }
  if (OLD_DRIVER.test(`${stderr}\n${reason}`)) {
    return { reason: say("reasonDriverTooOld").text, help: UPDATE_DRIVER };
  }
  return { reason: nativeErrorIn(stderr) ?? reason, help: "Look at what nvidia-smi says of this GPU." };
}

/** cuDNN and cuFFT are missed late, by the first operator that needs them; null: they are there. */
export function missingLater({ missing }: CudaSearch): string | null {
  const names = missing.filter((library) => library.needed === "later").map((library) => library.soname);
  return names.length === 0 ? null : `${listed(names)} ${isOrAre(names)} missing`;
}

/** Only of the CUDA provider: WebGPU misses libraries of its own. */
const MISSING_OBJECT =
  /Failed to load library \S*onnxruntime_providers_cuda\.so with error: (lib[\w.+-]+\.so[\w.]*): cannot open/g;
const OLD_DRIVER = /driver version is insufficient|CUDA (?:failure|error) 35\b|cudaErrorInsufficientDriver/i;

const UPDATE_DRIVER = `Install NVIDIA driver ${LEAST_DRIVER} or newer.`;
const INSTALL_DRIVER = `Install NVIDIA driver ${LEAST_DRIVER} or newer; in a container, start it with its GPUs (docker run --gpus all).`;
const INSTALL_TOOLKIT =
  "Run `bellows gpu-pack install`, or name the folder of CUDA 13's libraries and cuDNN 9 in BELLOWS_CUDA_PATH.";

/** The message of ONNX Runtime's last error line, without its stamp. */
function nativeErrorIn(stderr: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with the escape character.
  const lines = stderr.replaceAll(/\u001b\[[0-9;]*m/g, "").split("\n");
  const line = lines.findLast((text) => /\[E:onnxruntime|CUDA (failure|error)/.test(text));
  const message = line?.replace(/^.*\[ONNXRuntimeError\] : \d+ : \w+ : /, "").trim();
  return message === undefined || message === "" ? null : message.slice(0, 300);
}

function majorOf(version: string): number {
  const major = Number.parseInt(version, 10);
  return Number.isNaN(major) ? Number.POSITIVE_INFINITY : major;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function isOrAre(names: readonly string[]): string {
  return names.length === 1 ? "is" : "are";
}
