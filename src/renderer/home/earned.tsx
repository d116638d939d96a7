/** Today's money, one block a market. Currencies stand beside each other; they are never added. */
import { CalendarDays } from "lucide-react";
import type { EarningsView } from "../../shared/contract/views.ts";
import { add, fromMoneyValue, type MoneyValue, toMoneyValue } from "../../shared/money.ts";
import { amountText, shareOf } from "../format/amount.ts";
import { plural } from "../format/reading.ts";
import { Age } from "../parts/age.tsx";
import { Amount } from "../parts/amount.tsx";
import { Card } from "../parts/card.tsx";
import { useEngine } from "../state/store.ts";

export function Earned() {
  const earnings = useEngine((state) => state.earnings);
  return (
    <Card title="Earned today" aside="net, since 00:00" className="earned-card">
      {earnings.length === 0 ? (
        <div className="card-empty">
          <CalendarDays size={22} strokeWidth={1.6} aria-hidden />
          <strong>Nothing to count yet</strong>
          Earnings appear here as soon as a market is configured.
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
  const { settledToday, pendingToday, settledTotal, pendingTotal } = earnings;
  const today = sum(settledToday, pendingToday);
  const settledShare = shareOf(settledToday, pendingToday);
  return (
    <section className="earned-market" aria-label={earnings.market.toUpperCase()}>
      <div className="earned-name">{earnings.market.toUpperCase()}</div>
      <div className="earned-sum">
        <Amount value={today} />
      </div>
      <div
        className="earned-bar"
        role="img"
        aria-label={`${amountText(settledToday)} settled, ${amountText(pendingToday)} pending`}
      >
        {settledShare !== null && settledShare > 0 && (
          <i className="earned-settled" style={{ flexGrow: settledShare }} />
        )}
        {settledShare !== null && settledShare < 1 && (
          <i className="earned-pending" style={{ flexGrow: 1 - settledShare }} />
        )}
      </div>
      <dl className="earned-split">
        <div>
          <dt>
            <i className="key key-settled" aria-hidden />
            Settled
          </dt>
          <dd>
            <Amount value={settledToday} currency={false} />
          </dd>
        </div>
        <div>
          <dt>
            <i className="key key-pending" aria-hidden />
            Pending
          </dt>
          <dd>
            <Amount value={pendingToday} currency={false} />
          </dd>
        </div>
        <div>
          <dt>All time</dt>
          <dd>
            <Amount value={sum(settledTotal, pendingTotal)} currency={false} />
          </dd>
        </div>
      </dl>
      <p className="earned-foot">
        {plural(earnings.acceptedToday, "result")} accepted
        {earnings.failedToday > 0 && `, ${earnings.failedToday} failed`}
        {" · "}
        {earnings.reconciledAt === null ? (
          "not compared with the market’s books yet"
        ) : (
          <>
            market’s books read <Age at={earnings.reconciledAt} />
          </>
        )}
      </p>
    </section>
  );
}

/** Of one market, so of one currency: `add` refuses anything else. */
function sum(a: MoneyValue, b: MoneyValue): MoneyValue {
  return toMoneyValue(add(fromMoneyValue(a), fromMoneyValue(b)));
}
