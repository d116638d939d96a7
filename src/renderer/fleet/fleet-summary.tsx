/** The fleet in a line of figures, and where its machines differ though they should not. */
import { GitCompareArrows } from "lucide-react";
import type { ReactNode } from "react";
import type { Drift, FleetSummary } from "../../shared/contract/fleet.ts";
import { CURRENCIES, type CurrencyCode } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { Amount } from "../parts/amount.tsx";
import { Note } from "../parts/note.tsx";

interface SummaryProps {
  summary: FleetSummary;
  /** Machines that a person should look at. */
  trouble: number;
}

export function Summary({ summary, trouble }: SummaryProps) {
  const { workers, reached, gpus, gpusUsable, leasesHeld, accepted } = summary;
  const unusable = gpus - gpusUsable;
  return (
    <section className="card fleet-totals" aria-label={t("fleet.summary.label")}>
      <dl className="fleet-summary">
        <Figure
          label={t("fleet.summary.reached")}
          value={t("fleet.summary.ofAll", { count: reached, all: workers })}
          more={t(trouble === 0 ? "fleet.summary.well" : "fleet.summary.attention", { count: trouble })}
          tone={trouble === 0 ? "muted" : "warn"}
        />
        <Figure
          label={t("fleet.summary.gpus")}
          value={gpus === 0 ? "0" : t("fleet.summary.ofAll", { count: gpusUsable, all: gpus })}
          more={unusable === 0 ? "" : t("fleet.summary.unusable", { count: unusable })}
          tone="bad"
        />
        <Service summary={summary} />
        <Figure
          label={t("fleet.summary.leases")}
          value={showNumber(leasesHeld)}
          more={t("fleet.summary.accepted", { count: accepted, shown: showNumber(accepted) })}
        />
        <Settled summary={summary} />
      </dl>
    </section>
  );
}

function Service({ summary: { breached, warnings, measured } }: { summary: FleetSummary }) {
  const label = t("fleet.summary.service");
  const near = t("fleet.summary.near", { count: warnings });
  if (breached > 0) {
    const crossed = t("fleet.summary.crossed", { count: breached });
    return (
      <Figure label={label} value={crossed} more={warnings > 0 ? near : ""} valueTone="bad" tone="warn" />
    );
  }
  if (warnings > 0) return <Figure label={label} value={near} more="" valueTone="warn" />;
  return (
    <Figure
      label={label}
      value={measured === 0 ? UNKNOWN : t("fleet.summary.kept")}
      more={measured === 0 ? t("fleet.summary.unmeasured") : ""}
    />
  );
}

/** One currency with what is pending; of several, a line each. Under it, whose money is old and whose is left out. */
function Settled({ summary: { settled, pending, lastKnown, demo } }: { summary: FleetSummary }) {
  const label = t("fleet.summary.settled");
  const amounts = CODES.flatMap((code) => settled.filter(({ currency }) => currency === code));
  const [first, ...others] = amounts;
  const about = [
    ...(lastKnown > 0 ? [t("fleet.summary.lastKnown", { count: lastKnown })] : []),
    ...(demo > 0 ? [t("fleet.summary.demo", { count: demo })] : []),
  ];
  const lines = (more: readonly string[]) => more.map((line) => <div key={line}>{line}</div>);
  if (first === undefined) return <Figure label={label} value={UNKNOWN} more={lines(about)} />;
  const waiting = (currency: CurrencyCode) => {
    const amount = pending.find((each) => each.currency === currency);
    return amount === undefined ? "" : t("fleet.summary.pending", { amount: amountText(amount), currency });
  };
  if (others.length === 0) {
    const more = [waiting(first.currency), ...about].filter((line) => line !== "");
    return <Figure label={label} value={<Amount value={first} />} more={lines(more)} />;
  }
  return (
    <div className="fleet-figure fleet-amounts">
      <dt>{label}</dt>
      {amounts.map((amount) => (
        <dd key={amount.currency} className="fleet-value" title={waiting(amount.currency)}>
          <Amount value={amount} />
        </dd>
      ))}
      {about.length > 0 && <dd className="fleet-more figures tone-muted">{lines(about)}</dd>}
    </div>
  );
}

const CODES = Object.keys(CURRENCIES) as CurrencyCode[];

interface FigureProps {
  label: string;
  value: ReactNode;
  more: ReactNode;
  tone?: "warn" | "bad" | "muted";
  valueTone?: "warn" | "bad";
}

function Figure({ label, value, more, tone = "muted", valueTone }: FigureProps) {
  return (
    <div className="fleet-figure">
      <dt>{label}</dt>
      <dd className={`fleet-value figures ${valueTone === undefined ? "" : `tone-word tone-${valueTone}`}`}>
        {value}
      </dd>
      <dd className={`fleet-more figures tone-${tone}`}>{more}</dd>
    </div>
  );
}

/** Named are enough of them to go and look. */
const NAMED = 3;

export function Drifts({ drift }: { drift: readonly Drift[] }) {
  return drift.map(({ what, values }) => (
    <Note key={what} tone="info" icon={GitCompareArrows}>
      {t(`fleet.drift.${what}`, { values: values.map(valueWords).join("; ") })}
    </Note>
  ));
}

function valueWords({ value, workers }: Drift["values"][number]): string {
  const names = workers.slice(0, NAMED).join(", ");
  const more = workers.length - NAMED;
  return t("fleet.drift.value", {
    value: value === "none" ? t("fleet.drift.none") : value,
    workers: more > 0 ? t("fleet.drift.more", { names, count: more }) : names,
  });
}
