/**
 * One Ollama, asked over HTTP on this machine: no redirect is followed, no answer is read past its limit, no question
 * waits for ever, and a question that is aborted ends its connection, which ends Ollama's work on it.
 */
import type { z } from "zod";
import { KIB, MIB, MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { brokeOff, redirects, refused, tooSlow, unreachable, unreadable } from "./errors.ts";
import {
  ChunkSchema,
  FailureSchema,
  type OllamaChunk,
  type OllamaOptions,
  type OllamaRunning,
  type OllamaShown,
  type OllamaTag,
  RunningListSchema,
  ShownSchema,
  TagsSchema,
  VersionSchema,
} from "./wire.ts";

const ASK_DEADLINE = 5 * SECOND;
/** A vocabulary of 250,000 tokens is read from the model's file. */
const SHOW_DEADLINE = 30 * SECOND;
/** From a slow disk. */
const LOAD_DEADLINE = 3 * MINUTE;

const ANSWER_LIMIT = 4 * MIB;
const SHOW_LIMIT = 64 * MIB;
const FAILURE_LIMIT = 64 * KIB;
const LINE_LIMIT = MIB;

export interface OllamaLoading {
  /** Tokens of context. */
  readonly numCtx: number;
  /** Ollama lets go of the model by itself when nothing was asked for this long, ms: also when we are gone. */
  readonly keepAliveMs: number;
}

export interface OllamaPrompt {
  readonly model: string;
  /** As the model reads it: no template is put around it. */
  readonly prompt: string;
  readonly options: OllamaOptions;
  readonly keepAliveMs: number;
  /** Of all lines together; more is no answer to this question, bytes. */
  readonly limitBytes: number;
}

export class OllamaApi {
  readonly base: string;

  constructor(base: string) {
    this.base = base;
  }

  async version(signal: AbortSignal): Promise<string> {
    return (await this.#ask("/api/version", null, VersionSchema, signal)).version;
  }

  async models(signal: AbortSignal): Promise<readonly OllamaTag[]> {
    return (await this.#ask("/api/tags", null, TagsSchema, signal)).models ?? [];
  }

  /** What it has in memory now. */
  async running(signal: AbortSignal): Promise<readonly OllamaRunning[]> {
    return (await this.#ask("/api/ps", null, RunningListSchema, signal)).models ?? [];
  }

  /** `full`: with the vocabulary, some megabytes. Throws OLLAMA_MODEL_GONE. */
  async show(name: string, full: boolean, signal: AbortSignal): Promise<OllamaShown> {
    const limits = { limitBytes: SHOW_LIMIT, deadlineMs: SHOW_DEADLINE };
    return this.#ask("/api/show", { model: name, verbose: full }, ShownSchema, signal, limits);
  }

  /** Throws OLLAMA_MODEL_GONE, OUT_OF_MEMORY. */
  async load(name: string, { numCtx, keepAliveMs }: OllamaLoading, signal: AbortSignal): Promise<void> {
    const body = {
      model: name,
      stream: false,
      keep_alive: seconds(keepAliveMs),
      options: { num_ctx: numCtx },
    };
    const limits = { limitBytes: ANSWER_LIMIT, deadlineMs: LOAD_DEADLINE };
    const { done } = await this.#ask("/api/generate", body, ChunkSchema, signal, limits);
    if (!done) throw unreadable("a model that was to be loaded is not");
  }

  /** It is gone from memory some moments later: `running` tells. */
  async unload(name: string, signal: AbortSignal): Promise<void> {
    await this.#ask("/api/generate", { model: name, stream: false, keep_alive: 0 }, ChunkSchema, signal);
  }

  /** Until the chunk that is `done`; leaving the loop earlier ends Ollama's work. Throws OLLAMA_BROKE_OFF. */
  async *generate(prompt: OllamaPrompt, signal: AbortSignal): AsyncGenerator<OllamaChunk, void, void> {
    const { model, options, keepAliveMs, limitBytes } = prompt;
    const ending = new AbortController();
    const body = {
      model,
      prompt: prompt.prompt,
      raw: true,
      stream: true,
      logprobs: true,
      // Nothing is cut or shifted without a word.
      truncate: false,
      shift: false,
      keep_alive: seconds(keepAliveMs),
      options,
    };
    const response = await this.#send("/api/generate", body, AbortSignal.any([signal, ending.signal]));
    try {
      for await (const line of lines(response, limitBytes)) {
        const chunk = parse(line, ChunkSchema);
        if (chunk.error !== undefined) throw refused(null, chunk.error, model);
        yield chunk;
        if (chunk.done) return;
      }
      throw brokeOff();
    } catch (thrown) {
      signal.throwIfAborted();
      throw thrown instanceof AppError ? thrown : brokeOff(thrown);
    } finally {
      ending.abort(new DOMException("No more is wanted", "AbortError"));
    }
  }

  async #ask<T>(
    path: string,
    body: unknown,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    { limitBytes, deadlineMs }: Limits = { limitBytes: ANSWER_LIMIT, deadlineMs: ASK_DEADLINE },
  ): Promise<T> {
    const late = AbortSignal.timeout(deadlineMs);
    try {
      const response = await this.#send(path, body, AbortSignal.any([signal, late]));
      return parse(await wholeText(response, limitBytes), schema);
    } catch (thrown) {
      signal.throwIfAborted();
      if (late.aborted) throw tooSlow(this.base, `answer ${path}`);
      throw thrown instanceof AppError ? thrown : brokeOff(thrown);
    }
  }

  async #send(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const sent =
      body === null
        ? {}
        : {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          };
    const response = await fetch(`${this.base}${path}`, { ...sent, redirect: "manual", signal }).catch(
      (cause: unknown) => {
        signal.throwIfAborted();
        throw unreachable(this.base, cause);
      },
    );
    if (response.ok) return response;
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw redirects(this.base);
    }
    const words = await wholeText(response, FAILURE_LIMIT).catch(() => "");
    throw refused(response.status, failureIn(words), modelIn(body));
  }
}

interface Limits {
  readonly limitBytes: number;
  readonly deadlineMs: number;
}

/** As Ollama reads it: whole seconds. */
const seconds = (ms: number) => `${Math.max(1, Math.ceil(ms / SECOND))}s`;

function parse<T>(text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable("it is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unreadable(`${issue?.path.join(".") || "it"}: ${issue?.message ?? "malformed"}`);
}

function failureIn(text: string): string {
  try {
    return FailureSchema.parse(JSON.parse(text)).error;
  } catch {
    return text;
  }
}

function modelIn(body: unknown): string | null {
  return typeof body === "object" && body !== null && "model" in body ? String(body.model) : null;
}

async function wholeText(response: Response, limitBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytesOf(response, limitBytes)) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

async function* lines(response: Response, limitBytes: number): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of bytesOf(response, limitBytes)) {
    const pieces = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = pieces.pop() ?? "";
    for (const line of pieces) if (line.trim() !== "") yield line;
    if (rest.length > LINE_LIMIT) throw unreadable("one line of it does not end");
  }
  if (rest.trim() !== "") yield rest;
}

async function* bytesOf(response: Response, limitBytes: number): AsyncGenerator<Uint8Array, void, void> {
  let received = 0;
  for await (const part of response.body ?? []) {
    received += part.byteLength;
    if (received > limitBytes) throw unreadable(`it is longer than ${limitBytes} bytes`);
    yield part;
  }
}
