/** What a GPU could be rented out for: the market's own prices, and what an hour of its electricity costs. */
import type { OfferPreview } from "../../shared/contract/offers.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { energyText, shortPrice } from "../offers/price-numbers.ts";
import { usePreview } from "../offers/use-preview.ts";
import { screenHref } from "../state/route.ts";
import { useEngine } from "../state/store.ts";

const MEDIAN = { kind: "median", lowest: null } as const;

/** `running`: the chosen markets are those the engine works for. */
export function PriceHints({ chosen, running }: { chosen: readonly MarketId[]; running: boolean }) {
  const boards = useEngine((state) => state.offers.boards);
  const gpus = useEngine((state) => state.offers.gpus);
  const markets = [...new Set(boards.map(({ market }) => market))];
  if (!running) return <p className="quiet">{t("welcome.price.afterRestart")}</p>;
  const rents = gpus.length > 0 && markets.length > 0;
  return (
    <section className="price-hints" aria-labelledby="price-hints-heading">
      <h2 id="price-hints-heading">{t("welcome.price.title")}</h2>
      <p className="quiet">{t(chosen.length === 0 ? "welcome.price.demo" : "welcome.price.jobs")}</p>
      {rents && (
        <ul>
          {markets.flatMap((market) =>
            gpus.map(({ device, model }) => (
              <Hint key={`${market} ${device}`} market={market} device={device} model={model} />
            )),
          )}
        </ul>
      )}
      {rents && (
        <a className="link link-inline" href={screenHref("offers")}>
          {t("welcome.price.offers")}
        </a>
      )}
    </section>
  );
}

function Hint({ market, device, model }: { market: MarketId; device: string; model: string }) {
  const { preview } = usePreview(market, device, MEDIAN, null);
  return (
    <li className="price-hint">
      <span className="price-hint-name">
        {model} <span className="quiet">{marketName(market)}</span>
      </span>
      {preview === null ? (
        <span className="quiet">{t("welcome.price.asking")}</span>
      ) : preview.price === null ? (
        <span className="quiet">{t("welcome.price.unknown")}</span>
      ) : (
        <>
          <strong className="figures">
            {shortPrice(preview.price)}{" "}
            <span className="quiet">{t("offers.perHour", { currency: preview.price.currency })}</span>
          </strong>
          <span className="quiet price-hint-why">{whyText(preview)}</span>
        </>
      )}
    </li>
  );
}

/** "Median of 40 offers. An hour of electricity costs 0.1395 EUR." */
function whyText({ quote, floor }: OfferPreview): string {
  const source =
    quote === null
      ? []
      : [
          quote.source === "market"
            ? t("welcome.price.median", { count: quote.sample })
            : t("welcome.price.guide", { low: shortPrice(quote.low), high: shortPrice(quote.high) }),
        ];
  const power =
    floor.cost === null
      ? t("welcome.price.noEnergy")
      : floor.price === null
        ? t("welcome.price.energy", { cost: energyText(floor.cost) })
        : t("welcome.price.floor", {
            cost: energyText(floor.cost),
            price: shortPrice(floor.price),
            currency: floor.price.currency,
          });
  return [...source, power].join(" ");
}
