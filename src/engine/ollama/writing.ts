/**
 * One text written by Ollama as the job wants it: the likeliest token each time, or drawn with its seed from the whole
 * distribution; ended before the first stop text; every token by its number. What Ollama's words and its tokens do not
 * agree on is no result.
 */
import { KIB, MIB } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { firstOf } from "../../shared/runtime/stop-texts.ts";
import type { GenerateWork } from "../../shared/work.ts";
import type { OllamaApi } from "./api.ts";
import { unreadable } from "./errors.ts";
import type { OllamaModel } from "./model.ts";
import { promptText } from "./prompt.ts";
import type { Vocabulary } from "./vocabulary.ts";
import type { OllamaChunk, OllamaOptions } from "./wire.ts";

/** A token's line with its bytes as numbers takes some hundred bytes. */
const BYTES_PER_TOKEN = 4 * KIB;

export interface OpenModel {
  readonly api: OllamaApi;
  readonly model: OllamaModel;
  readonly vocabulary: Vocabulary;
  readonly keepAliveMs: number;
}

export interface Written {
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** Of the prompt, as the model read it. */
  readonly promptTokens: number;
}

/** Throws WORK_MISMATCH, INPUT_TOO_LARGE, OLLAMA_…; ends Ollama's work when the signal aborts. */
export async function write(open: OpenModel, work: GenerateWork, signal: AbortSignal): Promise<Written> {
  const prompt = promptText(work, open.model, open.vocabulary);
  const promptTokens = await countTokens(open, work, prompt, signal);
  requireRoom(open.model, promptTokens, work.maxTokens);
  const page = new Page(open.vocabulary, work);
  for await (const chunk of ask(open, work, prompt, work.maxTokens, signal)) {
    page.add(chunk);
    if (page.isStopped) break;
  }
  return { ...page.finish(), promptTokens };
}

/** Ollama has no other way to count them. What it reads for this it need not read again for the answer. */
async function countTokens(
  open: OpenModel,
  work: GenerateWork,
  prompt: string,
  signal: AbortSignal,
): Promise<number> {
  let counted = 0;
  for await (const chunk of ask(open, work, prompt, 1, signal)) counted = chunk.prompt_eval_count ?? counted;
  if (counted === 0) throw unreadable("it does not say how long the prompt was");
  return counted;
}

function ask(
  { api, model, keepAliveMs }: OpenModel,
  work: GenerateWork,
  prompt: string,
  maxTokens: number,
  signal: AbortSignal,
): AsyncGenerator<OllamaChunk, void, void> {
  const options = optionsFor(model, work, maxTokens);
  const limitBytes = MIB + maxTokens * BYTES_PER_TOKEN;
  return api.generate({ model: model.ollama.name, prompt, options, keepAliveMs, limitBytes }, signal);
}

/** No token is left out of the draw and none is made less likely. Stop texts are found here, with the tokens they end. */
function optionsFor({ generate }: OllamaModel, work: GenerateWork, maxTokens: number): OllamaOptions {
  return {
    seed: work.seed,
    temperature: work.temperature,
    num_predict: maxTokens,
    top_k: 0,
    top_p: 1,
    min_p: 0,
    typical_p: 1,
    repeat_last_n: 0,
    repeat_penalty: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    mirostat: 0,
    stop: [],
    num_ctx: generate.contextTokens,
  };
}

function requireRoom({ generate: { contextTokens } }: OllamaModel, prompt: number, maxTokens: number): void {
  if (prompt + maxTokens <= contextTokens) return;
  throw new AppError({
    code: "INPUT_TOO_LARGE",
    message: `${prompt} tokens of prompt and ${maxTokens} to write are more than the ${contextTokens} this model holds`,
    actor: "market",
  });
}

/** What was written so far. */
class Page {
  readonly #vocabulary: Vocabulary;
  readonly #work: GenerateWork;
  readonly #tokenIds: number[] = [];
  readonly #bytes: number[] = [];
  /** As Ollama tells it; it keeps back what may become a character. */
  #told = "";
  #reason: string | undefined;
  #stoppedAt = -1;

  constructor(vocabulary: Vocabulary, work: GenerateWork) {
    this.#vocabulary = vocabulary;
    this.#work = work;
  }

  get isStopped(): boolean {
    return this.#stoppedAt !== -1;
  }

  add({ response, logprobs, done, done_reason }: OllamaChunk): void {
    this.#told += response;
    if (done) this.#reason = done_reason ?? "stop";
    for (const { token, bytes } of logprobs ?? []) {
      const own = bytes ?? [...Buffer.from(token)];
      const id = this.#vocabulary.idOf(own);
      if (id === null)
        throw unreadable(`no one token of this model is spelt ${JSON.stringify(token.slice(0, 40))}`);
      if (this.#tokenIds.length >= this.#work.maxTokens) throw unreadable("more tokens than were asked for");
      this.#tokenIds.push(id);
      this.#bytes.push(...own);
      if (this.#work.stop.length > 0) this.#stoppedAt = firstOf(this.#work.stop, this.#text);
      if (this.isStopped) return;
    }
  }

  finish(): Pick<Written, "text" | "tokenIds"> {
    const text = this.#text;
    const tokenIds = this.#tokenIds;
    if (this.isStopped) return { text: text.slice(0, this.#stoppedAt), tokenIds };
    const isWhole = this.#reason === "stop" || tokenIds.length === this.#work.maxTokens;
    if (!isWhole) throw unreadable(`it ended early: ${(this.#reason ?? "unknown").slice(0, 40)}`);
    // Of a character that was cut off at the end Ollama tells nothing.
    if (!text.startsWith(this.#told) || !/^\uFFFD*$/.test(text.slice(this.#told.length)))
      throw unreadable("its tokens spell another text than it tells");
    return { text, tokenIds };
  }

  get #text(): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(this.#bytes));
  }
}
