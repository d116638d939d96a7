/**
 * Today's money, one block a market, and beside it what days and weeks are made of. Only what a market has credited
 * counts as earned; what accepted work will still pay stands beside it. Currencies are never added.
 */

import { CalendarDays } from "lucide-react";
import type { EarningsView } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { amountText, shareOf, shortAmountText } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { Age } from "../parts/age.tsx";
import { Amount } from "../parts/amount.tsx";
import { Card } from "../parts/card.tsx";
import { PendingAmount } from "../parts/pending-amount.tsx";
import { screenHref } from "../state/route.ts";
import { useEngine, usePage } from "../state/store.ts";
import { EarnedPeriods, periodDecimals } from "./earned-periods.tsx";
import { areBooksLate } from "./freshness.ts";

/** Characters of an amount that still fits a third of a card in the large size, and in the middle one. */
const LONG_AMOUNT = 8;
const LONGEST_AMOUNT = 11;

export function Earned() {
  const earnings = useEngine((state) => state.earnings);
  return (
    <Card
      title={t("home.earned.title")}
      aside={
        <>
          {t("home.earned.aside")}
          {" · "}
          <a className="link" href={screenHref("earnings")}>
            {t("home.earned.more")}
          </a>
        </>
      }
      className="earned-card"
    >
      {earnings.length === 0 ? (
        <div className="card-empty">
          <CalendarDays size={22} strokeWidth={1.6} aria-hidden />
          <strong>{t("home.earned.emptyTitle")}</strong>
          {t("home.earned.empty")}
        </div>
      ) : (
        <div className="earned">
          {earnings.map((market) => (
            <MarketEarnings key={market.market} earnings={market} />
          ))}
        </div>
      )}
    </Card>
  );
}

function MarketEarnings({ earnings }: { earnings: EarningsView }) {
  const { settledToday, pendingToday, periods, rate } = earnings;
  const settledShare = shareOf(settledToday, pendingToday);
  const decimals = periodDecimals(periods);
  return (
    <section className="earned-market" aria-label={marketName(earnings.market)}>
      <div className="earned-now">
        <div className="earned-name">
          {marketName(earnings.market)}
          {earnings.notConfigured && <span className="quiet"> · {t("home.earned.notConfigured")}</span>}
        </div>
        <div className={`earned-sum ${sizeOf(shortAmountText(settledToday, decimals))}`}>
          <Amount value={settledToday} decimals={decimals} />
        </div>
        <div
          className="earned-bar"
          role="img"
          aria-label={t("home.earned.bar", {
            settled: amountText(settledToday),
            pending: amountText(pendingToday),
          })}
        >
          {settledShare !== null && settledShare > 0 && (
            <i className="earned-settled" style={{ flexGrow: settledShare }} />
          )}
          {settledShare !== null && settledShare < 1 && (
            <i className="earned-pending" style={{ flexGrow: 1 - settledShare }} />
          )}
        </div>
        <p className="earned-waiting" title={t("home.earned.pendingHint")}>
          <i className="key key-pending" aria-hidden />
          <span className="quiet">{t("home.earned.pending")}</span>{" "}
          <PendingAmount sums={periods.today} currency={false} />
        </p>
        <p className="earned-foot">
          {t("home.earned.accepted", { count: earnings.acceptedToday })}
          {earnings.failedToday > 0 && `, ${t("home.earned.failed", { count: earnings.failedToday })}`}
          {" · "}
          <BooksRead earnings={earnings} />
        </p>
      </div>
      <EarnedPeriods periods={periods} rate={rate} decimals={decimals} />
    </section>
  );
}

function BooksRead({ earnings }: { earnings: EarningsView }) {
  const market = useEngine(({ markets }) => markets.find(({ id }) => id === earnings.market));
  const late = usePage(({ now }) => areBooksLate(earnings, market, now));
  if (earnings.reconciledAt === null) return t("home.earned.notCompared");
  return (
    <span className={late ? "late tone-warn" : undefined}>
      {t("home.earned.booksRead")} <Age at={earnings.reconciledAt} />
    </span>
  );
}

function sizeOf({ length }: string): string {
  if (length <= LONG_AMOUNT) return "";
  return length <= LONGEST_AMOUNT ? "earned-long" : "earned-longest";
}
