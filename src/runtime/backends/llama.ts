/**
 * llama.cpp through node-llama-cpp, for GGUF models. It is no dependency of the app: with one prebuilt library it
 * weighs 85 MB, with all of them 640 MB, and only text generation needs it. It is installed into a folder of its own
 * (`npm run llama`; BELLOWS_LLAMA_FOLDER names another one) and loaded here at the first model that asks for it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "../../shared/errors.ts";
import { findLlama } from "../../shared/runtime/llama-folder.ts";
import type { RuntimeClass } from "../../shared/runtime/protocol.ts";

/** What we use of node-llama-cpp 3.22 and @huggingface/jinja 0.5: their own types come only with the installation. */
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
  loadModel(options: { modelPath: string; vocabOnly?: boolean }): Promise<LlamaModel>;
  dispose(): Promise<void>;
}
interface LlamaModule {
  getLlama(options: {
    gpu: "cuda" | false;
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
  /** Renders a chat template as the model's authors wrote it. */
  readonly renderTemplate: (source: string, values: Record<string, unknown>) => string;
}

/** Throws LLAMA_MISSING, MODEL_NOT_LOADABLE. */
export async function openLlama(device: RuntimeClass): Promise<OpenLlama> {
  const folder = requireFolder();
  const load = (file: string): Promise<unknown> =>
    import(pathToFileURL(join(folder, "node_modules", file)).href);
  const { getLlama } = (await load("node-llama-cpp/dist/index.js")) as LlamaModule;
  const { Template } = (await load("@huggingface/jinja/dist/index.js")) as JinjaModule;
  const options = { build: "never", skipDownload: true, progressLogs: false, logLevel: "error" } as const;
  const onGpu =
    device.backend === "cuda" ? await getLlama({ ...options, gpu: "cuda" }).catch(() => null) : null;
  const llama = onGpu ?? (await getLlama({ ...options, gpu: false }));
  return {
    llama,
    runtimeClass: classOf(device, onGpu !== null, versionIn(folder)),
    renderTemplate: (source, values) => new Template(source).render(values),
  };
}

function classOf(device: RuntimeClass, onGpu: boolean, version: string): RuntimeClass {
  const engine = { onnxruntime: `none (node-llama-cpp ${version})` };
  if (onGpu || device.backend === "cpu") return { ...device, ...engine };
  return { ...device, ...engine, backend: "cpu", reason: "llama.cpp is installed here for the CPU only" };
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
