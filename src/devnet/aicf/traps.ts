/**
 * Jobs whose right answer the market knows: texts with reference embeddings, made once by a CPU run of the product's
 * own runtime (scripts/make-traps.mjs). A job is a trap when every one of its texts is among them and its model is
 * theirs; nobody who takes it can tell. Answers are compared within the model's tolerance, never by hash.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { decodeEmbedResult } from "../../shared/canonical.ts";
import { AppError } from "../../shared/errors.ts";

const TrapFileSchema = z.object({
  version: z.literal(1),
  /** Names a job may call the model by. */
  models: z.array(z.string()).min(1),
  /** Hash over the model's files (shared/digest.ts), so that a reference is never taken for another model's. */
  manifest_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  tolerance: z.object({ cosine: z.number().min(0).max(1), max_abs: z.number().positive() }),
  dimensions: z.number().int().positive(),
  /** `f32`: little-endian float32 values, base64. */
  references: z.array(z.object({ text: z.string().min(1), f32: z.base64() })).min(1),
});
export type TrapFile = z.infer<typeof TrapFileSchema>;

export interface TrapVerdict {
  readonly ok: boolean;
  /** The worst of all rows. */
  readonly cosine: number;
  readonly maxAbs: number;
}

export class Traps {
  readonly #models: ReadonlySet<string>;
  readonly #tolerance: TrapFile["tolerance"];
  readonly #references: ReadonlyMap<string, Float32Array>;

  constructor(file: TrapFile) {
    this.#models = new Set(file.models);
    this.#tolerance = file.tolerance;
    this.#references = new Map(file.references.map(({ text, f32 }) => [text, floats(f32)]));
  }

  /** Throws TRAPS_UNREADABLE. */
  static read(path: string): Traps {
    try {
      return new Traps(TrapFileSchema.parse(JSON.parse(readFileSync(path, "utf8"))));
    } catch (cause) {
      throw new AppError({
        code: "TRAPS_UNREADABLE",
        message: `The market's trap jobs cannot be read from ${path}`,
        actor: "machine",
        help: "Install Bellows again: a file of its resources folder is missing or damaged.",
        cause,
      });
    }
  }

  get texts(): readonly string[] {
    return [...this.#references.keys()];
  }

  get models(): readonly string[] {
    return [...this.#models];
  }

  knows(model: string, texts: readonly string[]): boolean {
    return this.#models.has(model) && texts.length > 0 && texts.every((text) => this.#references.has(text));
  }

  /** Of canonical result bytes; what can't be read, or has another shape, is a wrong answer. */
  judge(texts: readonly string[], output: Uint8Array): TrapVerdict {
    const wrong: TrapVerdict = { ok: false, cosine: 0, maxAbs: Number.POSITIVE_INFINITY };
    const rows = rowsOf(output);
    if (rows === null || rows.length !== texts.length) return wrong;
    let worst = { cosine: 1, maxAbs: 0 };
    for (const [i, text] of texts.entries()) {
      const [mine, theirs] = [rows[i], this.#references.get(text)];
      if (mine === undefined || theirs === undefined || mine.length !== theirs.length) return wrong;
      const { cosine, maxAbs } = difference(mine, theirs);
      worst = { cosine: Math.min(worst.cosine, cosine), maxAbs: Math.max(worst.maxAbs, maxAbs) };
    }
    const { cosine, max_abs } = this.#tolerance;
    // Not-a-number fails both comparisons.
    return { ok: worst.cosine >= cosine && worst.maxAbs <= max_abs, ...worst };
  }
}

function rowsOf(output: Uint8Array): Float32Array[] | null {
  try {
    const { shape, data } = decodeEmbedResult(output);
    const [count = 0, width = 0] = shape;
    return Array.from({ length: count }, (_, i) => data.subarray(i * width, (i + 1) * width));
  } catch {
    return null; // Not a result of this kind.
  }
}

function difference(a: Float32Array, b: Float32Array): { cosine: number; maxAbs: number } {
  let [dot, aa, bb, maxAbs] = [0, 0, 0, 0];
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? Number.NaN;
    dot += x * y;
    aa += x * x;
    bb += y * y;
    maxAbs = Math.max(maxAbs, Math.abs(x - y));
  }
  return { cosine: dot / Math.sqrt(aa * bb), maxAbs };
}

function floats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}
