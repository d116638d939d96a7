/** Ids as the library alone gives them for the whole text, whatever is read of it and however a word is taken apart. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { TextTokenizer } from "../../../src/runtime/tasks/text-tokenizer.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
/** Such that words fall into few pieces, into many, and into none. */
const PIECES = [
  ...[
    "a",
    "b",
    "ab",
    "abc",
    "bca",
    "σ",
    "ς",
    "οδος",
    "漢",
    "𝒳",
    ".",
    ",",
    "[",
    "]",
    "1",
    "##1",
    "##[",
    "mas",
  ],
  ...["##a", "##b", "##c", "##ab", "##cab", "##σ", "##ς", "##οδ", "##𝒳", "##abcabc", "k", "##k"],
];
const LONGEST_WORD = 10;

function bert(): Record<string, unknown> {
  const special = (token: string, type_id = 0) => ({ SpecialToken: { id: token, type_id } });
  const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  const vocabulary = [...SPECIAL, ...PIECES];
  const frame = (token: string) => ({ id: token, ids: [vocabulary.indexOf(token)], tokens: [token] });
  return {
    version: "1.0",
    decoder: null,
    added_tokens: SPECIAL.map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [special("[CLS]"), text("A", 0), special("[SEP]")],
      pair: [special("[CLS]"), text("A", 0), special("[SEP]"), text("B", 1), special("[SEP]", 1)],
      special_tokens: { "[CLS]": frame("[CLS]"), "[SEP]": frame("[SEP]") },
    },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: LONGEST_WORD,
      vocab: Object.fromEntries(vocabulary.map((piece, id) => [piece, id])),
    },
  };
}

const fragment = fc.oneof(
  fc.constantFrom("a", "b", "c", "ab", "Σ", "ΟΔΟΣ", "Σ.", "aΣ'", "漢字", "𝒳", "é", "[MASK]", "[MAS", "1"),
  fc.constantFrom(" ", "  ", "\t\n", ".", "...", ",", "[", "\u0301", "\u00ad", "\ufeff", "ʰ", "^", "한"),
  fc.string({ maxLength: 4, unit: "binary" }),
);
const piece = fc.tuple(fragment, fc.integer({ min: 1, max: 120 })).map(([part, times]) => part.repeat(times));
/** Most far longer than the few tokens that are kept. */
const anyText = fc.array(fc.oneof(fragment, piece), { maxLength: 40 }).map((parts) => parts.join(""));

async function load(settings: object, maxTokens: number): Promise<TextTokenizer> {
  const file = join(tempFolder(), "tokenizer.json");
  writeFileSync(file, JSON.stringify(settings));
  return TextTokenizer.load(file, maxTokens);
}

describe.each([
  ["like BERT's", bert()],
  ["of another kind", { ...bert(), pre_tokenizer: { type: "WhitespaceSplit" } }],
])("a tokenizer %s", (_, settings) => {
  const ROOM = 8;
  const library = new Tokenizer(settings, {});
  const bare = (text: string) => library.encode(text, { add_special_tokens: false }).ids;
  const [CLS, SEP] = [2, 3];
  let tokenizer: TextTokenizer;
  beforeEach(async () => {
    tokenizer = await load(settings, ROOM + 2);
  });

  test("gives a text's first ids, as of the whole text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenizer.encode(text)).toEqual([CLS, ...bare(text).slice(0, ROOM), SEP]);
      }),
      { numRuns: 1000 },
    );
  });

  test("gives a pair half of the room each, or to the second what the first leaves", () => {
    fc.assert(
      fc.property(anyText, fc.array(anyText, { maxLength: 4 }), (first, others) => {
        const pairOf = tokenizer.pairsOf(first);
        const a = bare(first).slice(0, 3);
        for (const second of others) {
          const b = bare(second).slice(0, ROOM + 2 - 3 - a.length);
          const ids = [CLS, ...a, SEP, ...b, SEP];
          const types = ids.map((_id, at) => (at < a.length + 2 ? 0 : 1));
          expect(pairOf(second)).toEqual({ ids, types });
          expect(tokenizer.encodePair(first, second)).toEqual({ ids, types });
        }
      }),
    );
  });

  test("a sigma's form hangs on letters far behind it, beyond what has to be read otherwise", () => {
    for (const text of ["aΣ", "Σ"].flatMap((sigma) =>
      [".", "'", "\u0301", "ʰ.", "^"].flatMap((between) =>
        [10, 88, 100, 500].flatMap((times) =>
          ["a", "", " a", "漢", "1"].map(
            (end) => `${sigma}${between.repeat(times)}${end}${" b".repeat(200)}`,
          ),
        ),
      ),
    ))
      expect(tokenizer.encode(text)).toEqual([CLS, ...bare(text).slice(0, ROOM), SEP]);
  });
});
