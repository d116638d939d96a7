import { describe, expect, it } from "vitest";
import { fileName, readOutput } from "../../../../src/renderer/jobs/output-file.ts";
import { outputJson, outputPreview } from "../../../../src/renderer/jobs/output-words.ts";

const numbers = (...shape: number[]) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, place) =>
    place % 2 ? -0.5 : 0.25,
  ),
});

describe("an output for the eye", () => {
  it("is the text of a generation, as it is", () => {
    const result = { kind: "generate", text: "Hello\n  there", tokenIds: [1, 2] } as const;
    expect(outputPreview(result)).toBe("Hello\n  there");
    expect(JSON.parse(outputJson(result))).toEqual({
      kind: "generate",
      text: "Hello\n  there",
      token_ids: [1, 2],
    });
  });

  it("is the first rows of a tensor, with an ellipsis where there are more", () => {
    expect(outputPreview({ kind: "embed", tensor: numbers(8, 384) }).split("\n")).toEqual([
      "vectors 8 × 384",
      ...[0, 1, 2, 3, 4, 5].map((row) => `${row}:  0.2500  -0.5000   0.2500  -0.5000   0.2500  …`),
      "…",
    ]);
  });

  it("names the parts of what has several, and scores one a line", () => {
    expect(outputPreview({ kind: "rerank", tensor: numbers(2) })).toBe("scores 2\n0:  0.2500\n1: -0.5000");
    const both = outputPreview({ kind: "clip", texts: numbers(1, 2), images: numbers(1, 2) });
    expect(both.split("\n\n").map((part) => part.split("\n")[0])).toEqual(["texts 1 × 2", "images 1 × 2"]);
    const found = {
      kind: "vector",
      tensor: numbers(1, 2),
      indices: { shape: [1, 2], data: Int32Array.of(7, 3) },
    } as const;
    expect(outputPreview(found)).toContain("indices 1 × 2\n0: 7  3");
  });

  it("shows nothing of what is empty, and goes out whole as JSON", () => {
    expect(outputPreview({ kind: "embed", tensor: numbers(0, 384) })).toBe("vectors 0 × 384");
    const { vectors } = JSON.parse(outputJson({ kind: "embed", tensor: numbers(2, 3) }));
    expect(vectors).toEqual({ shape: [2, 3], data: [0.25, -0.5, 0.25, -0.5, 0.25, -0.5] });
  });
});

describe("an output's bytes", () => {
  it("are put together from their pieces, in order", async () => {
    const bytes = Uint8Array.from({ length: 700 }, (_, place) => place % 256);
    const bridge = {
      invoke: async (_: string, { from }: { from: number }) => {
        const end = Math.min(700, from + 256);
        const base64 = Buffer.from(bytes.subarray(from, end)).toString("base64");
        return { size: 700, base64, next: end < 700 ? end : null };
      },
    };
    expect(await readOutput(bridge as Parameters<typeof readOutput>[0], "lease_1")).toEqual(bytes);
  });

  it("are saved under a name that no file system refuses", () => {
    expect(fileName("output", { market: "aicf", leaseId: "../a b:c" }, "cbor")).toBe(
      "output-aicf-.._a_b_c.cbor",
    );
  });
});
