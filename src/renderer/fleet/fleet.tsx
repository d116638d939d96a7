/** Many machines on one page: how each is, what they earn together, where they differ. It only reads. */
import { RefreshCw, Server } from "lucide-react";
import { useMemo, useState } from "react";
import type { FleetMachine, FleetView } from "../../shared/contract/fleet.ts";
import { CURRENCIES, type CurrencyCode } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";
import { formatAge } from "../format/time.ts";
import { Card } from "../parts/card.tsx";
import { Select } from "../parts/controls/select.tsx";
import { LinesSkeleton } from "../parts/lines-skeleton.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { StillLines } from "../parts/still-lines.ts";
import { usePage } from "../state/store.ts";
import { FleetEmpty } from "./fleet-empty.tsx";
import { FleetSource } from "./fleet-source.tsx";
import { Drifts, Summary } from "./fleet-summary.tsx";
import { MachineDialog } from "./machine-dialog.tsx";
import { concern, FIRST_SORT, listed, type MachineFilter, SHOW, type Sort } from "./machine-list.ts";
import { MachineTable } from "./machine-table.tsx";
import { type Fleet as FleetAnswer, READ_EVERY, useFleet } from "./use-fleet.ts";
import "./fleet.css";

const NO_FILTER: MachineFilter = { text: undefined, show: "all" };

export function Fleet() {
  const fleet = useFleet();
  const { view, error } = fleet;
  if (view !== null && view.source === null && error === null)
    return (
      <div className="screen">
        <h1>{t("fleet.title")}</h1>
        <FleetEmpty fleet={fleet} />
      </div>
    );
  if (view === null || view.source === null) return <Before fleet={fleet} />;
  return <Machines fleet={fleet} view={view} />;
}

/** Nothing has been read yet, or the inventory can't be: then it is named anew here. */
function Before({ fleet: { error, asked, reload } }: { fleet: FleetAnswer }) {
  return (
    <div className="screen">
      <h1>{t("fleet.title")}</h1>
      {error === null ? (
        <Card title={t("fleet.machines")}>
          <LinesSkeleton label={t("fleet.reading")} widths={[88, 74, 92, 68, 80]} />
        </Card>
      ) : (
        <>
          <ErrorNote error={error} alert {...(asked ? {} : { onRetry: reload })} />
          <Card title={t("fleet.source.change")}>
            <FleetSource />
          </Card>
        </>
      )}
    </div>
  );
}

function Machines({ fleet, view }: { fleet: FleetAnswer; view: FleetView }) {
  const { error, asked, reload } = fleet;
  const [filter, setFilter] = useState(NO_FILTER);
  const [sort, setSort] = useState<Sort>(FIRST_SORT);
  const [opened, setOpened] = useState<string | null>(null);
  const { machines, summary } = view;
  const found = useMemo(() => listed(machines, filter, sort), [machines, filter, sort]);
  const [held, setHeld] = useState(false);
  const [still] = useState(() => new StillLines<FleetMachine>(({ name }) => name));
  // Sorted by what changes all the time: a machine that one aims at stays where it is.
  const list = `${sort.column} ${sort.up} ${filter.show} ${filter.text ?? ""}`;
  const { lines } = still.shown(found, held || opened !== null, { all: machines, list });
  const currencies = useMemo(() => currenciesOf(machines), [machines]);
  const machine = machines.find(({ name }) => name === opened);
  return (
    <div className="screen screen-fill">
      <div className="screen-head fleet-head">
        <h1>{t("fleet.title")}</h1>
        <Filters filter={filter} onChange={setFilter} />
        <button type="button" className="button" aria-busy={asked} onClick={reload}>
          <RefreshCw size={14} aria-hidden />
          {t(asked ? "fleet.refreshing" : "fleet.refresh")}
        </button>
      </div>
      {error !== null && <ErrorNote error={error} alert />}
      {view.prometheusError !== null && <ErrorNote error={view.prometheusError} />}
      <Summary summary={summary} trouble={machines.filter((each) => concern(each) < 3).length} />
      <Drifts drift={summary.drift} />
      <Card
        title={t("fleet.machines")}
        className="fleet-machines"
        aside={<Aside shown={found.length} view={view} />}
      >
        {lines.length === 0 ? (
          <Nothing onClear={() => setFilter(NO_FILTER)} />
        ) : (
          <MachineTable
            machines={lines}
            currencies={currencies}
            sort={sort}
            onSort={setSort}
            onOpen={setOpened}
            onHold={setHeld}
          />
        )}
      </Card>
      {machine !== undefined && <MachineDialog machine={machine} onClose={() => setOpened(null)} />}
    </div>
  );
}

/** A column each, in the order they are always in. */
function currenciesOf(machines: readonly FleetMachine[]): CurrencyCode[] {
  const known = new Set(
    machines.flatMap(({ last }) => (last?.facts.earnings ?? []).map(({ settled }) => settled.currency)),
  );
  return (Object.keys(CURRENCIES) as CurrencyCode[]).filter((code) => known.has(code));
}

interface FiltersProps {
  filter: MachineFilter;
  onChange: (filter: MachineFilter) => void;
}

function Filters({ filter, onChange }: FiltersProps) {
  return (
    <search className="screen-tools screen-filters" aria-label={t("fleet.filter.label")}>
      <SearchField
        label={t("fleet.filter.text")}
        placeholder={t("fleet.filter.textHint")}
        value={filter.text}
        onChange={(text) => onChange({ ...filter, text })}
      />
      <Select
        label={t("fleet.filter.show")}
        value={filter.show}
        options={SHOW.map((value) => ({ value, label: t(`fleet.filter.${value}`) }))}
        onChange={(show) => onChange({ ...filter, show })}
      />
    </search>
  );
}

/** How old before it is called old: two looks were missed. */
const STALE_AFTER = 2.5 * READ_EVERY;

function Aside({ shown, view: { machines, at } }: { shown: number; view: FleetView }) {
  const stale = usePage(({ now }) => at !== null && now - at > STALE_AFTER);
  const time = usePage(({ now }) => (at === null ? "" : formatAge(at, now)));
  const all = machines.length;
  return (
    <>
      {shown === all
        ? t("fleet.count", { count: all, shown: showNumber(all) })
        : t("fleet.matching", { shown: showNumber(shown), all: showNumber(all) })}
      {" · "}
      <span className={stale ? "tone-word tone-warn" : undefined}>
        {t(stale ? "fleet.asOfStale" : "fleet.asOf", { time })}
      </span>
    </>
  );
}

function Nothing({ onClear }: { onClear: () => void }) {
  return (
    <div className="card-empty">
      <Server size={22} strokeWidth={1.6} aria-hidden />
      <strong>{t("fleet.filter.noneTitle")}</strong>
      {t("fleet.filter.none")}
      <button type="button" className="button" onClick={onClear}>
        {t("fleet.filter.clear")}
      </button>
    </div>
  );
}
