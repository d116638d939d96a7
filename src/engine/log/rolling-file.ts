/** A log file that never grows beyond its size: full, it becomes .1, the one before .2, and the oldest goes. */
import fs from "node:fs";
import path from "node:path";

export interface RollingFileOptions {
  /** `…/bellows.log`; its folder is made. */
  readonly file: string;
  readonly maxBytes: number;
  /** Files kept, with the one that is written. */
  readonly keep: number;
}

export class RollingFile {
  readonly #options: RollingFileOptions;
  #handle: number | null = null;
  #size = 0;

  constructor(options: RollingFileOptions) {
    this.#options = options;
  }

  /** Never throws: a full disk must not end what only wanted to say something. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    try {
      this.#open();
      if (this.#size > 0 && this.#size + bytes > this.#options.maxBytes) this.#roll();
      if (this.#handle === null) return;
      fs.writeSync(this.#handle, line);
      this.#size += bytes;
    } catch {
      this.close(); // Tried anew with the next line.
    }
  }

  close(): void {
    if (this.#handle === null) return;
    try {
      fs.closeSync(this.#handle);
    } catch {
      // Nothing can be saved that way any more.
    }
    this.#handle = null;
  }

  #open(): void {
    if (this.#handle !== null) return;
    const { file } = this.#options;
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    this.#handle = fs.openSync(file, "a", 0o600);
    this.#size = fs.fstatSync(this.#handle).size;
  }

  #roll(): void {
    const { file, keep } = this.#options;
    this.close();
    fs.rmSync(this.#numbered(keep - 1), { force: true });
    for (let number = keep - 2; number >= 1; number--) {
      if (fs.existsSync(this.#numbered(number)))
        fs.renameSync(this.#numbered(number), this.#numbered(number + 1));
    }
    if (keep > 1) fs.renameSync(file, this.#numbered(1));
    else fs.rmSync(file, { force: true });
    this.#open();
  }

  /** `bellows.1.log` */
  #numbered(number: number): string {
    const { dir, name, ext } = path.parse(this.#options.file);
    return path.join(dir, `${name}.${number}${ext}`);
  }
}
