/**
 * ONNX Runtime sessions on one device: CUDA where it proves to work, else the CPU, with the reason in words.
 *
 * The proof is a session that runs, on CUDA alone, because the list of supported back ends is fixed when the library
 * is compiled and says nothing of this machine. The spawner shows this process exactly one GPU (CUDA_VISIBLE_DEVICES),
 * so the CUDA device is always number 0.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { AppError } from "../../shared/errors.ts";
import type { RuntimeClass, ToRuntime } from "../../shared/runtime/protocol.ts";
import { oneNodeModel } from "./onnx-file.ts";

type Init = Extract<ToRuntime, { type: "init" }>;
type Provider = "cuda" | "cpu";

export interface OpenSession {
  readonly session: InferenceSession;
  readonly runtimeClass: RuntimeClass;
}

export class OnnxBackend {
  readonly runtimeClass: RuntimeClass;
  readonly #mustBeCuda: boolean;

  private constructor(runtimeClass: RuntimeClass, mustBeCuda: boolean) {
    this.runtimeClass = runtimeClass;
    this.#mustBeCuda = mustBeCuda;
  }

  /** Throws CUDA_UNAVAILABLE when `init` insists on CUDA and it does not work here. */
  static async open(init: Init): Promise<OnnxBackend> {
    const { provider, reason } = await chooseProvider(init);
    const runtimeClass: RuntimeClass = {
      backend: provider,
      reason,
      onnxruntime: env.versions.node ?? env.versions.common,
      node: process.versions.node,
      threads: init.threads,
      hardware: provider === "cuda" ? `GPU ${init.device.index} (${init.device.id})` : cpuName(),
    };
    return new OnnxBackend(runtimeClass, init.backend === "cuda");
  }

  /** A session of a checked graph file. Throws MODEL_NOT_LOADABLE; falls back to the CPU unless CUDA is a must. */
  async createSession(graphFile: string): Promise<OpenSession> {
    const { backend, threads } = this.runtimeClass;
    if (backend === "cuda") {
      const onCuda = await createSession(graphFile, "cuda", threads).catch(describe);
      if (typeof onCuda !== "string") return { session: onCuda, runtimeClass: this.runtimeClass };
      if (this.#mustBeCuda) throw notLoadable(`on CUDA: ${onCuda}`);
      const session = await createOnCpu(graphFile, threads);
      const reason = `This model could not be loaded on the GPU: ${onCuda}`;
      return { session, runtimeClass: { ...this.runtimeClass, backend: "cpu", reason, hardware: cpuName() } };
    }
    return { session: await createOnCpu(graphFile, threads), runtimeClass: this.runtimeClass };
  }
}

async function chooseProvider(init: Init): Promise<{ provider: Provider; reason: string | null }> {
  if (init.device.kind === "cpu") return { provider: "cpu", reason: null };
  if (init.backend === "cpu")
    return { provider: "cpu", reason: "The settings ask for the CPU (GPU_BACKEND=cpu)" };
  const obstacle = await cudaObstacle(init.threads);
  if (obstacle === null) return { provider: "cuda", reason: await convolutionObstacle(init.threads) };
  if (init.backend === "cuda") {
    throw new AppError({
      code: "CUDA_UNAVAILABLE",
      message: obstacle,
      actor: "user",
      help: "Install the CUDA libraries named here, or set GPU_BACKEND=auto to work on the CPU meanwhile.",
    });
  }
  return { provider: "cpu", reason: obstacle };
}

/** Null when a matrix product runs on CUDA and is right; else why not, in words. */
async function cudaObstacle(threads: number): Promise<string | null> {
  const missing = missingCudaProvider();
  if (missing !== null) return `ONNX Runtime's CUDA support is not installed: ${missing} is missing`;
  const product = await runOnCuda("MatMul", { a: [2, 2], b: [2, 2] }, [2, 2], threads).catch(describe);
  if (typeof product === "string") return `CUDA does not start: ${product}`;
  const right = [7, 10, 15, 22].every((value, i) => product[i] === value);
  return right ? null : `CUDA computes wrong results: ${product.join(", ")}`;
}

/** cuDNN is opened by the first convolution only: text models do without it, so it is a remark and no obstacle. */
async function convolutionObstacle(threads: number): Promise<string | null> {
  const result = await runOnCuda("Conv", { a: [1, 1, 2, 2], b: [1, 1, 1, 1] }, [1, 1, 2, 2], threads).catch(
    describe,
  );
  return typeof result === "string" ? `Image and audio models can't run on this GPU yet: ${result}` : null;
}

/** Runs one operator with inputs 1, 2, 3, … on CUDA alone and returns its output. */
async function runOnCuda(
  operator: string,
  inputs: Record<string, readonly number[]>,
  output: readonly number[],
  threads: number,
): Promise<number[]> {
  const session = await InferenceSession.create(oneNodeModel(operator, inputs, output), {
    ...sessionOptions("cuda", threads),
    executionProviders: [{ name: "cuda", deviceId: 0 }],
    extra: { session: { disable_cpu_ep_fallback: "1" } },
  });
  try {
    const feeds = Object.entries(inputs).map(([name, shape]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [
        name,
        new Tensor(
          "float32",
          Float32Array.from({ length: count }, (_, i) => i + 1),
          [...shape],
        ),
      ] as const;
    });
    const { y } = await session.run(Object.fromEntries(feeds));
    return y?.data instanceof Float32Array ? [...y.data] : [];
  } finally {
    await session.release();
  }
}

/** The provider's file must lie beside the library it is loaded by; the loader tells only stderr when it does not. */
function missingCudaProvider(): string | null {
  const name =
    process.platform === "win32" ? "onnxruntime_providers_cuda.dll" : "libonnxruntime_providers_cuda.so";
  const packageFolder = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  return existsSync(join(packageFolder, "bin/napi-v6", process.platform, process.arch, name)) ? null : name;
}

function createOnCpu(graphFile: string, threads: number): Promise<InferenceSession> {
  return createSession(graphFile, "cpu", threads).catch((thrown: unknown) => {
    throw notLoadable(describe(thrown));
  });
}

function createSession(graphFile: string, provider: Provider, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(graphFile, sessionOptions(provider, threads));
}

function sessionOptions(provider: Provider, threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: provider === "cuda" ? [{ name: "cuda", deviceId: 0 }, "cpu"] : ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    // A spinning thread keeps a core at 100 % between batches.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
}

function notLoadable(why: string): AppError {
  return new AppError({
    code: "MODEL_NOT_LOADABLE",
    message: `ONNX Runtime can't load the model: ${why}`,
    actor: "machine",
  });
}

function describe(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).replaceAll(/\s+/g, " ").slice(0, 500);
}

function cpuName(): string {
  return cpus()[0]?.model.trim() || `${process.arch} CPU`;
}
