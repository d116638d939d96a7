/**
 * A price on the line of all prices: what others ask is drawn behind the handle as a hill (its middle half darker), the
 * median as a stroke, what electricity costs as a dashed one. The legend under it says the same in words.
 */

import type { PriceQuote } from "../../shared/contract/offers.ts";
import type { CurrencyCode, MoneyValue } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { Slider } from "../parts/controls/slider.tsx";
import { type Axis, moneyOf, numberOf, priceText, shortPrice } from "./price-numbers.ts";

interface PriceScaleProps {
  readonly axis: Axis;
  readonly currency: CurrencyCode;
  /** null: there is no price yet. */
  readonly value: number | null;
  readonly quote: PriceQuote | null;
  readonly floor: MoneyValue | null;
  /** Absent: the price follows the market and is only shown. */
  readonly onChange?: (price: number) => void;
  /** The handle was let go. */
  readonly onRest?: () => void;
}

export function PriceScale({ axis, currency, value, quote, floor, onChange, onRest }: PriceScaleProps) {
  const text = (price: number) =>
    t("offers.priceIs", { price: priceText(moneyOf(currency, price)), currency });
  const behind = <Behind axis={axis} quote={quote} floor={floor} />;
  return (
    <div className="price-scale">
      {onChange !== undefined ? (
        <Slider
          label={t("offers.price")}
          value={Math.min(value ?? 0, axis.max)}
          min={0}
          max={axis.max}
          step={axis.step}
          valueText={text}
          onChange={(next) => onChange(Math.max(axis.step, Number(next.toFixed(8))))}
          onCommit={() => onRest?.()}
          behind={behind}
        />
      ) : (
        <div className="slider">
          <div
            className="slider-control price-fixed"
            role="img"
            aria-label={`${t("offers.scale.label")}: ${value === null ? "–" : text(value)}`}
          >
            <div className="slider-behind">{behind}</div>
            <div className="slider-track" />
            {value !== null && <div className="price-mark" style={{ left: percent(value, axis) }} />}
          </div>
        </div>
      )}
      <div className="price-ends figures" aria-hidden>
        <span>0</span>
        <span>{shortPrice(moneyOf(currency, axis.max))}</span>
      </div>
      <Legend quote={quote} floor={floor} />
    </div>
  );
}

function Behind({ axis, quote, floor }: { axis: Axis; quote: PriceQuote | null; floor: MoneyValue | null }) {
  return (
    <>
      {quote !== null && <Hill axis={axis} quote={quote} />}
      {floor !== null && <div className="price-floor" style={{ left: percent(numberOf(floor), axis) }} />}
    </>
  );
}

/** Between two quantiles lie as many offers as between any two: the closer they are, the higher the hill. */
function Hill({ axis, quote }: { axis: Axis; quote: PriceQuote }) {
  if (quote.quantiles.length < 2) {
    const low = numberOf(quote.low);
    return (
      <div
        className="price-band"
        style={{ left: percent(low, axis), width: percent(numberOf(quote.high) - low, axis) }}
      />
    );
  }
  const points = quote.quantiles.map(numberOf);
  const slices = points
    .slice(1)
    .map((to, i) => ({ from: points[i] ?? 0, to, share: i / (points.length - 1) }));
  // Offers at one and the same price would be infinitely high: they are drawn as wide as a step.
  const heightOf = (slice: { from: number; to: number }) =>
    1 / Math.max(slice.to - slice.from, axis.max / 100);
  const highest = Math.max(...slices.map(heightOf));
  return (
    <>
      {slices.map((slice) => (
        <div
          key={slice.share}
          className={`price-slice ${slice.share >= 0.25 && slice.share < 0.75 ? "price-slice-half" : ""}`}
          style={{
            left: percent(slice.from, axis),
            width: `max(2px, ${percent(Math.max(0, Math.min(slice.to, axis.max) - slice.from), axis)})`,
            height: `${Math.round(Math.sqrt(heightOf(slice) / highest) * 100)}%`,
          }}
          hidden={slice.from > axis.max}
        />
      ))}
      <div className="price-median" style={{ left: percent(numberOf(quote.middle), axis) }} />
    </>
  );
}

function Legend({ quote, floor }: { quote: PriceQuote | null; floor: MoneyValue | null }) {
  if (quote === null && floor === null) return null;
  return (
    <ul className="price-legend figures">
      {quote !== null && (
        <li>
          <span className="swatch swatch-half" aria-hidden />
          {t(quote.source === "guide" ? "offers.scale.guide" : "offers.scale.half", {
            low: shortPrice(quote.low),
            high: shortPrice(quote.high),
          })}
        </li>
      )}
      {quote !== null && quote.source === "market" && (
        <li>
          <span className="swatch swatch-median" aria-hidden />
          {t("offers.scale.median", { price: shortPrice(quote.middle) })}
        </li>
      )}
      {floor !== null && (
        <li>
          <span className="swatch swatch-floor" aria-hidden />
          {t("offers.scale.floor", { price: shortPrice(floor) })}
        </li>
      )}
    </ul>
  );
}

function percent(value: number, axis: Axis): string {
  return `${Math.min(100, Math.max(0, (value / axis.max) * 100)).toFixed(3)}%`;
}
