/**
 * A table of any length: only the rows in sight are drawn, between two empty ones that take the room of the others.
 * It scrolls in its own frame under fixed heads; the arrow keys, Page Up and Down, Home and End go from row to row.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useHold } from "./use-hold.ts";
import "./long-table.css";

export const ROW_HEIGHT = 32;
/** Rows drawn beyond the edges, so that a flick of the wheel shows no gaps. */
const OVERSCAN = 12;

interface LongTableProps {
  caption: string;
  /** Rows in all. */
  length: number;
  columns: number;
  heads: ReactNode;
  /** Of one row: its cells, and a key that stays with it; null: not here yet. */
  row: (index: number, tabIndex: number) => { key: string; cells: ReactNode } | null;
  /** These rows are in sight now. */
  onSight: (first: number, last: number) => void;
  onTop?: (atTop: boolean) => void;
  /** The pointer is over it, or a row has the keyboard's focus: nothing should move away from under them. */
  onHold?: (held: boolean) => void;
  className?: string;
  /** What in a row takes the focus. */
  focusable: string;
  /** Rises when the list should go back to its top. */
  topSignal?: number;
}

export function LongTable(props: LongTableProps) {
  const { caption, length, columns, heads, row, onSight, onTop, className = "", focusable } = props;
  const { topSignal = 0, onHold } = props;
  const frame = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const [active, setActive] = useState(0);
  /** The row that takes the focus as soon as it is drawn. */
  const wanted = useRef<number | null>(null);
  const {
    held,
    hold: { onFocus, onBlur, ...pointer },
  } = useHold();
  const virtual = useVirtualizer({
    count: length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  const atTop = (virtual.scrollOffset ?? 0) < ROW_HEIGHT;

  useEffect(() => onSight(first, last), [first, last, onSight]);
  useEffect(() => onTop?.(atTop), [atTop, onTop]);
  useEffect(() => {
    onHold?.(held);
    return () => onHold?.(false);
  }, [held, onHold]);
  useEffect(() => {
    if (topSignal > 0) frame.current?.scrollTo({ top: 0 });
  }, [topSignal]);
  useEffect(() => {
    const index = wanted.current;
    if (index === null) return;
    const target = body.current?.querySelector<HTMLElement>(`[data-index="${index}"] ${focusable}`);
    if (target === null || target === undefined) return;
    wanted.current = null;
    target.focus({ preventScroll: true });
  });

  const onKey = (event: KeyboardEvent) => {
    const from = Number((event.target as HTMLElement).closest("tr")?.dataset.index ?? Number.NaN);
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const to = KEYS[event.key]?.(from, page, length - 1);
    if (to === undefined || Number.isNaN(from) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const index = Math.min(length - 1, Math.max(0, to));
    wanted.current = index;
    setActive(index);
    virtual.scrollToIndex(index, { align: "auto" });
  };

  const current = active >= first && active <= last ? active : first;
  return (
    <div className={`long-table ${className}`} ref={frame} {...pointer}>
      <table aria-rowcount={length + 1}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>{heads}</thead>
        <tbody ref={body} onKeyDown={onKey} onFocus={onFocus} onBlur={onBlur}>
          <Room height={first * ROW_HEIGHT} columns={columns} />
          {items.map(({ index }) => {
            const drawn = row(index, index === current ? 0 : -1);
            return (
              <tr
                key={drawn?.key ?? `row ${index}`}
                data-index={index}
                aria-rowindex={index + 2}
                onFocus={() => setActive(index)}
              >
                {drawn?.cells ?? (
                  <td colSpan={columns}>
                    <span className="long-table-waiting" />
                  </td>
                )}
              </tr>
            );
          })}
          <Room height={Math.max(0, length - 1 - last) * ROW_HEIGHT} columns={columns} />
        </tbody>
      </table>
    </div>
  );
}

const KEYS: Readonly<Record<string, (from: number, page: number, last: number) => number>> = {
  ArrowDown: (from) => from + 1,
  ArrowUp: (from) => from - 1,
  PageDown: (from, page) => from + page,
  PageUp: (from, page) => from - page,
  Home: () => 0,
  End: (_, __, last) => last,
};

function Room({ height, columns }: { height: number; columns: number }) {
  if (height === 0) return null;
  return (
    <tr className="long-table-room" aria-hidden>
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}
