/**
 * Today's money, one block a market. Only what a market has credited counts as earned; what accepted work will still
 * pay stands beside it. Currencies are never added.
 */
import { CalendarDays } from "lucide-react";
import type { EarningsView } from "../../shared/contract/views.ts";
import { amountText, shareOf } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { plural } from "../format/reading.ts";
import { Age } from "../parts/age.tsx";
import { Amount } from "../parts/amount.tsx";
import { Card } from "../parts/card.tsx";
import { useEngine } from "../state/store.ts";

/** Characters of an amount that still fits half a card in the large size. */
const LONG_AMOUNT = 12;

export function Earned() {
  const earnings = useEngine((state) => state.earnings);
  return (
    <Card title="Earned today" aside="credited, net, since 00:00" className="earned-card">
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
  const { settledToday, pendingToday, settledTotal } = earnings;
  const settledShare = shareOf(settledToday, pendingToday);
  return (
    <section className="earned-market" aria-label={marketName(earnings.market)}>
      <div className="earned-name">{marketName(earnings.market)}</div>
      <div
        className={amountText(settledToday).length > LONG_AMOUNT ? "earned-sum earned-long" : "earned-sum"}
      >
        <Amount value={settledToday} />
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
        <div title="Accepted today, not credited yet: what the market will still pay for it">
          <dt>
            <i className="key key-pending" aria-hidden />
            Pending
          </dt>
          <dd>
            <Amount value={pendingToday} currency={false} />
          </dd>
        </div>
        <div title="Credited since the first job">
          <dt>All time</dt>
          <dd>
            <Amount value={settledTotal} currency={false} />
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
