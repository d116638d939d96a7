/**
 * A server that keeps to Ollama's documented API (version, tags, show, ps, generate) with a model that a test can
 * foresee: each byte is a token, and after a letter it writes the next one, until "z" ends the text. It remembers what
 * it was asked, keeps account of what is in memory, and misbehaves as a test tells it to.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { sha256 } from "../../src/shared/digest.ts";
import { onTestFinished } from "./side-by-side.ts";

export const SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] as const;
/** The number of a token in this vocabulary: a byte's own, then the special ones. */
export const tokenIds = (text: string): number[] => [...Buffer.from(text)];

const RequestSchema = z.object({
  model: z.string(),
  prompt: z.string().default(""),
  raw: z.boolean().default(false),
  stream: z.boolean().default(true),
  logprobs: z.boolean().default(false),
  truncate: z.boolean().default(true),
  verbose: z.boolean().default(false),
  keep_alive: z.union([z.string(), z.number()]).optional(),
  options: z
    .object({
      seed: z.number().optional(),
      temperature: z.number().default(0.8),
      num_predict: z.number().default(-1),
      num_ctx: z.number().default(4096),
    })
    .prefault({}),
});
export type OllamaRequest = z.infer<typeof RequestSchema>;

export interface Asked {
  readonly path: string;
  readonly body: OllamaRequest | null;
  /** As it came, with what the server does not read. */
  readonly raw: Record<string, unknown> | null;
}

export interface OllamaServer {
  readonly url: string;
  readonly asked: Asked[];
  /** Name → SHA-256 of its weights. */
  readonly models: Map<string, string>;
  /** In memory, by name. */
  readonly running: Map<string, { readonly size: number; readonly onGpu: number }>;
  /** Texts whose asker went away before they ended. */
  readonly abandoned: string[];
  version: string;
  /** Lines of the Modelfile beside the first FROM. */
  modelfile: string;
  /** `tokenizer.ggml.model` as it tells it. */
  tokenizer: string;
  /** Loading takes until this resolves. */
  loading: Promise<void>;
  /** Asked before each token but the first of a text. */
  beforeToken: (written: number) => Promise<void> | void;
  /** Written instead of the alphabet: the bytes of each token. */
  answer: readonly (readonly number[])[] | null;
  /** The answer's connection is cut after so many tokens. */
  diesAfter: number | null;
  /** Every answer is this. */
  always: {
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  } | null;
  /** What loading a model fails with. */
  loadError: string | null;
  keepsInMemory: boolean;
  close(): Promise<void>;
}

export async function serveOllama(models: Record<string, string> = {}): Promise<OllamaServer> {
  const state: OllamaServer = {
    url: "",
    asked: [],
    models: new Map(Object.entries(models)),
    running: new Map(),
    abandoned: [],
    version: "0.13.0",
    modelfile: 'TEMPLATE """{{ .Prompt }}"""\nPARAMETER repeat_penalty 1.3\nPARAMETER stop "e"',
    tokenizer: "gpt2",
    loading: Promise.resolve(),
    beforeToken: () => undefined,
    answer: null,
    diesAfter: null,
    always: null,
    loadError: null,
    keepsInMemory: false,
    close: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((request, response) => {
    void answer(state, request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => state.close());
  return Object.assign(state, { url: `http://127.0.0.1:${port}` });
}

async function answer(
  state: OllamaServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const raw: unknown = text === "" ? null : JSON.parse(text);
  const body = raw === null ? null : RequestSchema.parse(raw);
  const path = request.url ?? "";
  state.asked.push({ path, body, raw: raw as Asked["raw"] });
  const { always } = state;
  if (always !== null) {
    response.writeHead(always.status, always.headers).end(always.body ?? "");
    return;
  }
  if (path === "/api/version") return json(response, 200, { version: state.version });
  if (path === "/api/tags") return json(response, 200, { models: [...state.models].map(tagOf) });
  if (path === "/api/ps") return json(response, 200, { models: running(state) });
  if (body === null) return json(response, 404, { error: "not found" });
  const weights = state.models.get(body.model);
  if (weights === undefined) return json(response, 404, { error: `model '${body.model}' not found` });
  if (path === "/api/show") return json(response, 200, shown(state, weights, body));
  if (path === "/api/generate") return generate(state, body, response);
  json(response, 404, { error: "not found" });
}

/** The digest is the manifest's: it follows from name and weights. */
const tagOf = ([name, weights]: [string, string]) => ({
  name,
  model: name,
  digest: sha256(Buffer.from(`${name} ${weights}`)),
  size: 1000,
});

const running = (state: OllamaServer) =>
  [...state.running].map(([name, { size, onGpu }]) => ({
    name,
    model: name,
    digest: "",
    size,
    size_vram: onGpu,
  }));

function shown({ modelfile, tokenizer }: OllamaServer, weights: string, { verbose }: OllamaRequest) {
  const tokens = [...Array.from({ length: 256 }, (_, byte) => printable(byte)), ...SPECIALS];
  return {
    modelfile: `# Modelfile generated by "ollama show"\n# FROM somewhere:latest\n\nFROM /var/lib/ollama/blobs/sha256-${weights}\n${modelfile}\n`,
    details: { format: "gguf" },
    model_info: {
      "general.architecture": "qwen2",
      "tokenizer.ggml.model": tokenizer,
      "tokenizer.ggml.tokens": verbose ? tokens : null,
      "tokenizer.ggml.token_type": verbose ? tokens.map((_, id) => (id < 256 ? 1 : 3)) : null,
    },
  };
}

/** GPT-2's way to write a byte, worked out from the other end than the code under test does. */
function printable(byte: number): string {
  const isShown = (each: number) => (each > 32 && each < 127) || (each > 160 && each < 173) || each > 173;
  if (isShown(byte)) return String.fromCharCode(byte);
  const before = Array.from({ length: byte }, (_, each) => each).filter((each) => !isShown(each)).length;
  return String.fromCharCode(256 + before);
}

async function generate(state: OllamaServer, body: OllamaRequest, response: ServerResponse): Promise<void> {
  const { model, prompt, options } = body;
  if (prompt === "" && body.keep_alive === 0) {
    if (!state.keepsInMemory) state.running.delete(model);
    return json(response, 200, { model, response: "", done: true, done_reason: "unload" });
  }
  const gone = once(response, "close").then(() => "gone" as const);
  if (!state.running.has(model)) {
    if ((await Promise.race([state.loading, gone])) === "gone") return;
    if (state.loadError !== null) return json(response, 500, { error: state.loadError });
    state.running.set(model, { size: 1000, onGpu: 1000 });
  }
  if (prompt === "") return json(response, 200, { model, response: "", done: true, done_reason: "load" });
  const promptTokens = countTokens(prompt);
  if (promptTokens > options.num_ctx && !body.truncate)
    return json(response, 400, { error: "the input length exceeds the context length" });

  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const line = (value: unknown) =>
    new Promise<unknown>((resolve) => response.write(`${JSON.stringify(value)}\n`, resolve));
  const written: number[][] = [];
  /** Tokens whose bytes are no whole character yet are held back. */
  let pending: number[][] = [];
  const tell = (spelt: string) => {
    const logprobs = pending.map((bytes) => ({ token: Buffer.from(bytes).toString(), logprob: -0.1, bytes }));
    pending = [];
    return line({ model, response: spelt, done: false, ...(body.logprobs ? { logprobs } : {}) });
  };
  let reason = "stop";
  for (const token of state.answer ?? alphabet(prompt, options)) {
    if (options.num_predict > 0 && written.length >= options.num_predict) {
      reason = "length";
      break;
    }
    if (written.length > 0 && (await Promise.race([state.beforeToken(written.length), gone])) === "gone")
      break;
    if (response.destroyed) break;
    if (state.diesAfter === written.length) {
      response.destroy();
      return;
    }
    written.push([...token]);
    pending.push([...token]);
    const spelt = Buffer.from(pending.flat()).toString();
    if (!spelt.includes("\uFFFD")) await tell(spelt);
  }
  if (response.destroyed) {
    state.abandoned.push(prompt);
    return;
  }
  if (pending.length > 0) await tell("");
  const counts = { prompt_eval_count: promptTokens, eval_count: written.length };
  await line({ model, response: "", done: true, done_reason: reason, ...counts });
  response.end();
}

function countTokens(prompt: string): number {
  const pattern = new RegExp(SPECIALS.map((each) => each.replaceAll("|", "\\|")).join("|"), "g");
  const specials = prompt.match(pattern)?.length ?? 0;
  return specials + Buffer.byteLength(prompt.replaceAll(pattern, ""));
}

/** The next letters; drawn, some are left out, which ones by the seed. A special token's letters are not the last one. */
function* alphabet(prompt: string, { temperature, seed = 0 }: OllamaRequest["options"]): Generator<number[]> {
  let letter = Buffer.from(prompt.replace(/<\|[a-z_]+\|>\w*\s*/g, "")).at(-1) ?? 0;
  for (let i = 0; ; i++) {
    letter +=
      temperature === 0 ? 1 : 1 + (Number.parseInt(sha256(Buffer.from(`${seed} ${i}`)).slice(0, 2), 16) % 2);
    if (letter > "z".charCodeAt(0)) return;
    yield [letter];
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
