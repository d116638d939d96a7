/** What each market asks as a stake, and what of it can be lost, with its own figures. */
import type { MarketId } from "../../shared/contract/market-id.ts";
import type { MarketTerms } from "../../shared/contract/terms.ts";
import { DAY, HOUR } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber } from "../format/reading.ts";
import { stakeAmount } from "./stake-amount.ts";
import { useTerms } from "./use-terms.ts";

const PERCENT = 100;

/** `markets`: null for all. */
export function StakeTerms({ markets }: { markets: readonly MarketId[] | null }) {
  const terms = useTerms()?.filter(({ market }) => markets === null || markets.includes(market)) ?? [];
  if (terms.length === 0) return null;
  return (
    <section className="stake-terms" aria-labelledby="stake-terms-heading">
      <h2 id="stake-terms-heading">{t("welcome.stake.title")}</h2>
      <p className="quiet">{t("welcome.stake.text")}</p>
      <dl>
        {terms.map((each) => (
          <div key={each.market}>
            <dt>{marketName(each.market)}</dt>
            <dd>
              <Terms terms={each} />
            </dd>
          </div>
        ))}
      </dl>
      <p className="quiet">{t("welcome.stake.guarded")}</p>
    </section>
  );
}

function Terms({ terms }: { terms: MarketTerms }) {
  const { stake, losses, jail } = terms;
  if (stake === null) return <p>{t("welcome.stake.none")}</p>;
  const { minimum, from, backAfterMs } = stake;
  return (
    <>
      <p>
        <strong>
          {t("welcome.stake.minimum", { amount: stakeAmount(minimum), currency: minimum.currency })}
        </strong>{" "}
        <span className="quiet">
          {t(from === "market" ? "welcome.stake.fromMarket" : "welcome.stake.published")}
        </span>
      </p>
      <ul className="stake-losses">
        {losses.map(({ measure, limit, bps }) => (
          <li key={measure}>
            <span className="stake-loss">
              {t("welcome.stake.loss", { percent: showNumber(bps / PERCENT, bps % PERCENT === 0 ? 0 : 1) })}
            </span>
            <span>{t(`welcome.stake.reason.${measure}`, { limit: showNumber(limit * PERCENT) })}</span>
          </li>
        ))}
        {jail !== null && (
          <li>
            <span className="stake-loss">{about(jail.lengthMs)}</span>
            <span>
              {t("welcome.stake.jail", { count: jail.penalties, span: Math.round(jail.spanMs / HOUR) })}
            </span>
          </li>
        )}
      </ul>
      {backAfterMs !== null && (
        <p className="quiet">{t("welcome.stake.back", { time: about(backAfterMs) })}</p>
      )}
    </>
  );
}

/** By the usual pace of blocks, so no more exact than this. */
const about = (length: number): string =>
  length < DAY
    ? t("welcome.stake.hours", { count: Math.round(length / HOUR) })
    : t("welcome.stake.days", { count: Math.round(length / DAY) });
