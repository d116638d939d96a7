/**
 * ONNX Runtime sessions on one device, on the best back end that proves to work there.
 *
 * The ladder is climbed down from the fastest (shared/runtime/backends.ts); each step is a real session that runs
 * (probe.ts), because the list of supported back ends is fixed when the library is compiled and says nothing of this
 * machine. The spawner shows this process exactly one GPU (CUDA_VISIBLE_DEVICES), so the CUDA device is always number 0.
 */
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { env, InferenceSession } from "onnxruntime-node";
import { AppError } from "../../shared/errors.ts";
import { BACKEND_NAMES, describeSkipped, ladderOf } from "../../shared/runtime/backends.ts";
import type { Backend, RuntimeClass, SkippedBackend, ToRuntime } from "../../shared/runtime/protocol.ts";
import { describeFailure, isOutOfMemory, loadFailure, startFailure } from "./failure.ts";
import { libraryFolder, libraryProblem } from "./library.ts";
import { BIG_MATMUL, CONV, fastestRun, MATMUL, probeObstacle } from "./probe.ts";

type Init = Extract<ToRuntime, { type: "init" }>;

/** What ONNX Runtime has runs on. */
export type OnnxClass = RuntimeClass & { readonly backend: Backend };

export interface OpenSession {
  readonly session: InferenceSession;
  readonly runtimeClass: OnnxClass;
}

export class OnnxBackend {
  readonly runtimeClass: OnnxClass;
  /** The device, and what the settings want of it. */
  readonly asked: Pick<Init, "device" | "backend" | "without">;
  /** The settings name this back end: then the CPU is no substitute. */
  readonly #forced: boolean;

  private constructor(runtimeClass: OnnxClass, asked: Pick<Init, "device" | "backend" | "without">) {
    this.runtimeClass = runtimeClass;
    this.asked = asked;
    this.#forced = asked.backend !== "auto" && runtimeClass.backend !== "cpu";
  }

  /**
   * Throws CUDA_UNAVAILABLE, WEBGPU_UNAVAILABLE or DML_UNAVAILABLE when `init` insists on one that does not work, and
   * OUT_OF_MEMORY when the device has no memory left to prove it: that is no reason to compute elsewhere.
   */
  static async open(init: Init): Promise<OnnxBackend> {
    const { backend, reason, skipped } = await choose(init);
    const runtimeClass: OnnxClass = {
      backend,
      reason,
      skipped: [...skipped],
      onnxruntime: env.versions.node ?? env.versions.common,
      node: process.versions.node,
      threads: init.threads,
      hardware: hardwareOf(backend, init),
    };
    return new OnnxBackend(runtimeClass, init);
  }

  /**
   * A session of a checked graph file. Throws MODEL_NOT_LOADABLE, OUT_OF_MEMORY; a graph that this device can't run is
   * run on the CPU instead, unless the settings name the back end. Memory that ran out is no reason for the CPU.
   */
  async createSession(graphFile: string): Promise<OpenSession> {
    const { backend, threads } = this.runtimeClass;
    try {
      const session = await InferenceSession.create(graphFile, sessionOptions(backend, threads));
      return { session, runtimeClass: this.runtimeClass };
    } catch (thrown) {
      const failure = loadFailure(thrown, backend === "cpu" ? "" : ` on ${BACKEND_NAMES[backend]}`);
      if (backend === "cpu" || this.#forced || failure.code === "OUT_OF_MEMORY") throw failure;
      return await this.#createOnCpu(graphFile, failure);
    }
  }

  async #createOnCpu(graphFile: string, failure: AppError): Promise<OpenSession> {
    const { backend, threads, skipped } = this.runtimeClass;
    const session = await InferenceSession.create(graphFile, sessionOptions("cpu", threads)).catch(
      (thrown: unknown) => {
        throw loadFailure(thrown);
      },
    );
    const runtimeClass: OnnxClass = {
      ...this.runtimeClass,
      backend: "cpu",
      reason: failure.message,
      skipped: [...skipped, { backend, reason: failure.message }],
      hardware: cpuName(),
    };
    return { session, runtimeClass };
  }
}

interface Choice {
  readonly backend: Backend;
  /** Why not a faster one, or what this one can't do; null: nothing to say. */
  readonly reason: string | null;
  readonly skipped: readonly SkippedBackend[];
}

async function choose(init: Init): Promise<Choice> {
  if (init.backend !== "auto") return forced(init, init.backend);
  // No GPU: no reason to look for one, and a software driver would only be slower.
  if (init.device.kind === "cpu") return { backend: "cpu", reason: null, skipped: [] };
  const skipped: SkippedBackend[] = [];
  for (const backend of ladderOf(process.platform)) {
    const verdict = await tryBackend(backend, init);
    if (verdict.kind === "works")
      return { backend, reason: describeSkipped(skipped) ?? verdict.remark, skipped };
    skipped.push({ backend, reason: verdict.reason });
  }
  throw new AppError({
    code: "CPU_UNAVAILABLE",
    message: `Nothing computes here: ${describeSkipped(skipped)}`,
    actor: "machine",
    help: "Install Bellows again; if this repeats, report it with the diagnostics file.",
  });
}

const UNAVAILABLE = {
  cuda: "CUDA_UNAVAILABLE",
  webgpu: "WEBGPU_UNAVAILABLE",
  dml: "DML_UNAVAILABLE",
} as const;

async function forced(init: Init, backend: Backend): Promise<Choice> {
  if (backend === "cpu") {
    const reason = init.device.kind === "gpu" ? "The settings ask for the CPU (GPU_BACKEND=cpu)" : null;
    return { backend, reason, skipped: [] };
  }
  const verdict = await tryBackend(backend, init);
  if (verdict.kind === "works") return { backend, reason: verdict.remark, skipped: [] };
  throw new AppError({
    code: UNAVAILABLE[backend],
    message: `${BACKEND_NAMES[backend]} can't be used: ${verdict.reason}`,
    actor: "user",
    help: `Put right what is named here, or set GPU_BACKEND=auto to take the best that works.`,
  });
}

type Verdict =
  | { readonly kind: "works"; readonly remark: string | null }
  | { readonly kind: "fails"; readonly reason: string };

const works: Verdict = { kind: "works", remark: null };
const fails = (reason: string): Verdict => ({ kind: "fails", reason });

/** A step of the ladder. Throws OUT_OF_MEMORY only. */
async function tryBackend(backend: Backend, init: Init): Promise<Verdict> {
  const obstacle = obstacleBefore(backend, init);
  if (obstacle !== null) return fails(obstacle);
  const options = aloneOn(backend, init.threads);
  const reference = sessionOptions("cpu", init.threads);
  const product = await probeObstacle(MATMUL, options, reference);
  if (product !== null) return fails(product);
  const convolution = await probeObstacle(CONV, options, reference);
  if (convolution !== null) {
    // CUDA opens cuDNN for the first convolution only: text models do without it, so its absence is a remark.
    if (backend !== "cuda" || !/cudnn/i.test(convolution)) return fails(convolution);
    return { kind: "works", remark: `Image and audio models can't run on this GPU yet: ${convolution}` };
  }
  return init.backend === "auto" && backend === "webgpu" ? await fasterThanCpu(options, reference) : works;
}

/** What is known without trying, where a try would end in words nobody understands. */
function obstacleBefore(backend: Backend, { device, without }: Init): string | null {
  const barred = without?.find((each) => each.backend === backend);
  if (barred !== undefined) return barred.reason;
  if (!ladderOf(process.platform).includes(backend)) return `ONNX Runtime has none for ${process.platform}`;
  if (backend === "cuda" && !existsSync(join(libraryFolder(), CUDA_PROVIDER))) {
    const problem = libraryProblem();
    return `its provider ${CUDA_PROVIDER} is missing${problem === null ? "" : ` (the GPU pack could not be loaded: ${problem})`}`;
  }
  // CUDA is told its GPU by the environment. The others take the system's first one, which a second process would only
  // crowd while its own GPU does nothing.
  const takesTheFirst = backend === "webgpu" || backend === "dml";
  if (takesTheFirst && device.kind === "gpu" && device.index > 0) {
    return "it can't choose among several GPUs, and runs on the first one only";
  }
  return null;
}

const CUDA_PROVIDER = "libonnxruntime_providers_cuda.so";
/** A GPU is many times faster than the CPU at this size; a driver in software is many times slower. */
const SLOWER_THAN_CPU = 4;

async function fasterThanCpu(
  options: InferenceSession.SessionOptions,
  reference: InferenceSession.SessionOptions,
): Promise<Verdict> {
  let ours: number;
  try {
    ours = await fastestRun(BIG_MATMUL, options);
  } catch (thrown) {
    if (isOutOfMemory(thrown)) throw startFailure(thrown);
    return fails(describeFailure(thrown));
  }
  const cpu = await fastestRun(BIG_MATMUL, reference);
  if (ours <= cpu * SLOWER_THAN_CPU) return works;
  return fails(`it is ${Math.round(ours / cpu)} times slower than the CPU, so its driver works in software`);
}

function sessionOptions(backend: Backend, threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: providersOf(backend),
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    // DirectML can't work with it (onnxruntime.ai, DirectML execution provider).
    ...(backend === "dml" ? { enableMemPattern: false } : {}),
    // A spinning thread keeps a core at 100 % between batches.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
}

/** The back end by itself: what it can't run is an error, not quietly the CPU's work. */
function aloneOn(backend: Backend, threads: number): InferenceSession.SessionOptions {
  const session = { intra_op: { allow_spinning: "0" }, disable_cpu_ep_fallback: "1" };
  return {
    ...sessionOptions(backend, threads),
    executionProviders: providersOf(backend).slice(0, 1),
    ...(backend === "cpu" ? {} : { extra: { session } }),
  };
}

function providersOf(backend: Backend): InferenceSession.ExecutionProviderConfig[] {
  switch (backend) {
    case "cuda":
      return [{ name: "cuda", deviceId: 0 }, "cpu"];
    case "dml":
      return [{ name: "dml", deviceId: 0 }, "cpu"];
    case "webgpu":
      return ["webgpu", "cpu"];
    case "cpu":
      return ["cpu"];
  }
}

function hardwareOf(backend: Backend, { device }: Init): string {
  if (backend === "cpu") return cpuName();
  return device.kind === "gpu"
    ? `GPU ${device.index} (${device.id})`
    : `the GPU that ${BACKEND_NAMES[backend]} chose`;
}

export function cpuName(): string {
  return cpus()[0]?.model.trim() || `${process.arch} CPU`;
}
