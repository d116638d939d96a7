/** The ledger a person reads: each accepted job, and what became of its money. */
import { Clock3, ReceiptText } from "lucide-react";
import { memo, useCallback, useMemo } from "react";
import type { EarningEntry, EarningReport, EntryState } from "../../shared/contract/earnings.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import type { MoneyValue } from "../../shared/money.ts";
import { jobName } from "../../shared/words/job-words.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { formatMoment } from "../format/time.ts";
import { useJobPanel } from "../jobs/job-panel.tsx";
import { Amount } from "../parts/amount.tsx";
import { Card } from "../parts/card.tsx";
import { Segmented } from "../parts/controls/segmented.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { type Pages, usePages } from "../parts/use-pages.ts";
import { useBridge } from "../state/bridge-context.ts";
import { creditWords } from "./figures.ts";

export const PAGE = 100;
const COLUMNS = 6;
export type Shown = "all" | EntryState;
const STATES: readonly Shown[] = ["all", "settled", "pending", "written-off"];
const WORDS = {
  all: "all",
  settled: "settled",
  pending: "pending",
  "written-off": "writtenOff",
} as const satisfies Readonly<Record<Shown, string>>;

const keyOf = ({ market, leaseId }: EarningEntry) => `${market} ${leaseId}`;

interface LedgerCardProps {
  readonly market: MarketId;
  readonly state: Shown;
  readonly onState: (state: Shown) => void;
  /** Null until it is known. */
  readonly report: EarningReport | null;
}

export function LedgerCard({ market, state, onState, report }: LedgerCardProps) {
  const bridge = useBridge();
  // Only old jobs can be written off, and what is owed for longest matters most: these are of no time.
  const timeless = state === "pending" || state === "written-off";
  const from = timeless ? undefined : report?.series.days[0]?.at;
  const read = useCallback(
    async (before: string | null) => {
      const { entries, next } = await bridge.invoke("earnings.entries", {
        market,
        limit: PAGE,
        ...(from !== undefined && { from }),
        ...(state !== "all" && { state }),
        ...(before !== null && { before }),
      });
      return { rows: entries, next };
    },
    [bridge, market, from, state],
  );
  // Of the same moment as the figures and the days above.
  const newest = useMemo(
    () =>
      report !== null && (report.state ?? "all") === state
        ? { rows: report.newest.entries, next: report.newest.next }
        : null,
    [report, state],
  );
  const list = usePages({ read, keyOf, newest });
  return (
    <Card
      title={t("earnings.ledger.title")}
      className="ledger"
      aside={
        <span className="ledger-aside">
          <Count list={list} timeless={timeless} />
          <Segmented<Shown>
            label={t("earnings.ledger.state")}
            value={state}
            onChange={onState}
            options={STATES.map((value) => ({ value, label: t(`earnings.ledger.${WORDS[value]}`) }))}
          />
        </span>
      }
    >
      <Entries list={list} timeless={timeless} />
    </Card>
  );
}

interface CountProps {
  readonly list: Pages<EarningEntry>;
  /** Of all time, whatever the range above says. */
  readonly timeless: boolean;
}

function Count({ list: { rows, complete }, timeless }: CountProps) {
  if (rows.length === 0) return null;
  const words = { count: rows.length, shown: showNumber(rows.length) };
  const entries = complete ? t("earnings.ledger.of", words) : t("earnings.ledger.shown", words);
  return <span>{timeless ? `${entries}, ${t("earnings.ledger.ofAllTime")}` : entries}</span>;
}

function Entries({ list, timeless }: CountProps) {
  const { open, panel } = useJobPanel();
  return (
    <>
      <PagedTable
        list={list}
        caption={t("earnings.ledger.caption")}
        className="ledger-table"
        columns={COLUMNS}
        heads={
          <tr>
            <th scope="col">{t("earnings.ledger.accepted")}</th>
            <th scope="col" className="col-job">
              {t("earnings.ledger.job")}
            </th>
            <th scope="col">{t("earnings.ledger.status")}</th>
            <th scope="col" className="col-number col-wide">
              {t("earnings.gross")}
            </th>
            <th scope="col" className="col-number col-wide">
              {t("earnings.fee")}
            </th>
            <th scope="col" className="col-number">
              {t("earnings.net")}
            </th>
          </tr>
        }
        cells={(entry, tabIndex) => <EntryCells entry={entry} tabIndex={tabIndex} onOpen={open} />}
        reading={t("earnings.reading")}
        nothing={
          <div className="card-empty">
            <ReceiptText size={22} strokeWidth={1.6} aria-hidden />
            <strong>{t(timeless ? "earnings.ledger.noneAtAll" : "earnings.ledger.none")}</strong>
            {!timeless && t("earnings.ledger.noneHelp")}
          </div>
        }
      />
      {panel}
    </>
  );
}

interface EntryCellsProps {
  entry: EarningEntry;
  tabIndex: number;
  onOpen: (leaseId: string) => void;
}

const EntryCells = memo(function EntryCells({ entry, tabIndex, onOpen }: EntryCellsProps) {
  const { acceptedAt, settledAt, offered, gross, net, expected, reference, writtenOff } = entry;
  const fee = gross !== null && net !== null ? difference(gross, net) : null;
  return (
    <>
      <td className="quiet">
        <time dateTime={new Date(acceptedAt).toISOString()}>{formatMoment(acceptedAt)}</time>
      </td>
      <td className="col-job">
        <button
          type="button"
          className="row-open row-one-line clip"
          tabIndex={tabIndex}
          onClick={() => onOpen(entry.leaseId)}
        >
          <span className="row-line clip">{jobName(entry)}</span>
        </button>
      </td>
      <td>
        {writtenOff !== undefined ? (
          <span className="clip ledger-credit" title={formatMoment(writtenOff.at)}>
            {t(writtenOff.by === "market" ? "earnings.ledger.neverFunded" : "earnings.ledger.givenUp")}
          </span>
        ) : settledAt === null ? (
          <span className="status-word tone-muted">
            <Clock3 size={14} aria-hidden />
            {t("earnings.ledger.waiting")}
          </span>
        ) : (
          <span
            className="clip ledger-credit"
            title={[formatMoment(settledAt), reference].filter(Boolean).join(" · ")}
          >
            {creditWords(settledAt - acceptedAt)}
          </span>
        )}
      </td>
      <td className="col-number col-wide quiet">
        <Figure value={gross ?? (settledAt === null ? offered : null)} />
      </td>
      <td className="col-number col-wide quiet">
        <Figure value={fee} />
      </td>
      <td className="col-number">
        {net !== null ? (
          <Amount value={net} />
        ) : (
          <span
            className="quiet"
            title={
              settledAt !== null
                ? t("jobs.paidUntold")
                : expected === null
                  ? undefined
                  : t("earnings.ledger.expected", {
                      amount: amountText(expected),
                      currency: expected.currency,
                    })
            }
          >
            {UNKNOWN}
          </span>
        )}
      </td>
    </>
  );
});

function Figure({ value }: { value: MoneyValue | null }) {
  return value === null ? UNKNOWN : <Amount value={value} currency={false} />;
}

const difference = (a: MoneyValue, b: MoneyValue): MoneyValue => ({
  currency: a.currency,
  minor: (BigInt(a.minor) - BigInt(b.minor)).toString(),
});
