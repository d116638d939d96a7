/**
 * Text to token ids as the model was trained on them, cut to the model's length with its special tokens kept. Of a text
 * far longer than that no more is read than decides what is kept.
 */
import { readFile } from "node:fs/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { quickenWordPieces } from "./word-pieces.ts";

/** A shorter text is read whole: most are, and a second look would cost more than it saves. */
const CHARACTERS_PER_TOKEN = 4;

/** A tokenizer.json like BERT's, where a word's pieces depend on nothing but the word. */
const BertSchema = z.object({
  added_tokens: z.array(z.object({ content: z.string() })),
  normalizer: z.object({ type: z.literal("BertNormalizer") }),
  pre_tokenizer: z.object({ type: z.literal("BertPreTokenizer") }),
  model: z.object({
    type: z.literal("WordPiece"),
    unk_token: z.string(),
    continuing_subword_prefix: z.string(),
    max_input_chars_per_word: z.number().int().positive(),
  }),
});

export interface TokenPair {
  readonly ids: number[];
  /** Which of the two texts each token belongs to. */
  readonly types: number[];
}

export class TextTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #prefix: readonly number[];
  readonly #suffix: readonly number[];
  readonly #room: number;
  readonly #maxTokens: number;
  /** So many tokens at the end of a text may be others when it goes on; null: any. */
  readonly #unsettled: number | null;
  /** Found at the first use: a tokenizer for single texts may have none. */
  #pair: PairFrame | null = null;

  private constructor(settings: object, maxTokens: number) {
    const tokenizer = new Tokenizer(settings, {});
    const bert = BertSchema.safeParse(settings).data;
    if (bert && tokenizer.model) quickenWordPieces(tokenizer.model, bert.model);
    this.#unsettled = bert ? unsettledTokens(bert) : null;
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
      return new TextTokenizer(JSON.parse(await readFile(file, "utf8")), maxTokens);
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
    return [...this.#prefix, ...this.#bare(text, this.#room), ...this.#suffix];
  }

  encodePair(first: string, second: string): TokenPair {
    return this.pairsOf(first)(second);
  }

  /**
   * Pairs of one text with others, as the model was trained on pairs. The first may take half of the room, the second
   * what is left; each is cut from its end.
   */
  pairsOf(first: string): (second: string) => TokenPair {
    this.#pair ??= findPairFrame(this.#tokenizer);
    const { before, between, after, types } = this.#pair;
    const room = this.#maxTokens - before.length - between.length - after.length;
    const a = this.#bare(first, Math.floor(room / 2));
    return (second) => {
      const b = this.#bare(second, room - a.length);
      const lengths = [before.length + a.length, between.length, b.length + after.length];
      return {
        ids: [...before, ...a, ...between, ...b, ...after],
        types: lengths.flatMap((length, part) => Array<number>(length).fill(types[part] ?? 0)),
      };
    };
  }

  /** The first `most` ids of the text by itself. */
  #bare(text: string, most: number): number[] {
    if (this.#unsettled !== null) {
      const enough = most + this.#unsettled;
      for (let read = enough * CHARACTERS_PER_TOKEN; read < text.length; read *= 2) {
        const ids = this.#idsOf(text.slice(0, endAfter(text, read)));
        if (ids.length >= enough) return ids.slice(0, most);
      }
    }
    return this.#idsOf(text).slice(0, most);
  }

  #idsOf(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }
}

/** The last word, which may go on, and before it the beginning of a special token's name. */
function unsettledTokens({ added_tokens: added, model }: z.infer<typeof BertSchema>): number {
  return Math.max(0, ...added.map(({ content }) => content.length)) + model.max_input_chars_per_word;
}

/** Letters and digits after which nothing changes the case of a letter before them, as a Greek sigma's is. */
const SETTLES = /[\p{Lu}\p{Ll}\p{Lo}\p{Nd}]/gu;

/** Where to end a text that is to be cut not before `from`. */
function endAfter(text: string, from: number): number {
  SETTLES.lastIndex = from;
  return SETTLES.exec(text) === null ? text.length : SETTLES.lastIndex;
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
