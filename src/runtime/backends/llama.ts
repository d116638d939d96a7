/**
 * llama.cpp through node-llama-cpp, for GGUF models. It is no dependency of the app: only text generation needs it, and
 * with all its builds it weighs 640 MB. `bellows llama install` puts it into the data folder (BELLOWS_LLAMA_FOLDER tells
 * this process where), and it is loaded here at the first model that asks for it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "../../shared/errors.ts";
import { BACKEND_NAMES, describeSkipped } from "../../shared/runtime/backends.ts";
import { findLlama } from "../../shared/runtime/llama-folder.ts";
import type { RuntimeClass, SkippedBackend } from "../../shared/runtime/protocol.ts";
import { say } from "../../shared/words/said.ts";
import {
  type AskedDevice,
  confineVulkan,
  type LlamaGpu,
  llamaWays,
  obstacleAfter,
  obstacleBefore,
} from "./llama-steps.ts";
import { cpuName } from "./onnx.ts";

/** What we use of node-llama-cpp 3.21 and @huggingface/jinja 0.5: their own types come only with the installation. */
export type Token = number;
export interface LlamaModel {
  readonly tokens: {
    readonly bos: Token | null;
    /** Does a text of this model begin with it? */
    readonly shouldPrependBosToken: boolean;
    readonly bosString: string | null;
    readonly eosString: string | null;
  };
  readonly fileInfo: { readonly metadata: { readonly tokenizer?: { readonly chat_template?: unknown } } };
  /** Of its layers, those in the GPU's memory: llama.cpp takes as many as fit. */
  readonly gpuLayers: number;
  readonly fileInsights: { readonly totalLayers: number };
  tokenize(text: string, specialTokens?: boolean): Token[];
  detokenize(tokens: readonly Token[]): string;
  isEogToken(token: Token): boolean;
  createContext(options: { contextSize: number; sequences: 1; threads: number }): Promise<LlamaContext>;
  dispose(): Promise<void>;
}
export interface LlamaContext {
  getSequence(): LlamaSequence;
  dispose(): Promise<void>;
}
export interface LlamaSequence {
  clearHistory(): Promise<void>;
  evaluate(
    tokens: readonly Token[],
    options: { temperature: number; seed: number; topK: number; topP: number; minP: number },
  ): AsyncGenerator<Token, void, void>;
}
interface Llama {
  readonly gpu: string | false;
  /** Empty: the library works, and there is no GPU. */
  getGpuDeviceNames(): Promise<string[]>;
  loadModel(options: { modelPath: string; vocabOnly?: boolean; gpuLayers?: number }): Promise<LlamaModel>;
  dispose(): Promise<void>;
}
interface LlamaModule {
  getLlama(options: {
    gpu: LlamaGpu | "metal" | false;
    build: "never";
    skipDownload: true;
    progressLogs: false;
    logLevel: "error";
  }): Promise<Llama>;
}
interface JinjaModule {
  readonly Template: new (source: string) => { render(values: Record<string, unknown>): string };
}

export interface OpenLlama {
  readonly llama: Llama;
  readonly runtimeClass: RuntimeClass;
  /** The settings name a GPU back end: then the CPU is no substitute. */
  readonly forced: boolean;
  /** Renders a chat template as the model's authors wrote it. */
  readonly renderTemplate: (source: string, values: Record<string, unknown>) => string;
}

/** For Apple's chips there is one build, which is told of no GPU layers instead (generate.ts). */
const PROCESSOR = process.platform === "darwin" && process.arch === "arm64" ? "metal" : false;
const QUIETLY = { build: "never", skipDownload: true, progressLogs: false, logLevel: "error" } as const;

/** Throws LLAMA_MISSING, LLAMA_GPU_UNAVAILABLE when the settings insist on a GPU back end that does not work. */
export async function openLlama(asked: AskedDevice, device: RuntimeClass): Promise<OpenLlama> {
  const folder = requireFolder();
  const load = (file: string): Promise<unknown> =>
    import(pathToFileURL(join(folder, "node_modules", file)).href);
  const { getLlama } = (await load("node-llama-cpp/dist/index.js")) as LlamaModule;
  const { Template } = (await load("@huggingface/jinja/dist/index.js")) as JinjaModule;
  const { llama, gpu, skipped } = await openBest(getLlama, folder, asked);
  return {
    llama,
    runtimeClass: {
      ...device,
      backend: gpu ?? "cpu",
      reason: describeSkipped(skipped),
      skipped: [...skipped],
      onnxruntime: `none (node-llama-cpp ${versionIn(folder)})`,
      ...(gpu === null ? { hardware: cpuName() } : {}),
    },
    forced: llamaWays(asked).forced,
    renderTemplate: (source, values) => new Template(source).render(values),
  };
}

interface Chosen {
  readonly llama: Llama;
  /** null: the CPU. */
  readonly gpu: LlamaGpu | null;
  readonly skipped: readonly SkippedBackend[];
}

async function openBest(
  getLlama: LlamaModule["getLlama"],
  folder: string,
  asked: AskedDevice,
): Promise<Chosen> {
  const { gpus, forced } = llamaWays(asked);
  const skipped: SkippedBackend[] = [];
  for (const gpu of gpus) {
    const opened = obstacleBefore(gpu, folder, asked) ?? (await openOn(gpu, getLlama, folder, asked));
    if (typeof opened !== "string") return { llama: opened, gpu, skipped };
    skipped.push({ backend: gpu, reason: opened });
  }
  if (forced) throw gpuUnavailable(skipped);
  return { llama: await getLlama({ ...QUIETLY, gpu: PROCESSOR }), gpu: null, skipped };
}

/** Or why it does not work. Never throws. */
async function openOn(
  gpu: LlamaGpu,
  getLlama: LlamaModule["getLlama"],
  folder: string,
  asked: AskedDevice,
): Promise<Llama | string> {
  const obstacle = gpu === "vulkan" ? await toOneGpu(asked) : null;
  if (obstacle !== null) return obstacle;
  const llama = await getLlama({ ...QUIETLY, gpu }).catch(() => null);
  if (llama === null) return await obstacleAfter(gpu, folder);
  const { length: gpus } = await llama.getGpuDeviceNames();
  if (llama.gpu === gpu && gpus === 1) return llama;
  await llama.dispose();
  if (llama.gpu === gpu && gpus > 1) return say("reasonSpreads", { gpus: String(gpus) }).text;
  // A build whose driver has no GPU works, with the CPU alone.
  return "the driver shows no GPU";
}

/** Loaded only here: what asks Vulkan is native code. */
async function toOneGpu(asked: AskedDevice): Promise<string | null> {
  const { listVulkanDevices } = await import("./vulkan-devices.ts");
  return confineVulkan(asked, listVulkanDevices);
}

function gpuUnavailable(skipped: readonly SkippedBackend[]): AppError {
  const names = skipped.map(({ backend }) => BACKEND_NAMES[backend]).join(" and ");
  return new AppError({
    code: "LLAMA_GPU_UNAVAILABLE",
    message: `llama.cpp does not work with ${names}, which the settings ask for: ${describeSkipped(skipped)}`,
    actor: "user",
    help: "Put right what is named here, or set GPU_BACKEND=auto to take the best that works.",
  });
}

function requireFolder(): string {
  const found = findLlama();
  if (found instanceof AppError) throw found;
  return found;
}

function versionIn(folder: string): string {
  const manifest: unknown = JSON.parse(
    readFileSync(join(folder, "node_modules/node-llama-cpp/package.json"), "utf8"),
  );
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "?";
}
