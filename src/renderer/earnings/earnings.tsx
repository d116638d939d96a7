/** What was earned: per market, per day and per job, with what it cost and what is still on its way. */
import { Coins, Download } from "lucide-react";
import { useState } from "react";
import type { EarningSummary } from "../../shared/contract/earnings.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { Card } from "../parts/card.tsx";
import { Segmented } from "../parts/controls/segmented.tsx";
import { ErrorNote, Note } from "../parts/note.tsx";
import { screenHref } from "../state/route.ts";
import { useEngine } from "../state/store.ts";
import { useAnswer } from "../state/use-answer.ts";
import { DayChart, isWeekly } from "./day-chart.tsx";
import { EarningsExport } from "./export-dialog.tsx";
import { LedgerCard, PAGE, type Shown } from "./ledger-card.tsx";
import { Periods } from "./periods.tsx";
import { Rentals } from "./rentals.tsx";
import { RiskCard } from "./risk-card.tsx";
import "./earnings.css";

const READ_AGAIN = 3 * SECOND;
const RANGES = { days7: 7, days30: 30, days365: 365 } as const;
type Range = keyof typeof RANGES;

export function Earnings() {
  const markets = useEngine((state) => state.earnings.map(({ market }) => market).join(" "));
  const configured = markets === "" ? [] : (markets.split(" ") as MarketId[]);
  const [chosen, setChosen] = useState<MarketId | null>(null);
  const market = configured.find((id) => id === chosen) ?? configured[0];
  return (
    <div className="screen">
      {market === undefined ? (
        <>
          <div className="screen-head">
            <h1>{t("earnings.title")}</h1>
          </div>
          <Card title={t("earnings.title")}>
            <div className="card-empty">
              <Coins size={22} strokeWidth={1.6} aria-hidden />
              <strong>{t("earnings.emptyTitle")}</strong>
              {t("earnings.empty")}
            </div>
          </Card>
        </>
      ) : (
        <Books market={market} markets={configured} onMarket={setChosen} />
      )}
    </div>
  );
}

interface BooksProps {
  market: MarketId;
  markets: readonly MarketId[];
  onMarket: (market: MarketId) => void;
}

function Books({ market, markets, onMarket }: BooksProps) {
  const [range, setRange] = useState<Range>("days30");
  const [exporting, setExporting] = useState(false);
  const [state, setState] = useState<Shown>("all");
  const books = useAnswer(
    "earnings.report",
    { market, days: RANGES[range], limit: PAGE, ...(state !== "all" && { state }) },
    READ_AGAIN,
  );
  // What was asked for before is no answer to this question; its figures are the same whatever the range.
  const known = books.answer?.summary.market === market ? books.answer : null;
  const summary = known?.summary;
  const report = known?.series.days.length === RANGES[range] ? known : null;
  const series = report?.series ?? null;
  const from = series?.days[0]?.at;
  return (
    <>
      <div className="screen-head">
        <h1>{t("earnings.title")}</h1>
        <div className="screen-tools">
          {markets.length > 1 && (
            <Segmented
              label={t("earnings.market")}
              value={market}
              onChange={onMarket}
              options={markets.map((id) => ({ value: id, label: marketName(id) }))}
            />
          )}
          <Segmented<Range>
            label={t("earnings.range")}
            value={range}
            onChange={setRange}
            options={(["days7", "days30", "days365"] as const).map((value) => ({
              value,
              label: t(`earnings.${value}`),
            }))}
          />
          <button type="button" className="button" onClick={() => setExporting(true)}>
            <Download size={14} aria-hidden />
            {t("earnings.csv.open")}
          </button>
        </div>
      </div>
      {books.error !== null && <ErrorNote error={books.error} alert />}
      {summary?.notConfigured && (
        <Note tone="info" help={t("earnings.leftHelp")}>
          {t("earnings.left", { market: marketName(market) })}
        </Note>
      )}
      {summary === undefined ? <PeriodsSkeleton /> : <Periods summary={summary} />}
      {summary !== undefined && <Rentals rentals={summary.rentals} />}
      <div className="earnings-row">
        <Card
          title={t(series !== null && isWeekly(series) ? "earnings.chart.weekly" : "earnings.chart.title")}
          className="earnings-chart"
          aside={<EnergyAside known={summary} />}
        >
          {series === null ? (
            <div className="skeleton chart-skeleton" role="status" aria-label={t("earnings.reading")} />
          ) : (
            <DayChart series={series} range={t(`earnings.${range}`)} />
          )}
        </Card>
        {summary !== undefined && <RiskCard summary={summary} onClaimed={books.reload} />}
      </div>
      <LedgerCard market={market} state={state} onState={setState} report={report} />
      {exporting && (
        <EarningsExport
          market={market}
          several={markets.length > 1}
          range={t(`earnings.${range}`)}
          from={from}
          onClose={() => setExporting(false)}
        />
      )}
    </>
  );
}

/** Why electricity is not taken off, with the way to change it; else what the chart's days are. */
function EnergyAside({ known }: { known: EarningSummary | undefined }) {
  const energy = known?.total.energy;
  const measured = energy !== undefined && energy.deviceWh !== null;
  const missing = !measured
    ? null
    : energy.cost === null
      ? t("earnings.noPrice")
      : known?.rate === null
        ? t("earnings.noRate")
        : null;
  if (missing === null) return t("earnings.chart.aside");
  return (
    <>
      {missing}{" "}
      <a className="link link-inline" href={screenHref("settings")}>
        {t("earnings.setPrice")}
      </a>
    </>
  );
}

function PeriodsSkeleton() {
  return (
    <div className="periods" role="status" aria-label={t("earnings.reading")}>
      {[1, 2, 3, 4].map((index) => (
        <div key={index} className="card period">
          <div className="skeleton" style={{ width: "60%", height: 14 }} />
          <div className="skeleton" style={{ width: "80%", height: 24, marginTop: 12 }} />
        </div>
      ))}
    </div>
  );
}
