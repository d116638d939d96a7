/**
 * Can this GPU do work, and how, or why not and what to do: a pure judgement of what the driver tells and of what the
 * runtime has proved. The driver's word is an expectation; a back end that ran is proof and wins.
 */
import type { DeviceVerdict } from "../../shared/contract/views.ts";
import type { GpuReading } from "../../shared/gpu/reading.ts";
import { BACKEND_NAMES, ladderOf } from "../../shared/runtime/backends.ts";
import type { Backend, WantedBackend } from "../../shared/runtime/protocol.ts";
import { LEAST_DRIVER } from "../gpu-pack/cuda-diagnosis.ts";

/** Below this a GPU has no Vulkan that WebGPU could stand on (Maxwell is the first that has). */
const LEAST_WEBGPU_CAPABILITY = 5.0;
/** Less free memory than this holds no model and no context, MiB. */
const LEAST_FREE_MB = 768;

export interface GpuFacts {
  readonly gpu: Pick<
    GpuReading,
    | "index"
    | "name"
    | "driverVersion"
    | "computeCap"
    | "health"
    | "computeMode"
    | "migEnabled"
    | "memoryTotalMb"
    | "memoryFreeMb"
    | "processes"
  >;
  /** MIG devices of this GPU; they do its work. */
  readonly slices: number;
  /** Is it judged as one of those? Then memory and processes of the whole say little. */
  readonly isSlice: boolean;
  readonly platform: NodeJS.Platform;
  readonly wsl: boolean;
  readonly wanted: WantedBackend;
  /** What a runtime found to work, and why no faster one; null before the first start. */
  readonly proved: { readonly backend: Backend; readonly reason: string | null } | null;
  /** Processes of ours: what they hold is no obstacle. */
  readonly ourPids: ReadonlySet<number>;
}

export function judgeGpu(facts: GpuFacts): DeviceVerdict {
  return notWorking(facts) ?? (facts.proved ? proved(facts, facts.proved) : (busy(facts) ?? expected(facts)));
}

/** No back end could do anything with it. */
function notWorking({ gpu, slices, isSlice }: GpuFacts): DeviceVerdict | null {
  if (gpu.health === "lost") {
    return no("lost", "it has fallen off the bus", CHECK_CARD);
  }
  if (gpu.health === "reset") {
    return no(
      "needs-reset",
      "it requires a reset before it works again",
      `Restart the machine, or run \`nvidia-smi --gpu-reset -i ${gpu.index}\` as administrator while nothing uses it.`,
    );
  }
  if (!gpu.migEnabled || isSlice) return null;
  if (slices > 0) {
    return no(
      "mig-parent",
      `it is split into ${slices} MIG ${slices === 1 ? "device, which does" : "devices, which do"} its work`,
      null,
    );
  }
  return no(
    "mig-parent",
    "it is in MIG mode, but has no MIG device to work on",
    `Create one (\`nvidia-smi mig -cgi 0 -C -i ${gpu.index}\`), or leave MIG mode (\`nvidia-smi -i ${gpu.index} -mig 0\`).`,
  );
}

/** A runtime runs, or ran, on it. */
function proved(facts: GpuFacts, { backend, reason }: NonNullable<GpuFacts["proved"]>): DeviceVerdict {
  const [best] = ladderOf(facts.platform);
  const missing = reason !== null && MISSING_LIBRARY.test(reason);
  const permission = reason !== null && NO_PERMISSION.test(reason);
  const code = missing ? "library-missing" : permission ? "no-permission" : `runs-on-${backend}`;
  // Who found the cause often knows the remedy too.
  const helped = reason !== null && SAYS_WHAT_TO_DO.test(reason);
  const help = helped ? null : missing ? FETCH_LIBRARIES : permission ? GRANT_ACCESS : helpFor(facts);
  if (backend === "cpu") {
    return no(
      code,
      `its jobs run on the CPU${reason === null ? "" : `, because ${clause(reason)}`}`,
      facts.wanted === "cpu" ? "Set GPU_BACKEND=auto to use it." : help,
    );
  }
  const how = `Runs on ${BACKEND_NAMES[backend]}${facts.wsl ? " through WSL" : ""}`;
  if (backend === best || reason === null) return yes(`runs-on-${backend}`, how, null);
  return yes(code, `${how}: ${clause(reason)}`, help);
}

/** Somebody else has it. */
function busy({ gpu, isSlice, ourPids }: GpuFacts): DeviceVerdict | null {
  if (isSlice) return null;
  const others = (gpu.processes ?? []).filter(({ pid }) => !ourPids.has(pid));
  const ours = (gpu.processes ?? []).length > others.length;
  const biggest = others.toSorted((a, b) => (b.memoryMb ?? 0) - (a.memoryMb ?? 0))[0];
  const who = biggest ? `${programName(biggest.name)} (process ${biggest.pid})` : null;
  // One that only draws is not in the way of an exclusive compute mode.
  const computing = others.some(({ kind }) => kind !== "graphics");
  if (gpu.computeMode === "exclusive" && computing && who !== null && !ours) {
    return no(
      "busy",
      `it lets in one program at a time, and that is ${who}`,
      "End that program, or set the compute mode to Default.",
    );
  }
  const { memoryFreeMb: free, memoryTotalMb: total } = gpu;
  if (free === null || total === null || free >= LEAST_FREE_MB || ours) return null;
  const blame = who === null ? "" : `; most is used by ${who}`;
  return no(
    "busy",
    `only ${Math.round(free)} of its ${Math.round(total)} MB are free${blame}`,
    "Close what uses it; work begins by itself then.",
  );
}

/** Nothing has run on it yet: what the driver's facts promise. */
function expected(facts: GpuFacts): DeviceVerdict {
  const { wanted, platform, wsl } = facts;
  if (wanted === "cpu")
    return no("not-wanted", "the settings ask for the CPU", "Set GPU_BACKEND=auto to use it.");
  if (wanted === "dml" || (wanted === "auto" && platform === "win32")) return promised("dml", facts);
  if (wanted === "webgpu") {
    const obstacle = webGpuObstacle(facts);
    return obstacle ? no(obstacle.code, obstacle.why, obstacle.help) : promised("webgpu", facts);
  }
  const obstacle = cudaObstacle(facts);
  if (obstacle === null) return promised("cuda", facts);
  // WSL has no Vulkan driver of NVIDIA's, so no WebGPU.
  if (wanted === "auto" && !wsl && webGpuObstacle(facts) === null) {
    return yes(obstacle.code, `Should run on WebGPU, not on CUDA: ${obstacle.why}`, obstacle.help);
  }
  return no(obstacle.code, obstacle.why, obstacle.help);
}

function promised(backend: Backend, { wsl }: GpuFacts): DeviceVerdict {
  const how = `Should run on ${BACKEND_NAMES[backend]}${wsl ? " through WSL" : ""}; the first job or self-test proves it`;
  return yes(`expects-${backend}`, how, null);
}

interface Obstacle {
  readonly code: string;
  readonly why: string;
  readonly help: string | null;
}

/** null: the driver tells nothing that speaks against CUDA. */
function cudaObstacle({ gpu, wsl }: GpuFacts): Obstacle | null {
  if (gpu.computeMode === "prohibited") {
    return { code: "prohibited", why: "its compute mode lets no program compute on it", help: ALLOW_COMPUTE };
  }
  const capability = gpu.computeCap === null ? null : Number.parseFloat(gpu.computeCap);
  if (capability !== null && !hasCudaCode(capability)) {
    const age =
      capability < 7.5 ? "older than the 7.5 that CUDA 13 needs" : "one this build has no CUDA code for";
    return {
      code: "compute-capability",
      why: `its compute capability ${gpu.computeCap} is ${age}`,
      help: null,
    };
  }
  if (gpu.driverVersion !== null && Number.parseInt(gpu.driverVersion, 10) < LEAST_DRIVER) {
    const help = wsl
      ? `Install NVIDIA driver ${LEAST_DRIVER} or newer in Windows; WSL uses that one.`
      : `Install NVIDIA driver ${LEAST_DRIVER} or newer, then restart.`;
    return {
      code: "driver-old",
      why: `the driver ${gpu.driverVersion} is older than the ${LEAST_DRIVER} that CUDA 13 needs`,
      help,
    };
  }
  return null;
}

/** ONNX Runtime's CUDA provider holds code for 7.5, 8.0, 8.6, 8.9, 9.0 and 12.0, which runs within a generation. */
function hasCudaCode(capability: number): boolean {
  const generation = Math.floor(capability);
  return capability >= 7.5 && (generation <= 9 || generation === 12);
}

/** null: WebGPU can be expected. */
function webGpuObstacle({ gpu }: GpuFacts): Obstacle | null {
  const capability = gpu.computeCap === null ? null : Number.parseFloat(gpu.computeCap);
  if (capability === null || capability >= LEAST_WEBGPU_CAPABILITY) return null;
  const why = `its compute capability ${gpu.computeCap} is too old for WebGPU`;
  return { code: "compute-capability", why, help: null };
}

function helpFor(facts: GpuFacts): string | null {
  return cudaObstacle(facts)?.help ?? null;
}

/** The CPU always can; what a person wants to know is why no GPU does, and what would change that. */
export function judgeCpu({
  noGpuReason,
  platform,
  wanted,
}: {
  noGpuReason: string | null;
  platform: NodeJS.Platform;
  wanted: WantedBackend;
}): DeviceVerdict {
  const why = noGpuReason === null ? "" : `: ${clause(noGpuReason)}`;
  const help =
    wanted === "cpu" ? "Set GPU_BACKEND=auto to use a GPU." : helpWithoutGpu(noGpuReason ?? "", platform);
  return yes("runs-on-cpu", `Runs on the CPU${why}`, help);
}

/** From the words of the driver or of the program that asked it; null: nothing known. */
function helpWithoutGpu(reason: string, platform: NodeJS.Platform): string | null {
  if (NO_PERMISSION.test(reason)) return GRANT_ACCESS;
  if (/different versions|do not fit together|version mismatch/i.test(reason)) {
    return "The driver was updated: restart the machine.";
  }
  if (/off the bus|GPU is lost/i.test(reason)) return CHECK_CARD;
  if (!/driver is not loaded|driver not loaded|can't be reached|not found/i.test(reason)) return null;
  const container =
    platform === "linux" ? " In a container, start it with its GPUs (docker run --gpus all)." : "";
  return `If there is an NVIDIA GPU: install driver ${LEAST_DRIVER} or newer and restart.${container}`;
}

const MISSING_LIBRARY =
  /\b(?:is|are) missing\b|cannot open shared object file|\.dll\b.*(?:not found|missing)/i;
const NO_PERMISSION =
  /no permission|permission denied|insufficient permissions|EACCES|operation not permitted/i;
const SAYS_WHAT_TO_DO = /`bellows |\. (?:Install|Run|Set|Look) /;
const FETCH_LIBRARIES =
  "`bellows gpu-pack install` brings what may be fetched, and `bellows gpu-pack verify` names the rest.";
const GRANT_ACCESS =
  "Let this user open /dev/nvidia* (often the group `video` or `render`), then start again.";
const CHECK_CARD = "Restart the machine; if it happens again, check the card's seat and power.";
const ALLOW_COMPUTE = "Set the compute mode to Default (`nvidia-smi -c 0` as administrator).";

/** `/opt/x/burn` or `C:\x\burn.exe` → `burn`, `burn.exe`: a path can hold somebody's name. */
export function programName(path: string | null): string {
  return path?.split(/[/\\]/).findLast((part) => part !== "") ?? "another program";
}

/** A reason as the end of a sentence of ours. */
function clause(reason: string): string {
  return reason.replace(/\.$/, "");
}

function yes(code: string, how: string, help: string | null): DeviceVerdict {
  return { usable: true, code, how, help };
}

function no(code: string, why: string, help: string | null): DeviceVerdict {
  return { usable: false, code, why, help };
}
