/**
 * A list that is read page by page as it is looked at: the newest first, older ones when the end comes into sight. New
 * rows come on top of it while it may move: at its top, and while nobody points at a row or has one in the focus.
 */
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";

/** Rows from the end at which the next page is asked for. */
const AHEAD = 60;

export interface Page<Row, Place> {
  readonly rows: readonly Row[];
  /** null: there is nothing older. */
  readonly next: Place | null;
}

export type ReadPage<Row, Place> = (before: Place | null) => Promise<Page<Row, Place>>;

export interface PageListState<Row, Place> extends Page<Row, Place> {
  readonly loading: boolean;
  readonly error: ErrorValue | null;
}

export class PageList<Row, Place> {
  readonly #keyOf: (row: Row) => string;
  readonly #changed: () => void;
  #read: ReadPage<Row, Place> | null = null;
  #state: PageListState<Row, Place> = { rows: [], next: null, loading: true, error: null };
  /** Only the newest question may answer: the list can change while a page is on its way. */
  #asked = 0;
  #atTop = true;
  #held = false;
  /** What came while nothing may move; "unread": the time to read it came. */
  #newer: Page<Row, Place> | "unread" | null = null;

  constructor(keyOf: (row: Row) => string, changed: () => void) {
    this.#keyOf = keyOf;
    this.#changed = changed;
  }

  get state(): PageListState<Row, Place> {
    return this.#state;
  }

  /** Another list from now on. `given`: somebody else reads its newest page and hands it to `take`. */
  open(read: ReadPage<Row, Place>, given: boolean): void {
    this.#asked++;
    this.#read = read;
    this.#newer = null;
    this.#set({ rows: [], next: null, loading: true, error: null });
    if (!given) this.#load(null);
  }

  /** Nothing that is on its way counts any more. */
  close(): void {
    this.#asked++;
    this.#read = null;
  }

  /** The newest page as it is by now: shown if the list may move, else only what it says of the rows that are shown. */
  take(page: Page<Row, Place>): void {
    const { rows } = this.#state;
    if (this.#moves || rows.length === 0) {
      this.#show(page);
      return;
    }
    this.#newer = page;
    const now = new Map(page.rows.map((row) => [this.#keyOf(row), row]));
    this.#set({ rows: rows.map((row) => now.get(this.#keyOf(row)) ?? row) });
  }

  /** The time has come to look for something newer. */
  readAgain(): void {
    if (this.#moves) this.#load(null);
    else this.#newer = "unread";
  }

  /** These rows are in sight. */
  want(_first: number, last: number): void {
    const { rows, next, loading, error } = this.#state;
    if (next !== null && !loading && error === null && last >= rows.length - AHEAD) this.#load(next);
  }

  /** From the newest on again; what is shown stays until they are here. */
  reload(): void {
    this.#load(null);
  }

  readonly setAtTop = (atTop: boolean): void => {
    this.#atTop = atTop;
    this.#catchUp();
  };

  /** The pointer is over it, or a row has the focus. */
  readonly setHeld = (held: boolean): void => {
    this.#held = held;
    this.#catchUp();
  };

  get #moves(): boolean {
    return this.#atTop && !this.#held;
  }

  #catchUp(): void {
    const newer = this.#newer;
    if (newer === null || !this.#moves) return;
    this.#newer = null;
    if (newer === "unread") this.#load(null);
    else this.#show(newer);
  }

  #show(page: Page<Row, Place>): void {
    this.#asked++;
    this.#newer = null;
    this.#set({ rows: page.rows, next: page.next, loading: false, error: null });
    this.#goOn();
  }

  #load(before: Place | null): void {
    const read = this.#read;
    if (read === null) return;
    const question = ++this.#asked;
    this.#set({ loading: true, error: null });
    read(before).then(
      (page) => {
        if (question !== this.#asked) return;
        this.#set({ loading: false });
        if (before === null) return this.take(page);
        this.#set({ rows: [...this.#state.rows, ...page.rows], next: page.next });
        this.#goOn();
      },
      (thrown: unknown) => {
        if (question === this.#asked) this.#set({ loading: false, error: toErrorValue(thrown) });
      },
    );
  }

  /** A search hands out what it found so far, which may be too little to scroll to its end: then it is asked to go on. */
  #goOn(): void {
    const { rows, next } = this.#state;
    if (rows.length < AHEAD && next !== null) this.#load(next);
  }

  #set(change: Partial<PageListState<Row, Place>>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed();
  }
}
