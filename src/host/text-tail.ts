/** The end of a stream of text, bounded, cut at whole lines: what a dying process said last. */
import { StringDecoder } from "node:string_decoder";
import { KIB } from "../shared/durations.ts";

const TAIL_CHARACTERS = 8 * KIB;
const LONGEST_LINE = 64 * KIB;

export class TextTail {
  readonly #decoder = new StringDecoder("utf8");
  readonly #capacity: number;
  #text = "";

  constructor(capacity = TAIL_CHARACTERS) {
    this.#capacity = capacity;
  }

  append(chunk: Uint8Array | string): void {
    this.#text += typeof chunk === "string" ? chunk : this.#decoder.write(Buffer.from(chunk));
    if (this.#text.length <= this.#capacity) return;
    const cut = this.#text.slice(-this.#capacity);
    const firstBreak = cut.indexOf("\n");
    // One line longer than the whole tail keeps its end.
    this.#text = firstBreak === -1 || firstBreak === cut.length - 1 ? cut : cut.slice(firstBreak + 1);
  }

  toString(): string {
    return this.#text;
  }
}

/** Calls `onLine` for each whole line of a readable byte stream; an endless line is cut at 64 KiB. */
export function forwardLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.on("data", (chunk: Buffer | string) => {
    const lines = (rest + (typeof chunk === "string" ? chunk : decoder.write(chunk))).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    if (rest.length < LONGEST_LINE) return;
    onLine(rest);
    rest = "";
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}
