/** A long list that is read page by page: its table, or why there is nothing to show yet. */
import type { ReactNode } from "react";
import { LinesSkeleton } from "./lines-skeleton.tsx";
import { LongTable } from "./long-table.tsx";
import { ErrorNote } from "./note.tsx";
import type { Pages } from "./use-pages.ts";

interface PagedTableProps<T> {
  readonly list: Pages<T>;
  readonly caption: string;
  readonly className: string;
  readonly columns: number;
  readonly heads: ReactNode;
  readonly cells: (row: T, tabIndex: number) => ReactNode;
  /** Said while the first page is read. */
  readonly reading: string;
  /** Where nothing matches. */
  readonly nothing: ReactNode;
}

const WIDTHS = [88, 74, 92, 68];

export function PagedTable<T>(props: PagedTableProps<T>) {
  const { list, caption, className, columns, heads, cells, reading, nothing } = props;
  return (
    <>
      {list.error !== null && <ErrorNote error={list.error} onRetry={list.reload} alert />}
      {list.rows.length > 0 ? (
        <LongTable
          className={`list-table ${className}`}
          caption={caption}
          length={list.rows.length}
          columns={columns}
          focusable=".row-open"
          onSight={list.want}
          onTop={list.setAtTop}
          onHold={list.setHeld}
          heads={heads}
          row={(index, tabIndex) => {
            const row = list.rows[index];
            return row === undefined ? null : { key: list.keyOf(row), cells: cells(row, tabIndex) };
          }}
        />
      ) : list.loading ? (
        <LinesSkeleton label={reading} widths={WIDTHS} />
      ) : (
        list.error === null && nothing
      )}
    </>
  );
}
