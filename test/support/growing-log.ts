/** A devnet's log, read as it grows: only what is new, because thousands of jobs make it long and a test looks often. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { DevnetLogLine } from "../../src/devnet/log.ts";

export class GrowingLog {
  readonly #file: string;
  readonly #lines: DevnetLogLine[] = [];
  #read = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Every line so far. */
  lines(): readonly DevnetLogLine[] {
    const file = openSync(this.#file, "r");
    try {
      const { size } = fstatSync(file);
      const fresh = Buffer.alloc(Math.max(0, size - this.#read));
      readSync(file, fresh, 0, fresh.length, this.#read);
      // A line without its end is still being written.
      const whole = fresh.subarray(0, fresh.lastIndexOf("\n") + 1);
      this.#read += whole.length;
      for (const line of whole.toString("utf8").split("\n")) {
        if (line !== "") this.#lines.push(JSON.parse(line) as DevnetLogLine);
      }
    } finally {
      closeSync(file);
    }
    return this.#lines;
  }
}
