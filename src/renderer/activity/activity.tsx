/** The audit log: what the engine did and why, to be searched, opened and taken away. */
import { ChevronRight, Download, ScrollText } from "lucide-react";
import { memo, type ReactNode, useCallback, useState } from "react";
import type { ActivityEvent, ActivityFilter } from "../../shared/contract/activity.ts";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber } from "../format/reading.ts";
import { formatMoment } from "../format/time.ts";
import { Card } from "../parts/card.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { type Pages, usePages } from "../parts/use-pages.ts";
import { useBridge } from "../state/bridge-context.ts";
import { ActivityFilters } from "./activity-filters.tsx";
import { eventWords, levelLook, typeName } from "./activity-look.ts";
import { EventDialog } from "./event-dialog.tsx";
import { ActivityExport } from "./export-dialog.tsx";
import "./activity.css";

const PAGE = 200;
const COLUMNS = 4;
const READ_AGAIN = 4 * SECOND;
const keyOf = ({ id }: ActivityEvent) => String(id);

export function Activity() {
  const bridge = useBridge();
  const [filter, setFilter] = useState<ActivityFilter>({});
  const [exporting, setExporting] = useState(false);
  const read = useCallback(
    async (before: number | null) => {
      const { events, next } = await bridge.invoke("activity.list", {
        ...filter,
        limit: PAGE,
        ...(before !== null && { before }),
      });
      return { rows: events, next };
    },
    [bridge, filter],
  );
  const list = usePages({ read, keyOf, every: READ_AGAIN });
  const filtered = Object.keys(filter).length > 0;
  return (
    <div className="screen screen-fill">
      <div className="screen-head activity-head">
        <h1>{t("activity.title")}</h1>
        <ActivityFilters filter={filter} onChange={setFilter} />
        <button type="button" className="button" onClick={() => setExporting(true)}>
          <Download size={14} aria-hidden />
          {t("activity.export")}
        </button>
      </div>
      <Card title={t("activity.list")} aside={<Aside list={list} filtered={filtered} />}>
        <Events list={list} nothing={<Nothing filtered={filtered} onClear={() => setFilter({})} />} />
      </Card>
      {exporting && <ActivityExport filter={filter} onClose={() => setExporting(false)} />}
    </div>
  );
}

function Aside({
  list: { rows, complete, loading },
  filtered,
}: {
  list: Pages<ActivityEvent>;
  filtered: boolean;
}) {
  if (filtered && loading && !complete) return t("activity.searching");
  if (rows.length === 0) return t("activity.aside");
  const shown = showNumber(rows.length);
  return complete ? t("activity.shown", { count: rows.length, shown }) : t("activity.more", { shown });
}

function Events({ list, nothing }: { list: Pages<ActivityEvent>; nothing: ReactNode }) {
  const [opened, setOpened] = useState<ActivityEvent | null>(null);
  return (
    <>
      <PagedTable
        list={list}
        caption={t("activity.caption")}
        className="activity-table"
        columns={COLUMNS}
        heads={
          <tr>
            <th scope="col">{t("activity.column.at")}</th>
            <th scope="col">{t("activity.column.level")}</th>
            <th scope="col" className="col-event">
              {t("activity.column.event")}
            </th>
            <th scope="col">{t("activity.column.market")}</th>
          </tr>
        }
        cells={(event, tabIndex) => <EventCells event={event} tabIndex={tabIndex} onOpen={setOpened} />}
        reading={t("activity.reading")}
        nothing={nothing}
      />
      {opened !== null && <EventDialog event={opened} onClose={() => setOpened(null)} />}
    </>
  );
}

interface EventCellsProps {
  event: ActivityEvent;
  tabIndex: number;
  onOpen: (event: ActivityEvent) => void;
}

const EventCells = memo(function EventCells({ event, tabIndex, onOpen }: EventCellsProps) {
  const { at, level, type, market } = event;
  const what = eventWords(event);
  return (
    <>
      <td className="quiet">
        <time dateTime={new Date(at).toISOString()}>{formatMoment(at)}</time>
      </td>
      <td>
        <StatusWord look={levelLook(level)} />
      </td>
      <td className="col-event">
        <button type="button" className="row-open clip" tabIndex={tabIndex} onClick={() => onOpen(event)}>
          {typeName(type)}
          {what !== null && <span className="quiet"> · {what}</span>}
        </button>
      </td>
      <td className="quiet">
        <span className="activity-market">
          <span>{market === null ? "" : marketName(market)}</span>
          <ChevronRight size={14} aria-hidden />
        </span>
      </td>
    </>
  );
});

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return (
    <div className="card-empty">
      <ScrollText size={22} strokeWidth={1.6} aria-hidden />
      <strong>{t(filtered ? "activity.noneTitle" : "activity.emptyTitle")}</strong>
      {t(filtered ? "activity.none" : "activity.empty")}
      {filtered && (
        <button type="button" className="button" onClick={onClear}>
          {t("activity.filter.clear")}
        </button>
      )}
    </div>
  );
}
