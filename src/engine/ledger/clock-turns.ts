/**
 * Where in the activity log the clock was set back. Rows are numbered in the order they were written, and between two
 * such turns their times ascend too, so that a time is found there by halving; over a turn it is not. Times that go back
 * by less than a minute (a clock being slewed) are no turn: the search allows for them instead.
 */
import { z } from "zod";
import { MINUTE } from "../../shared/durations.ts";
import type { Database } from "./database.ts";

const SLACK = MINUTE;

interface Row {
  readonly id: number;
  readonly at: number;
}

/** Rows from `first` on, up to the next stretch's. */
const StretchSchema = z.object({
  first: z.number(),
  latest: z.number(),
  /** No row is older by more than this than any that was written before it, ms. */
  wobble: z.number(),
});
type Stretch = z.infer<typeof StretchSchema>;

/** In `settings`: what is known of the rows up to that id. */
const SAVED = "activity.clockTurns";
const SavedSchema = z.object({ upTo: z.number(), stretches: z.array(StretchSchema).min(1) });
/** Rows that a start may read again. */
const SAVE_EVERY = 10_000;
const AT_ONCE = 100_000;

export class ClockTurns {
  readonly #statements;
  /** Read when first asked for; null: not yet. */
  #known: z.infer<typeof SavedSchema> | null = null;
  #savedUpTo = 0;
  #isWhole = false;

  constructor(db: Database) {
    this.#statements = {
      descents: db.prepare<[number, number], Row & { before: number }>(
        `SELECT id, at, before FROM (
           SELECT id, at, lag(at) OVER (ORDER BY id) AS before FROM events WHERE id > ? AND id <= ?) WHERE at < before`,
      ),
      newest: db.prepare<[], number | null>("SELECT max(id) FROM events").pluck(),
      saved: db.prepare<[], string>(`SELECT value FROM settings WHERE key = '${SAVED}'`).pluck(),
      atOrBefore: db.prepare<[number], Row>(
        "SELECT id, at FROM events WHERE id = (SELECT max(id) FROM events WHERE id <= ?)",
      ),
      save: db.prepare<[string]>(
        `INSERT INTO settings (key, value) VALUES ('${SAVED}', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      ),
      atOrAfter: db.prepare<[number], Row>("SELECT id, at FROM events WHERE id >= ? ORDER BY id LIMIT 1"),
    };
  }

  /** Never, as far as is written down: what lies between two times lies together. */
  get isSteady(): boolean {
    return this.#stretches().length === 1;
  }

  /** Of every row that is written. */
  note(row: Row): void {
    if (!this.#isWhole || this.#known === null) return; // It is read with the others.
    extend(this.#known.stretches, row);
    this.#known.upTo = row.id;
  }

  /** Reads up to `rows` of those it does not know yet, each once in a ledger's life. true: it knows all. */
  readOn(rows: number): boolean {
    if (this.#isWhole) return true;
    this.#known ??= this.#saved();
    const { atOrAfter, descents, newest, save } = this.#statements;
    const { upTo, stretches } = this.#known;
    const last = newest.get() ?? 0;
    const to = Math.min(last, upTo + rows);
    const begin = atOrAfter.get(upTo + 1);
    if (begin !== undefined && begin.id <= to) extend(stretches, begin);
    for (const { id, at, before } of descents.all(upTo, to)) {
      // Up to here times ascended: the row before was the latest since the descent before.
      extend(stretches, { id: id - 1, at: before });
      extend(stretches, { id, at });
    }
    const end = this.#statements.atOrBefore.get(to);
    if (end !== undefined && end.id > upTo) extend(stretches, end);
    this.#known.upTo = to;
    if (to - this.#savedUpTo >= SAVE_EVERY) {
      save.run(JSON.stringify(this.#known));
      this.#savedUpTo = to;
    }
    this.#isWhole = to === last;
    return this.#isWhole;
  }

  /** All rows with a smaller id were written before `at`. */
  since(at: number): number {
    const found = this.#bounds().flatMap(({ first, end, wobble }) => {
      const from = this.#halve(first, end, at - wobble);
      return from < end ? [from] : [];
    });
    return found.length === 0 ? this.#end() : Math.min(...found);
  }

  /** All rows with this id or a greater one were written at `at` or later. */
  until(at: number): number {
    const found = this.#bounds().flatMap(({ first, end, wobble }) => {
      const to = this.#halve(first, end, at + wobble);
      return to > first ? [to] : [];
    });
    return Math.max(0, ...found);
  }

  /** An id of [first, end] with only older times below it and none above, but for the wobble. */
  #halve(first: number, end: number, at: number): number {
    let [low, high] = [first, end];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.#statements.atOrAfter.get(middle);
      if (row === undefined || row.id >= end || row.at >= at) high = middle;
      else low = row.id + 1;
    }
    return low;
  }

  #bounds(): { first: number; end: number; wobble: number }[] {
    const known = this.#stretches();
    return known.map(({ first, wobble }, index) => ({
      first,
      end: known[index + 1]?.first ?? this.#end(),
      wobble,
    }));
  }

  #end(): number {
    return (this.#statements.newest.get() ?? 0) + 1;
  }

  #stretches(): readonly Stretch[] {
    while (!this.readOn(AT_ONCE));
    return this.#known?.stretches ?? [];
  }

  #saved(): z.infer<typeof SavedSchema> {
    try {
      const saved = SavedSchema.parse(JSON.parse(this.#statements.saved.get() ?? ""));
      this.#savedUpTo = saved.upTo;
      return saved;
    } catch {
      return { upTo: 0, stretches: [{ first: 0, latest: 0, wobble: 0 }] };
    }
  }
}

function extend(stretches: Stretch[], { id, at }: Row): void {
  const last = stretches.at(-1);
  if (last === undefined || at < last.latest - SLACK) {
    stretches.push({ first: id, latest: at, wobble: 0 });
    return;
  }
  last.wobble = Math.max(last.wobble, last.latest - at);
  last.latest = Math.max(last.latest, at);
}
