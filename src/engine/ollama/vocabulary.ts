/**
 * A model's vocabulary, read backwards: from the bytes of a token that was written to its number. Ollama tells bytes,
 * a market wants numbers. It is done for byte-level BPE (GGUF's "gpt2"), where a token's bytes are its own; where two
 * tokens have the same bytes nobody can tell which was meant, and no number is made up.
 */
import { AppError } from "../../shared/errors.ts";

/** GGUF token types that stand for no text of their own: unknown, control. */
const SPECIAL: readonly unknown[] = [2, 3];
const UNUSED = 5;
const LARGEST = 4_000_000;

export class Vocabulary {
  readonly #ids: ReadonlyMap<string, number | "several">;
  readonly #specials: readonly string[];

  private constructor(ids: ReadonlyMap<string, number | "several">, specials: readonly string[]) {
    this.#ids = ids;
    this.#specials = specials;
  }

  /** Of `model_info` as /api/show gives it in full. Throws OLLAMA_VOCABULARY. */
  static of(info: Readonly<Record<string, unknown>>): Vocabulary {
    const kind = info["tokenizer.ggml.model"];
    if (kind !== "gpt2")
      throw unusable(`its tokenizer is "${String(kind)}", and only byte-level BPE tells its tokens apart`);
    const tokens = info["tokenizer.ggml.tokens"];
    const types = info["tokenizer.ggml.token_type"];
    if (!Array.isArray(tokens) || tokens.length === 0 || tokens.length > LARGEST)
      throw unusable("Ollama does not tell its tokens");
    if (!Array.isArray(types) || types.length !== tokens.length)
      throw unusable("Ollama does not tell the kinds of its tokens");
    const ids = new Map<string, number | "several">();
    const specials: string[] = [];
    for (const [id, token] of tokens.entries()) {
      if (typeof token !== "string") throw unusable(`token ${id} is no text`);
      const type: unknown = types[id];
      if (type === UNUSED) continue;
      if (SPECIAL.includes(type)) specials.push(token);
      const key = (type === 1 ? bytesOfToken(token) : null) ?? Buffer.from(token).toString("latin1");
      ids.set(key, ids.has(key) ? "several" : id);
    }
    return new Vocabulary(
      ids,
      specials.filter((text) => text !== ""),
    );
  }

  /** null: no token has these bytes, or more than one has. */
  idOf(bytes: readonly number[]): number | null {
    const id = this.#ids.get(Buffer.from(bytes).toString("latin1"));
    return typeof id === "number" ? id : null;
  }

  /** The first special token whose spelling stands in this text; null: none. */
  specialIn(text: string): string | null {
    return this.#specials.find((special) => text.includes(special)) ?? null;
  }
}

/** Byte-level BPE writes each byte as a printable character: those that print as themselves, the others from U+0100 on. */
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = (() => {
  const prints = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const others = bytes.filter((byte) => !prints(byte));
  return new Map([
    ...bytes.filter(prints).map((byte) => [String.fromCharCode(byte), byte] as const),
    ...others.map((byte, i) => [String.fromCharCode(0x100 + i), byte] as const),
  ]);
})();

/** As Latin-1, a character per byte; null: it is not written that way. */
function bytesOfToken(token: string): string | null {
  let bytes = "";
  for (const character of token) {
    const byte = BYTE_OF_CHARACTER.get(character);
    if (byte === undefined) return null;
    bytes += String.fromCharCode(byte);
  }
  return bytes;
}

function unusable(why: string): AppError {
  return new AppError({
    code: "OLLAMA_VOCABULARY",
    message: `The numbers of this model's tokens can't be told: ${why}`,
    actor: "machine",
  });
}
