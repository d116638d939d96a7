/** A result as a person reads it: a text as it is, numbers by their first rows, all of it as JSON. */
import type { TaskResult } from "../../shared/results.ts";
import { showNumber } from "../format/reading.ts";

/** Rows and numbers of a row that are shown; the rest is in the file. */
const ROWS = 6;
const NUMBERS = 5;
const DIGITS = 4;

interface Numbers {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

function numbersOf(result: Exclude<TaskResult, { kind: "generate" }>): readonly Numbers[] {
  switch (result.kind) {
    case "embed":
      return [{ name: "vectors", ...result.tensor }];
    case "rerank":
      return [{ name: "scores", ...result.tensor }];
    case "vector":
      return [
        { name: "values", ...result.tensor },
        ...(result.indices === undefined ? [] : [{ name: "indices", ...result.indices }]),
      ];
    case "clip":
      return [
        { name: "texts", ...result.texts },
        { name: "images", ...result.images },
      ];
  }
}

/** The text of a generation; else the first numbers of each part, a row a line, with an ellipsis where there are more. */
export function outputPreview(result: TaskResult): string {
  if (result.kind === "generate") return result.text;
  return numbersOf(result).map(previewOf).join("\n\n");
}

function previewOf({ name, shape, data }: Numbers): string {
  const width = shape.length < 2 ? 1 : (shape.at(-1) ?? 1);
  const rows = width === 0 ? 0 : Math.floor(data.length / width);
  const lines = Array.from({ length: Math.min(rows, ROWS) }, (_, row) => {
    const first = Array.from({ length: Math.min(width, NUMBERS) }, (_, column) =>
      shown(name, data[row * width + column] ?? Number.NaN),
    );
    return `${row}: ${first.join("  ")}${width > NUMBERS ? "  …" : ""}`;
  });
  return [`${name} ${shape.join(" × ")}`, ...lines, ...(rows > ROWS ? ["…"] : [])].join("\n");
}

/** A place in a list is a whole number; all else is padded so that a minus moves nothing. */
const shown = (name: string, value: number): string =>
  name === "indices" ? String(value) : showNumber(value, DIGITS).padStart(DIGITS + 3);

/** Everything, each tensor as its shape and its numbers row by row. */
export function outputJson(result: TaskResult): string {
  if (result.kind === "generate") {
    const { kind, text, tokenIds } = result;
    return JSON.stringify({ kind, text, token_ids: tokenIds });
  }
  const parts = numbersOf(result).map(({ name, shape, data }) => [name, { shape, data: Array.from(data) }]);
  return JSON.stringify({ kind: result.kind, ...Object.fromEntries(parts) });
}
