/** A list that is read page by page as it is looked at: the newest first, older ones when the end comes into sight. */
import { useCallback, useEffect, useRef, useState } from "react";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";

/** Rows from the end at which the next page is asked for. */
const AHEAD = 60;

export interface Page<Row, Place> {
  readonly rows: readonly Row[];
  /** null: there is nothing older. */
  readonly next: Place | null;
}

export interface Pages<Row> {
  readonly rows: readonly Row[];
  /** All there is is here. */
  readonly complete: boolean;
  readonly loading: boolean;
  readonly error: ErrorValue | null;
  /** These rows are in sight. */
  want(first: number, last: number): void;
  /** From the newest on again; what is shown stays until they are here. */
  reload(): void;
}

interface Shown<Row, Place> extends Page<Row, Place> {
  readonly loading: boolean;
  readonly error: ErrorValue | null;
}

interface PagesOptions<Row, Place> {
  /** Read anew at the top, ms. */
  readonly every?: number;
  /** The newest page comes with another answer, and anew with each; null: it is not here yet. Then `every` is not asked. */
  readonly newest?: Page<Row, Place> | null;
}

/** `read` must keep its identity for as long as the list is the same one (useCallback). */
export function usePages<Row, Place>(
  read: (before: Place | null) => Promise<Page<Row, Place>>,
  { every, newest }: PagesOptions<Row, Place> = {},
): Pages<Row> {
  const given = newest !== undefined;
  const [shown, setShown] = useState<Shown<Row, Place>>({ rows: [], next: null, loading: true, error: null });
  /** Only the newest question may answer: the list can change while a page is on its way. */
  const asked = useRef(0);
  const atTop = useRef(true);

  const load = useCallback(
    (before: Place | null) => {
      const question = ++asked.current;
      setShown((known) => ({ ...known, loading: true, error: null }));
      read(before).then(
        (page) => {
          if (question !== asked.current) return;
          setShown((known) => ({
            rows: before === null ? page.rows : [...known.rows, ...page.rows],
            next: page.next,
            loading: false,
            error: null,
          }));
        },
        (thrown: unknown) => {
          if (question !== asked.current) return;
          setShown((known) => ({ ...known, loading: false, error: toErrorValue(thrown) }));
        },
      );
    },
    [read],
  );

  useEffect(() => {
    setShown({ rows: [], next: null, loading: true, error: null });
    atTop.current = true;
    if (!given) load(null);
    return () => {
      asked.current++;
    };
  }, [load, given]);

  // Read on further down, older rows stay as they are until somebody is back at the top.
  useEffect(() => {
    if (newest == null || !atTop.current) return;
    asked.current++;
    setShown({ rows: newest.rows, next: newest.next, loading: false, error: null });
  }, [newest]);

  useEffect(() => {
    if (every === undefined || given) return;
    const timer = setInterval(() => atTop.current && load(null), every);
    return () => clearInterval(timer);
  }, [every, given, load]);

  // A search hands out what it found so far, which may be too little to scroll to its end: then it is asked to go on.
  const { rows, next, loading, error } = shown;
  const short = rows.length < AHEAD && next !== null && !loading && error === null;
  useEffect(() => {
    if (short) load(next);
  }, [short, next, load]);

  return {
    rows,
    complete: next === null && !loading,
    loading,
    error,
    want: (first, last) => {
      atTop.current = first === 0 && rows.length < 4 * AHEAD;
      if (next !== null && !loading && error === null && last >= rows.length - AHEAD) load(next);
    },
    reload: () => load(null),
  };
}
