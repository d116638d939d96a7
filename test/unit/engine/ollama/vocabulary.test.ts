import { describe, expect, test } from "vitest";
import { Vocabulary } from "../../../../src/engine/ollama/vocabulary.ts";

const info = (tokens: unknown[], types: unknown[] = tokens.map(() => 1), model = "gpt2") => ({
  "tokenizer.ggml.model": model,
  "tokenizer.ggml.tokens": tokens,
  "tokenizer.ggml.token_type": types,
});
const bytes = (text: string) => [...Buffer.from(text)];

describe("the number of a token", () => {
  test("follows from its bytes, written as byte-level BPE writes them", () => {
    const words = Vocabulary.of(info(["Hello", "Ġworld", "Ċ", "Ã©", "ĠÃ", "!", "âĤ"]));
    expect(words.idOf(bytes("Hello"))).toBe(0);
    expect(words.idOf(bytes(" world"))).toBe(1);
    expect(words.idOf(bytes("\n"))).toBe(2);
    expect(words.idOf(bytes("é"))).toBe(3);
    expect(words.idOf([0x20, 0xc3]), "half a character").toBe(4);
    expect(words.idOf([0xe2, 0x82]), "two thirds of one").toBe(6);
    expect(words.idOf(bytes("hello"))).toBeNull();
    expect(words.idOf([])).toBeNull();
  });

  test("of a special or added token is that of its spelling; unused ones are never written", () => {
    const words = Vocabulary.of(info(["a", "<|im_end|>", "ü", "[PAD3]"], [1, 3, 4, 5]));
    expect(words.idOf(bytes("<|im_end|>"))).toBe(1);
    expect(words.idOf(bytes("ü"))).toBe(2);
    expect(words.idOf(bytes("[PAD3]"))).toBeNull();
    expect(words.specialIn("so <|im_end|> it ends")).toBe("<|im_end|>");
    expect(words.specialIn("ü and a")).toBeNull();
  });

  test("is not made up where two are spelt the same", () => {
    const words = Vocabulary.of(info(["a", "b", "a"], [1, 1, 4]));
    expect(words.idOf(bytes("a"))).toBeNull();
    expect(words.idOf(bytes("b"))).toBe(1);
  });
});

test("a vocabulary that is not told, or told in another way, is refused", () => {
  const refused = (value: Record<string, unknown>) => expect(() => Vocabulary.of(value));
  const error = expect.objectContaining({ code: "OLLAMA_VOCABULARY" });
  refused(info(["a"], [1], "llama")).toThrow(error);
  refused({}).toThrow(error);
  refused({ ...info(["a"]), "tokenizer.ggml.tokens": null }).toThrow(error);
  refused({ ...info(["a", "b"]), "tokenizer.ggml.token_type": [1] }).toThrow(error);
  refused(info(["a", 7])).toThrow(error);
});
