/** A list that is read page by page, on the page. */
import { useEffect, useReducer, useState } from "react";
import type { ErrorValue } from "../../shared/errors.ts";
import { type Page, PageList, type ReadPage } from "./page-list.ts";

export interface Pages<Row> {
  readonly rows: readonly Row[];
  /** All there is is here. */
  readonly complete: boolean;
  readonly loading: boolean;
  readonly error: ErrorValue | null;
  readonly keyOf: (row: Row) => string;
  /** These rows are in sight. */
  want(first: number, last: number): void;
  /** From the newest on again; what is shown stays until they are here. */
  reload(): void;
  /** Further down nothing moves: what is newer waits until the person is at the top again. */
  readonly setAtTop: (atTop: boolean) => void;
  /** Nor while he points at a row. */
  readonly setHeld: (held: boolean) => void;
}

interface PagesOptions<Row, Place> {
  /** Stays the same function for as long as the list is the same one (useCallback). */
  readonly read: ReadPage<Row, Place>;
  readonly keyOf: (row: Row) => string;
  /** Read anew at the top, ms. */
  readonly every?: number;
  /** The newest page comes with another answer, and anew with each; null: it is not here yet. Then `every` is not asked. */
  readonly newest?: Page<Row, Place> | null;
}

export function usePages<Row, Place>(options: PagesOptions<Row, Place>): Pages<Row> {
  const { read, keyOf, every, newest } = options;
  const given = newest !== undefined;
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [list] = useState(() => new PageList<Row, Place>(keyOf, redraw));

  useEffect(() => {
    list.open(read, given);
    return () => list.close();
  }, [list, read, given]);

  useEffect(() => {
    if (newest != null) list.take(newest);
  }, [list, newest]);

  useEffect(() => {
    if (every === undefined || given) return;
    const timer = setInterval(() => list.readAgain(), every);
    return () => clearInterval(timer);
  }, [list, every, given]);

  const { rows, next, loading, error } = list.state;
  return {
    rows,
    complete: next === null && !loading,
    loading,
    error,
    keyOf,
    // Not the same function each time: more may be wanted of the same rows once a page has come.
    want: (first, last) => list.want(first, last),
    reload: () => list.reload(),
    setAtTop: list.setAtTop,
    setHeld: list.setHeld,
  };
}
