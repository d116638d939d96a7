/**
 * Can this GPU do work, and how, or why not and what to do: a pure judgement of what the driver tells and of what the
 * runtime has proved. The driver's word is an expectation; a back end that ran is proof and wins.
 */
import type { DeviceVerdict } from "../../shared/contract/views.ts";
import { LEFT_OUT } from "../../shared/gpu/left-out.ts";
import type { GpuReading } from "../../shared/gpu/reading.ts";
import type { RunsOn } from "../../shared/runtime/backend.ts";
import { BACKEND_NAMES, ladderOf } from "../../shared/runtime/backends.ts";
import type { Backend, WantedBackend } from "../../shared/runtime/protocol.ts";
import { type Sentence, say, within } from "../../shared/words/said.ts";
import { LEAST_DRIVER } from "../gpu-pack/cuda-diagnosis.ts";
import { spokenReason } from "./reason-words.ts";

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
  readonly proved: { readonly backend: RunsOn; readonly reason: string | null } | null;
  /** Processes of ours: what they hold is no obstacle. */
  readonly ourPids: ReadonlySet<number>;
  /** One of them lives on this device; it may have another number for the driver, as in a container. */
  readonly weRun?: boolean | undefined;
}

export function judgeGpu(facts: GpuFacts): DeviceVerdict {
  const obstacle = notWorking(facts) ?? busy(facts);
  return obstacle ?? (facts.proved ? proved(facts, facts.proved) : expected(facts));
}

/** No back end could do anything with it. */
function notWorking({ gpu, slices, isSlice }: GpuFacts): DeviceVerdict | null {
  if (gpu.health === "lost") {
    return no("lost", say("offTheBus"), say("checkCard"));
  }
  if (gpu.health === "reset") {
    return no("needs-reset", say("needsReset"), say("resetGpu", { index: gpu.index }));
  }
  if (!gpu.migEnabled || isSlice) return null;
  if (slices > 0) {
    return no("mig-parent", say("split", { count: slices }), null);
  }
  return no("mig-parent", say("splitIntoNothing"), say("makeSlice", { index: gpu.index }));
}

/** A runtime runs, or ran, on it. */
function proved(facts: GpuFacts, { backend, reason }: NonNullable<GpuFacts["proved"]>): DeviceVerdict {
  const [best] = ladderOf(facts.platform);
  const missing = reason !== null && MISSING_LIBRARY.test(reason);
  const permission = reason !== null && NO_PERMISSION.test(reason);
  const code = missing ? "library-missing" : permission ? "no-permission" : `runs-on-${backend}`;
  // Who found the cause often knows the remedy too.
  const helped = reason !== null && SAYS_WHAT_TO_DO.test(reason);
  const help = helped
    ? null
    : missing
      ? say("fetchLibraries")
      : permission
        ? say("grantAccess")
        : helpFor(facts);
  if (backend === "cpu") {
    return no(
      code,
      reason === null ? say("jobsOnCpu") : say("jobsOnCpuBecause", { reason: within(spokenReason(reason)) }),
      facts.wanted === "cpu" ? say("wantIt") : help,
    );
  }
  const how = say(facts.wsl ? "runsOnThroughWsl" : "runsOn", { backend: BACKEND_NAMES[backend] });
  if (backend === best || reason === null) return yes(`runs-on-${backend}`, how, null);
  return yes(code, say("runsBecause", { how: how.said, reason: within(spokenReason(reason)) }), help);
}

/** Somebody else has it, and we are not on it. */
function busy({ gpu, isSlice, ourPids, weRun }: GpuFacts): DeviceVerdict | null {
  if (isSlice || weRun === true) return null;
  const others = (gpu.processes ?? []).filter(({ pid }) => !ourPids.has(pid));
  const ours = (gpu.processes ?? []).length > others.length;
  const biggest = others.toSorted((a, b) => (b.memoryMb ?? 0) - (a.memoryMb ?? 0))[0];
  const who = biggest === undefined ? null : processWords(biggest);
  // One that only draws is not in the way of an exclusive compute mode.
  const computing = others.some(({ kind }) => kind !== "graphics");
  if (gpu.computeMode === "exclusive" && computing && who !== null && !ours) {
    return no("busy", say("occupied", { who: who.said }), say("endProgram"));
  }
  const { memoryFreeMb: free, memoryTotalMb: total } = gpu;
  if (free === null || total === null || free >= LEAST_FREE_MB || ours) return null;
  // As text: no digits are put in groups.
  const memory = { free: String(Math.round(free)), total: String(Math.round(total)) };
  const why = who === null ? say("memoryFull", memory) : say("memoryFullBy", { ...memory, who: who.said });
  return no("busy", why, say("closeProgram"));
}

function processWords({ name, pid }: { name: string | null; pid: number }): Sentence {
  const number = String(pid);
  return name === null
    ? say("someProcess", { pid: number })
    : say("namedProcess", { program: programName(name), pid: number });
}

/** Nothing has run on it yet: what the driver's facts promise. */
function expected(facts: GpuFacts): DeviceVerdict {
  const { wanted, platform, wsl } = facts;
  if (wanted === "cpu") return no("not-wanted", say("cpuWanted"), say("wantIt"));
  if (wanted === "dml" || (wanted === "auto" && platform === "win32")) {
    if (facts.gpu.index === 0) return promised("dml", facts);
    return no("not-the-first", say("onlyFirstGpu", { backend: "DirectML" }), null);
  }
  if (wanted === "webgpu") {
    const obstacle = webGpuObstacle(facts);
    return obstacle ? no(obstacle.code, obstacle.why, obstacle.help) : promised("webgpu", facts);
  }
  const obstacle = cudaObstacle(facts);
  if (obstacle === null) return promised("cuda", facts);
  // WSL has no Vulkan driver of NVIDIA's, so no WebGPU.
  if (wanted === "auto" && !wsl && webGpuObstacle(facts) === null) {
    return yes(obstacle.code, say("shouldRunNotOnCuda", { why: obstacle.why.said }), obstacle.help);
  }
  return no(obstacle.code, obstacle.why, obstacle.help);
}

function promised(backend: Backend, { wsl }: GpuFacts): DeviceVerdict {
  const how = wsl ? "shouldRunThroughWsl" : "shouldRunOn";
  return yes(`expects-${backend}`, say(how, { backend: BACKEND_NAMES[backend] }), null);
}

interface Obstacle {
  readonly code: string;
  readonly why: Sentence;
  readonly help: Sentence | null;
}

/** null: the driver tells nothing that speaks against CUDA. */
function cudaObstacle({ gpu, wsl }: GpuFacts): Obstacle | null {
  if (gpu.computeMode === "prohibited") {
    return { code: "prohibited", why: say("computeProhibited"), help: say("allowCompute") };
  }
  const { computeCap, driverVersion } = gpu;
  const capability = computeCap === null ? null : Number.parseFloat(computeCap);
  if (computeCap !== null && capability !== null && !hasCudaCode(capability)) {
    const why = capability < 7.5 ? "tooOldForCuda" : "noCudaCode";
    return { code: "compute-capability", why: say(why, { capability: computeCap }), help: null };
  }
  if (driverVersion !== null && Number.parseInt(driverVersion, 10) < LEAST_DRIVER) {
    return {
      code: "driver-old",
      why: say("driverOld", { driver: driverVersion, least: LEAST_DRIVER }),
      help: say(wsl ? "newDriverWsl" : "newDriver", { least: LEAST_DRIVER }),
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
  const { computeCap, index } = gpu;
  // The runtime refuses it there, because WebGPU takes the system's first GPU whatever it is told.
  if (index > 0)
    return { code: "not-the-first", why: say("onlyFirstGpu", { backend: "WebGPU" }), help: null };
  if (computeCap === null || !(Number.parseFloat(computeCap) < LEAST_WEBGPU_CAPABILITY)) return null;
  return { code: "compute-capability", why: say("tooOldForWebGpu", { capability: computeCap }), help: null };
}

function helpFor(facts: GpuFacts): Sentence | null {
  return cudaObstacle(facts)?.help ?? null;
}

/** The system knows the card, and no driver answers for it. */
export function judgeWithoutDriver(reason: string): Extract<DeviceVerdict, { usable: false }> {
  const help = NO_PERMISSION.test(reason) ? say("grantAccess") : say("newDriver", { least: LEAST_DRIVER });
  return no("no-driver", say("noDriverAnswers", { reason: within(spokenReason(reason)) }), help);
}

/** CUDA_VISIBLE_DEVICES names others. */
export function judgeLeftOut(): Extract<DeviceVerdict, { usable: false }> {
  return no(LEFT_OUT, say("notVisible"), say("makeVisible"));
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
  const how = say("runsOnCpu");
  const help = wanted === "cpu" ? say("wantGpu") : helpWithoutGpu(noGpuReason ?? "", platform);
  if (noGpuReason === null) return yes("runs-on-cpu", how, help);
  return yes(
    "runs-on-cpu",
    say("runsBecause", { how: how.said, reason: within(spokenReason(noGpuReason)) }),
    help,
  );
}

/** From the words of the driver or of the program that asked it; null: nothing known. */
function helpWithoutGpu(reason: string, platform: NodeJS.Platform): Sentence | null {
  if (NO_PERMISSION.test(reason)) return say("grantAccess");
  if (/different versions|do not fit together|version mismatch/i.test(reason)) return say("restartForDriver");
  if (/off the bus|GPU is lost/i.test(reason)) return say("checkCard");
  if (!/driver is not loaded|driver not loaded|can't be reached|not found/i.test(reason)) return null;
  return say(platform === "linux" ? "installDriverOrContainer" : "installDriver", { least: LEAST_DRIVER });
}

const MISSING_LIBRARY =
  /\b(?:is|are) missing\b|cannot open shared object file|\.dll\b.*(?:not found|missing)/i;
const NO_PERMISSION =
  /no permission|permission denied|insufficient permissions|EACCES|operation not permitted/i;
const SAYS_WHAT_TO_DO = /`bellows |\. (?:Install|Run|Set|Look) /;

/** `/opt/x/burn` or `C:\x\burn.exe` → `burn`, `burn.exe`: a path can hold somebody's name. */
export function programName(path: string | null): string {
  return path?.split(/[/\\]/).findLast((part) => part !== "") ?? "another program";
}

function yes(code: string, { text, said }: Sentence, help: Sentence | null): DeviceVerdict {
  return { usable: true, code, how: text, said, ...helpWords(help) };
}

function no(
  code: string,
  { text, said }: Sentence,
  help: Sentence | null,
): Extract<DeviceVerdict, { usable: false }> {
  return { usable: false, code, why: text, said, ...helpWords(help) };
}

function helpWords(help: Sentence | null): Pick<DeviceVerdict, "help" | "helpSaid"> {
  return help === null ? { help: null } : { help: help.text, helpSaid: help.said };
}
