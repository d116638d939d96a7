/**
 * A generated GGUF that llama.cpp loads as a llama of one layer, with weights a test can foresee: attention and
 * feed-forward are zero, each letter's embedding is a unit vector, and the output layer reads every letter's vector as
 * its successor. So it writes the alphabet: after "c" comes "d", and after "z" the end of the text.
 * Format: GGUF v3 (magic, counts, metadata, tensor infos, aligned data; little-endian).
 */
import { sha256 } from "../../../src/shared/digest.ts";
import type { SpecOf } from "../../../src/shared/runtime/protocol.ts";
import { writeFiles } from "../onnx/models.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const [UNKNOWN, BOS, EOS] = [0, 1, 2];
const FIRST_BYTE = 3;
const FIRST_LETTER = FIRST_BYTE + 256;
const VOCABULARY = FIRST_LETTER + LETTERS.length;
const WIDTH = 32;
const HIDDEN = 64;
const HEADS = 4;
const ALIGNMENT = 32;
/** How sure the model is of a letter's successor; at temperature 1 others have their chance. */
const CERTAINTY = 0.6;

export const CONTEXT_TOKENS = 128;
export const letterId = (letter: string) => FIRST_LETTER + LETTERS.indexOf(letter);

/** `addBos`: what the file says of texts that begin with the opening token; absent: nothing. */
export function writeAlphabetModel(
  folder: string,
  chatTemplate?: string,
  addBos?: boolean,
): SpecOf<"generate"> {
  const files = writeFiles(folder, { "alphabet.gguf": encode(chatTemplate, addBos) });
  const generate = { file: "alphabet.gguf", contextTokens: CONTEXT_TOKENS };
  const id = `generated-alphabet-${sha256(Buffer.from(`${chatTemplate ?? ""}${addBos ?? ""}`)).slice(0, 8)}`;
  return { id, version: "1", folder, files, task: "generate", generate };
}

type Entry = readonly [key: string, value: Buffer];

function encode(chatTemplate: string | undefined, addBos: boolean | undefined): Uint8Array {
  const tokens = [
    "<unk>",
    "<s>",
    "</s>",
    ...Array.from({ length: 256 }, (_, i) => `<0x${hex(i)}>`),
    ...LETTERS,
  ];
  // 2 unknown, 3 control, 6 byte, 1 normal.
  const types = tokens.map((_, id) => (id === UNKNOWN ? 2 : id < FIRST_BYTE ? 3 : id < FIRST_LETTER ? 6 : 1));
  const metadata: Entry[] = [
    ["general.architecture", text("llama")],
    ["llama.context_length", u32(CONTEXT_TOKENS)],
    ["llama.embedding_length", u32(WIDTH)],
    ["llama.block_count", u32(1)],
    ["llama.feed_forward_length", u32(HIDDEN)],
    ["llama.attention.head_count", u32(HEADS)],
    ["llama.attention.head_count_kv", u32(HEADS)],
    ["llama.attention.layer_norm_rms_epsilon", f32(1e-5)],
    ["llama.rope.dimension_count", u32(WIDTH / HEADS)],
    ["llama.vocab_size", u32(VOCABULARY)],
    ["tokenizer.ggml.model", text("llama")],
    ["tokenizer.ggml.tokens", list(8, tokens.map(plainText))],
    [
      "tokenizer.ggml.scores",
      list(
        6,
        tokens.map(() => plainF32(0)),
      ),
    ],
    ["tokenizer.ggml.token_type", list(5, types.map(plainU32))],
    ["tokenizer.ggml.bos_token_id", u32(BOS)],
    ["tokenizer.ggml.eos_token_id", u32(EOS)],
    ["tokenizer.ggml.unknown_token_id", u32(UNKNOWN)],
    ["tokenizer.ggml.add_space_prefix", bool(false)],
    ...(addBos === undefined ? [] : [["tokenizer.ggml.add_bos_token", bool(addBos)] as const]),
    ...(chatTemplate === undefined ? [] : [["tokenizer.chat_template", text(chatTemplate)] as const]),
  ];

  const tensors = tensorsOf();
  let offset = 0;
  const infos = tensors.map(([name, sizes, data]) => {
    const info = [plainText(name), plainU32(sizes.length), ...sizes.map(u64), plainU32(0), u64(offset)];
    offset += aligned(data.byteLength);
    return Buffer.concat(info);
  });
  const head = Buffer.concat([
    Buffer.from("GGUF"),
    plainU32(3),
    u64(tensors.length),
    u64(metadata.length),
    ...metadata.map(([key, value]) => Buffer.concat([plainText(key), value])),
    ...infos,
  ]);
  return Buffer.concat([pad(head), ...tensors.map(([, , data]) => pad(Buffer.from(data.buffer)))]);
}

function tensorsOf(): [name: string, sizes: number[], data: Float32Array][] {
  const embeddings = new Float32Array(VOCABULARY * WIDTH);
  const output = new Float32Array(VOCABULARY * WIDTH);
  for (let i = 0; i < LETTERS.length; i++) {
    embeddings[(FIRST_LETTER + i) * WIDTH + i] = 1;
    const successor = i + 1 < LETTERS.length ? FIRST_LETTER + i + 1 : EOS;
    output[successor * WIDTH + i] = CERTAINTY;
  }
  const ones = () => new Float32Array(WIDTH).fill(1);
  const zeros = (rows: number, columns: number) => new Float32Array(rows * columns);
  const square = [WIDTH, WIDTH];
  return [
    ["token_embd.weight", [WIDTH, VOCABULARY], embeddings],
    ["output_norm.weight", [WIDTH], ones()],
    ["output.weight", [WIDTH, VOCABULARY], output],
    ["blk.0.attn_norm.weight", [WIDTH], ones()],
    ["blk.0.attn_q.weight", square, zeros(WIDTH, WIDTH)],
    ["blk.0.attn_k.weight", square, zeros(WIDTH, WIDTH)],
    ["blk.0.attn_v.weight", square, zeros(WIDTH, WIDTH)],
    ["blk.0.attn_output.weight", square, zeros(WIDTH, WIDTH)],
    ["blk.0.ffn_norm.weight", [WIDTH], ones()],
    ["blk.0.ffn_gate.weight", [WIDTH, HIDDEN], zeros(WIDTH, HIDDEN)],
    ["blk.0.ffn_up.weight", [WIDTH, HIDDEN], zeros(WIDTH, HIDDEN)],
    ["blk.0.ffn_down.weight", [HIDDEN, WIDTH], zeros(HIDDEN, WIDTH)],
  ];
}

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, "0");

function plainU32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function plainF32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function plainText(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

/** Metadata values carry their type's number: 4 uint32, 6 float32, 7 bool, 8 text, 9 list. */
const u32 = (value: number) => Buffer.concat([plainU32(4), plainU32(value)]);
const f32 = (value: number) => Buffer.concat([plainU32(6), plainF32(value)]);
const bool = (value: boolean) => Buffer.concat([plainU32(7), Buffer.of(value ? 1 : 0)]);
const text = (value: string) => Buffer.concat([plainU32(8), plainText(value)]);
const list = (type: number, values: Buffer[]) =>
  Buffer.concat([plainU32(9), plainU32(type), u64(values.length), ...values]);
