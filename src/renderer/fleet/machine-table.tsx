/** The machines in a table of any length; a click or Enter on a row opens its details, one on a head sorts by it. */
import { ArrowDown, ArrowUp } from "lucide-react";
import { memo } from "react";
import type { FleetMachine, WorkerFacts } from "../../shared/contract/fleet.ts";
import { gpuCount, hottest, leasesHeld, nearestLimit, oldestHeartbeat } from "../../shared/fleet.ts";
import type { CurrencyCode } from "../../shared/money.ts";
import { hear } from "../../shared/words/hear.ts";
import { hearError } from "../../shared/words/hear-error.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { formatAge } from "../format/time.ts";
import { Age } from "../parts/age.tsx";
import { LongTable } from "../parts/long-table.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { usePage } from "../state/store.ts";
import { factsOf, isCurrency, type Sort, type SortColumn, settledIn } from "./machine-list.ts";
import { machineLook, measureLook, measureWords } from "./machine-look.ts";

interface MachineTableProps {
  machines: readonly FleetMachine[];
  currencies: readonly CurrencyCode[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  onOpen: (name: string) => void;
  onHold: (held: boolean) => void;
}

const NO_MATTER = () => undefined;
/** Numbers and moments are looked at from their greatest first. */
const WORDS: ReadonlySet<SortColumn> = new Set(["state", "name", "version", "service"]);

export function MachineTable({ machines, currencies, sort, onSort, onOpen, onHold }: MachineTableProps) {
  const columns = columnsOf(currencies);
  return (
    <LongTable
      className={`list-table fleet-table ${currencies.length > 1 ? "fleet-two" : ""}`}
      caption={t("fleet.caption")}
      length={machines.length}
      columns={columns.length}
      focusable=".row-open"
      onSight={NO_MATTER}
      onHold={onHold}
      heads={
        <tr>
          {columns.map((column) => (
            <Head key={column} column={column} sort={sort} onSort={onSort} />
          ))}
        </tr>
      }
      row={(index, tabIndex) => {
        const machine = machines[index];
        return machine === undefined
          ? null
          : {
              key: machine.name,
              cells: <Cells machine={machine} currencies={currencies} tabIndex={tabIndex} onOpen={onOpen} />,
            };
      }}
    />
  );
}

const columnsOf = (currencies: readonly CurrencyCode[]): SortColumn[] => [
  "state",
  "name",
  "version",
  "gpus",
  "hottest",
  "heartbeat",
  "held",
  "accepted",
  ...currencies,
  "service",
];

const NUMBERS: ReadonlySet<SortColumn> = new Set(["gpus", "hottest", "heartbeat", "held", "accepted"]);
const HINTS = { heartbeat: "heartbeatHint", held: "heldHint", service: "serviceHint" } as const;

/** The class is what a narrow window hides it by. */
const classOf = (column: SortColumn) =>
  `fleet-${isCurrency(column) ? "settled" : column} ${NUMBERS.has(column) || isCurrency(column) ? "col-number" : ""}`;

function Head({ column, sort, onSort }: { column: SortColumn; sort: Sort; onSort: (sort: Sort) => void }) {
  const isSorted = sort.column === column;
  const name = isCurrency(column)
    ? t("fleet.column.settled", { currency: column })
    : t(`fleet.column.${column}`);
  const Icon = sort.up ? ArrowUp : ArrowDown;
  const hint = column in HINTS ? t(`fleet.column.${HINTS[column as keyof typeof HINTS]}`) : undefined;
  return (
    <th
      scope="col"
      className={classOf(column)}
      aria-sort={isSorted ? (sort.up ? "ascending" : "descending") : "none"}
      title={hint}
    >
      <button
        type="button"
        className="fleet-sort"
        aria-label={t("fleet.column.sort", { column: name })}
        onClick={() => onSort({ column, up: isSorted ? !sort.up : WORDS.has(column) })}
      >
        {name}
        {isSorted && <Icon size={11} aria-hidden />}
      </button>
    </th>
  );
}

interface CellsProps {
  machine: FleetMachine;
  currencies: readonly CurrencyCode[];
  tabIndex: number;
  onOpen: (name: string) => void;
}

const Cells = memo(function Cells({ machine, currencies, tabIndex, onOpen }: CellsProps) {
  const facts = factsOf(machine);
  return (
    <>
      <td className="fleet-state">
        <StatusWord look={machineLook(machine)} title={facts === null ? undefined : stateTitle(facts)} />
      </td>
      <td className="fleet-name" colSpan={facts === null ? columnsOf(currencies).length - 1 : 1}>
        <button
          type="button"
          className="row-open clip"
          tabIndex={tabIndex}
          title={machine.name}
          onClick={() => onOpen(machine.name)}
        >
          {machine.name}
          {facts === null && <Reason machine={machine} />}
        </button>
      </td>
      {facts !== null && <Facts facts={facts} currencies={currencies} />}
    </>
  );
});

/** Metrics have no sentence. */
const stateTitle = ({ sentence, said }: WorkerFacts) =>
  sentence === null ? undefined : hear(sentence, said);

/** Why it was not reached, and since when. */
function Reason({ machine: { error, last } }: { machine: FleetMachine }) {
  const seen = usePage(({ now }) =>
    last === null ? t("fleet.neverSeen") : t("fleet.lastSeen", { time: formatAge(last.at, now) }),
  );
  const reason = error === null ? [] : [hearError(error).sentence];
  return <span className="quiet">{["", ...reason, seen].join(" · ")}</span>;
}

function Facts({ facts, currencies }: { facts: WorkerFacts; currencies: readonly CurrencyCode[] }) {
  const { gpus, markets, accepted, version, service } = facts;
  const measure = nearestLimit(service);
  const heat = hottest(gpus);
  return (
    <>
      <td className="fleet-version quiet clip">{version}</td>
      <td className="fleet-gpus col-number">{gpuCount(gpus)}</td>
      <td className="fleet-hottest col-number quiet">{heat === null ? UNKNOWN : `${showNumber(heat)} °C`}</td>
      <td className="fleet-heartbeat col-number quiet">
        <Age at={oldestHeartbeat(markets)} bare />
      </td>
      <td className="fleet-held col-number">{showNumber(leasesHeld(markets))}</td>
      <td className="fleet-accepted col-number quiet">{showNumber(accepted)}</td>
      {currencies.map((currency) => (
        <td key={currency} className="fleet-settled col-number">
          <Settled facts={facts} currency={currency} />
        </td>
      ))}
      <td className="fleet-service">
        {measure === null ? (
          <span className="quiet">{UNKNOWN}</span>
        ) : (
          <StatusWord look={measureLook(measure)} title={measureWords(measure)} />
        )}
      </td>
    </>
  );
}

function Settled({ facts, currency }: { facts: WorkerFacts; currency: CurrencyCode }) {
  const minor = settledIn(facts, currency);
  if (minor === null) return <span className="quiet">{UNKNOWN}</span>;
  return <span className="amount">{amountText({ currency, minor: minor.toString() })}</span>;
}
