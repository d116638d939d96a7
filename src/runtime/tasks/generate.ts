/**
 * The generate task: text from a GGUF model by llama.cpp, token by token. Temperature 0 takes the likeliest token
 * each time; above it the whole distribution is sampled with the job's seed, so that the same job on the same device
 * gives the same tokens. A prompt that does not fit is refused: nothing is cut or shifted without a word.
 */
import { AppError } from "../../shared/errors.ts";
import { requireWorkInLimits } from "../../shared/runtime/limits.ts";
import type { ItemResult, RuntimeClass, SpecOf } from "../../shared/runtime/protocol.ts";
import { firstOf } from "../../shared/runtime/stop-texts.ts";
import type { GenerateWork } from "../../shared/work.ts";
import type { LlamaContext, LlamaModel, LlamaSequence, OpenLlama, Token } from "../backends/llama.ts";
import { openLlama } from "../backends/llama.ts";
import { placedClass } from "../backends/llama-layers.ts";
import { cpuName, type OnnxBackend } from "../backends/onnx.ts";
import { checkedFile, checkModelFiles } from "./graph.ts";
import {
  inferenceFailed,
  itemDone,
  itemFailed,
  notRunnable,
  type TaskItem,
  type TaskModel,
  type TaskOutcome,
  wrongTask,
} from "./task.ts";

/** No token is left out of the draw: top-k, top-p and min-p do not change it. */
const WHOLE_DISTRIBUTION = { topK: 0, topP: 1, minP: 0 } as const;

interface Written {
  readonly text: string;
  /** Every token the model wrote, those of a stop text included, the end-of-text token not. */
  readonly tokenIds: readonly Token[];
}

export class GenerateModel implements TaskModel {
  readonly #open: OpenLlama;
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #sequence: LlamaSequence;
  readonly #contextTokens: number;
  readonly runtimeClass: RuntimeClass;

  private constructor(open: OpenLlama, model: LlamaModel, context: LlamaContext, contextTokens: number) {
    const layers = { onGpu: model.gpuLayers, total: model.fileInsights.totalLayers };
    const runtimeClass = placedClass(open.runtimeClass, layers, cpuName());
    // The settings insist on the GPU: its memory may be free when others are gone.
    if (open.forced && runtimeClass.backend === "cpu")
      throw new Error(`Out of memory: ${runtimeClass.reason}`);
    this.#open = open;
    this.#model = model;
    this.#context = context;
    this.#sequence = context.getSequence();
    this.#contextTokens = contextTokens;
    this.runtimeClass = runtimeClass;
  }

  /** Checks the file, then loads and warms. Throws MODEL_*, LLAMA_*. */
  static async load(spec: SpecOf<"generate">, backend: OnnxBackend): Promise<GenerateModel> {
    await checkModelFiles(spec);
    const { file, contextTokens } = spec.generate;
    const open = await openLlama(backend.asked, backend.runtimeClass);
    try {
      const model = await open.llama.loadModel({
        modelPath: checkedFile(spec, file),
        ...(open.runtimeClass.backend === "cpu" ? { gpuLayers: 0 } : {}),
      });
      const context = await model.createContext({
        contextSize: contextTokens,
        sequences: 1,
        threads: backend.runtimeClass.threads,
      });
      const loaded = new GenerateModel(open, model, context, contextTokens);
      await loaded.#write(loaded.#tokensOf("a"), { maxTokens: 1, temperature: 0, seed: 0, stop: [] });
      return loaded;
    } catch (cause) {
      await open.llama.dispose();
      throw notRunnable(cause);
    }
  }

  async run(items: readonly TaskItem[]): Promise<TaskOutcome> {
    const startedAt = performance.now();
    const answers: ItemResult[] = [];
    for (const item of items) answers.push(await this.#runItem(item));
    return { items: answers, inferMs: performance.now() - startedAt };
  }

  async release(): Promise<void> {
    await this.#context.dispose();
    await this.#model.dispose();
    await this.#open.llama.dispose();
  }

  async #runItem({ key, work }: TaskItem): Promise<ItemResult> {
    try {
      if (work.kind !== "generate") throw wrongTask(work.kind, "text generation");
      requireWorkInLimits(work);
      const prompt = this.#tokensOf(work.prompt);
      this.#requireRoom(prompt.length, work.maxTokens);
      const written = await this.#write(prompt, work).catch((thrown: unknown) => {
        throw inferenceFailed(thrown);
      });
      const tokens = prompt.length + written.tokenIds.length;
      return itemDone(key, { result: { kind: "generate", ...written }, tokens });
    } catch (thrown) {
      return itemFailed(key, thrown);
    }
  }

  #tokensOf(prompt: GenerateWork["prompt"]): Token[] {
    if (typeof prompt !== "string") return this.#model.tokenize(this.#render(prompt), true);
    const { bos, shouldPrependBosToken } = this.#model.tokens;
    // Some have such a token and were taught without it.
    return [...(bos !== null && shouldPrependBosToken ? [bos] : []), ...this.#model.tokenize(prompt)];
  }

  /** Without a template of the model's own there is no right way to put a conversation: it is refused. */
  #render(messages: Exclude<GenerateWork["prompt"], string>): string {
    const template = this.#model.fileInfo.metadata.tokenizer?.chat_template;
    if (typeof template !== "string") {
      throw new AppError({
        code: "WORK_MISMATCH",
        message: "This model has no chat template: it takes a prompt, not messages",
        actor: "market",
      });
    }
    const { bosString, eosString } = this.#model.tokens;
    const values = {
      messages,
      add_generation_prompt: true,
      bos_token: bosString ?? "",
      eos_token: eosString ?? "",
    };
    try {
      return this.#open.renderTemplate(template, values);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new AppError({
        code: "INPUT_MALFORMED",
        message: `The model's chat template refuses these messages: ${why}`.slice(0, 300),
        actor: "market",
        cause,
      });
    }
  }

  #requireRoom(prompt: number, maxTokens: number): void {
    if (prompt + maxTokens <= this.#contextTokens) return;
    throw new AppError({
      code: "INPUT_TOO_LARGE",
      message: `${prompt} tokens of prompt and ${maxTokens} to write are more than the ${this.#contextTokens} this model holds`,
      actor: "market",
    });
  }

  async #write(prompt: readonly Token[], work: Omit<GenerateWork, "kind" | "prompt">): Promise<Written> {
    const { maxTokens, temperature, seed, stop } = work;
    const tokenIds: Token[] = [];
    await this.#sequence.clearHistory();
    for await (const token of this.#sequence.evaluate(prompt, { temperature, seed, ...WHOLE_DISTRIBUTION })) {
      if (this.#model.isEogToken(token)) break;
      tokenIds.push(token);
      const text = stop.length === 0 ? "" : this.#model.detokenize(tokenIds);
      const at = firstOf(stop, text);
      if (at !== -1) return { text: text.slice(0, at), tokenIds };
      if (tokenIds.length >= maxTokens) break;
    }
    return { text: this.#model.detokenize(tokenIds), tokenIds };
  }
}
