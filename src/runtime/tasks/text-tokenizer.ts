/** Text to token ids as the model was trained on them, cut to the model's length with its special tokens kept. */
import { readFile } from "node:fs/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import { AppError } from "../../shared/errors.ts";

export class TextTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #prefix: readonly number[];
  readonly #suffix: readonly number[];
  readonly #room: number;

  private constructor(tokenizer: Tokenizer, maxTokens: number) {
    this.#tokenizer = tokenizer;
    const frame = findFrame(tokenizer);
    this.#prefix = frame.prefix;
    this.#suffix = frame.suffix;
    this.#room = maxTokens - frame.prefix.length - frame.suffix.length;
  }

  /** From a tokenizer.json. Throws TOKENIZER_UNREADABLE. */
  static async load(file: string, maxTokens: number): Promise<TextTokenizer> {
    try {
      return new TextTokenizer(new Tokenizer(JSON.parse(await readFile(file, "utf8")), {}), maxTokens);
    } catch (cause) {
      throw new AppError({
        code: "TOKENIZER_UNREADABLE",
        message: `The tokenizer can't be read: ${cause instanceof Error ? cause.message : String(cause)}`,
        actor: "machine",
        cause,
      });
    }
  }

  /** At most `maxTokens` ids, special tokens included; what does not fit is cut from the end of the text. */
  encode(text: string): number[] {
    const { ids } = this.#tokenizer.encode(text, { add_special_tokens: false });
    return [...this.#prefix, ...(ids.length > this.#room ? ids.slice(0, this.#room) : ids), ...this.#suffix];
  }
}

/** The special tokens around a text ([CLS] … [SEP]), read off an example. */
function findFrame(tokenizer: Tokenizer): { prefix: number[]; suffix: number[] } {
  const bare = tokenizer.encode("a", { add_special_tokens: false }).ids;
  const framed = tokenizer.encode("a", { add_special_tokens: true }).ids;
  const start = framed.findIndex((_, i) => bare.every((id, j) => framed[i + j] === id));
  if (bare.length === 0 || start === -1) throw new Error("its special tokens can't be told from the text");
  return { prefix: framed.slice(0, start), suffix: framed.slice(start + bare.length) };
}
