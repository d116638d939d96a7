/** Text to token ids as the model was trained on them, cut to the model's length with its special tokens kept. */
import { readFile } from "node:fs/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import { AppError } from "../../shared/errors.ts";

export class TextTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #prefix: readonly number[];
  readonly #suffix: readonly number[];
  readonly #room: number;
  readonly #maxTokens: number;
  /** Found at the first use: a tokenizer for single texts may have none. */
  #pair: PairFrame | null = null;

  private constructor(tokenizer: Tokenizer, maxTokens: number) {
    this.#tokenizer = tokenizer;
    this.#maxTokens = maxTokens;
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
    const ids = this.#bare(text);
    return [...this.#prefix, ...(ids.length > this.#room ? ids.slice(0, this.#room) : ids), ...this.#suffix];
  }

  /**
   * Two texts as the model was trained on pairs, and which token belongs to which. The first may take half of the
   * room, the second what is left; each is cut from its end.
   */
  encodePair(first: string, second: string): { ids: number[]; types: number[] } {
    this.#pair ??= findPairFrame(this.#tokenizer);
    const { before, between, after, types } = this.#pair;
    const room = this.#maxTokens - before.length - between.length - after.length;
    const a = this.#bare(first).slice(0, Math.floor(room / 2));
    const b = this.#bare(second).slice(0, room - a.length);
    const lengths = [before.length + a.length, between.length, b.length + after.length];
    return {
      ids: [...before, ...a, ...between, ...b, ...after],
      types: lengths.flatMap((length, part) => Array<number>(length).fill(types[part] ?? 0)),
    };
  }

  #bare(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
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

interface PairFrame {
  readonly before: readonly number[];
  readonly between: readonly number[];
  readonly after: readonly number[];
  /** The type of the first text, of what stands between, and of the second text. */
  readonly types: readonly number[];
}

/** The special tokens around two texts ([CLS] … [SEP] … [SEP]), read off an example. */
function findPairFrame(tokenizer: Tokenizer): PairFrame {
  const [a, b] = ["a", "b"].map((text) => tokenizer.encode(text, { add_special_tokens: false }).ids) as [
    number[],
    number[],
  ];
  const { ids, token_type_ids: types } = tokenizer.encode("a", {
    text_pair: "b",
    return_token_type_ids: true,
  });
  const startOf = (part: number[], from: number) =>
    ids.findIndex((_, i) => i >= from && part.every((id, j) => ids[i + j] === id));
  const atA = startOf(a, 0);
  const endA = atA + a.length;
  const atB = atA === -1 ? -1 : startOf(b, endA);
  if (atB === -1) throw new Error("the special tokens of a pair can't be told from its texts");
  return {
    before: ids.slice(0, atA),
    between: ids.slice(endA, atB),
    after: ids.slice(atB + b.length),
    types: [types[atA] ?? 0, types[endA] ?? 0, types[atB] ?? 0],
  };
}
