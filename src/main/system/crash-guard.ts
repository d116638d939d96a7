/**
 * Notices when the app does not come to an orderly end. After three such ends in a row it starts in safe mode: the
 * window opens, no work is taken, and the person decides. A crash that repeats itself must not cost leases each time.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { MINUTE } from "../../shared/durations.ts";

/** So many starts that did not end in order lead to safe mode. */
export const CRASHES_TO_SAFE_MODE = 3;
/** A start that lasted this long worked: what ends it later is another matter. */
export const GOOD_START = 10 * MINUTE;

const RecordSchema = z.object({
  /** Starts in a row that ended without a word. */
  crashes: z.number().int().nonnegative().max(1_000_000),
  /** A start is under way, or ended without saying so. */
  open: z.boolean(),
});
type Record = z.infer<typeof RecordSchema>;

export class CrashGuard {
  readonly #file: string;
  #record: Record;

  /** Counts this start: call once, after the single-instance lock is held. */
  constructor(file: string) {
    this.#file = file;
    const { crashes, open } = read(file);
    this.#record = { crashes: open ? crashes + 1 : 0, open: true };
    this.#write();
  }

  /** Starts in a row that did not end in order, before this one. */
  get crashes(): number {
    return this.#record.crashes;
  }

  get safeMode(): boolean {
    return this.#record.crashes >= CRASHES_TO_SAFE_MODE;
  }

  /** The app works: it ran for a while, or the person wants it to go on. */
  forget(): void {
    this.#record = { crashes: 0, open: true };
    this.#write();
  }

  /** It ends in order. Safe mode that nobody left stays. */
  endInOrder(): void {
    const stays = this.safeMode;
    this.#record = { crashes: stays ? this.#record.crashes - 1 : 0, open: stays };
    this.#write();
  }

  #write(): void {
    try {
      fs.mkdirSync(path.dirname(this.#file), { recursive: true });
      fs.writeFileSync(`${this.#file}.next`, `${JSON.stringify(this.#record)}\n`);
      fs.renameSync(`${this.#file}.next`, this.#file);
    } catch {
      // Without the note a crash is not counted; nothing else depends on it.
    }
  }
}

function read(file: string): Record {
  try {
    const parsed = RecordSchema.safeParse(JSON.parse(fs.readFileSync(file, "utf8")));
    if (parsed.success) return parsed.data;
  } catch {
    // The first start, or a torn note.
  }
  return { crashes: 0, open: false };
}
