/**
 * Known answers (resources/models/self-test.json): a few texts and the vectors that one CPU thread gives for them,
 * pinned to the exact model files by their manifest hash.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { floatsFromLittleEndian } from "../../shared/canonical.ts";
import { AppError } from "../../shared/errors.ts";
import { type Sentence, say } from "../../shared/words/said.ts";

const ReferenceSchema = z.object({
  model: z.string(),
  manifestSha256: z.string().regex(/^[0-9a-f]{64}$/),
  texts: z.array(z.string()).min(1),
  dimensions: z.number().int().positive(),
  /** One per text: float32, little-endian, base64. */
  vectors: z.array(z.base64()),
});
const FileSchema = z.object({ version: z.literal(1), references: z.array(ReferenceSchema) });

export interface SelfTestReference {
  readonly model: string;
  readonly manifestSha256: string;
  readonly texts: readonly string[];
  readonly vectors: readonly Float32Array[];
}

/** Throws SELF_TEST_UNREADABLE: the app's own file is damaged. */
export async function readReferences(resourcesFolder: string): Promise<SelfTestReference[]> {
  const file = join(resourcesFolder, "models", "self-test.json");
  try {
    const { references } = FileSchema.parse(JSON.parse(await readFile(file, "utf8")));
    return references.map(decode);
  } catch (cause) {
    throw new AppError({
      code: "SELF_TEST_UNREADABLE",
      message: `The known answers for the self-test, ${file}, can't be read`,
      actor: "user",
      help: "Install the app again, or point to another resources folder.",
      cause,
    });
  }
}

function decode({ vectors, dimensions, ...rest }: z.infer<typeof ReferenceSchema>): SelfTestReference {
  const decoded = vectors.map((text) => floatsFromLittleEndian(Buffer.from(text, "base64")));
  if (decoded.length !== rest.texts.length || decoded.some((vector) => vector.length !== dimensions)) {
    throw new RangeError("vectors and texts do not fit together");
  }
  return { ...rest, vectors: decoded };
}

export interface Difference {
  /** Of the worst vector. */
  readonly cosine: number;
  /** Of the worst element. */
  readonly maxAbs: number;
}

/** For a person, within a sentence. */
export function sayDifference({ cosine, maxAbs }: Difference): Sentence {
  return say("difference", {
    cosine: cosine.toFixed(6),
    difference: maxAbs === 0 ? "0" : maxAbs.toExponential(1),
  });
}

/** `found` is row-major. A NaN anywhere makes both NaN, which no tolerance admits. */
export function compareVectors(found: Float32Array, reference: readonly Float32Array[]): Difference {
  let cosine = 1;
  let maxAbs = 0;
  let row = 0;
  for (const wanted of reference) {
    let dot = 0;
    let foundSquare = 0;
    let wantedSquare = 0;
    for (const [i, want] of wanted.entries()) {
      const value = found[row + i] ?? Number.NaN;
      dot += value * want;
      foundSquare += value * value;
      wantedSquare += want * want;
      maxAbs = Math.max(maxAbs, Math.abs(value - want));
    }
    cosine = Math.min(cosine, dot / Math.sqrt(foundSquare * wantedSquare));
    row += wanted.length;
  }
  return { cosine, maxAbs };
}
