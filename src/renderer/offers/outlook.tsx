/** What a price means: where it stands in the market, what electricity costs, and what an average hour leaves. */

import type { ReactNode } from "react";
import type { OfferPreview } from "../../shared/contract/offers.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { coarse } from "../format/time.ts";
import { NumberField } from "../parts/controls/number-field.tsx";
import { Note } from "../parts/note.tsx";
import { screenHref } from "../state/route.ts";
import { energyText, numberOf, shortPrice } from "./price-numbers.ts";

const WHOLE = 100;

interface OutlookProps {
  readonly preview: OfferPreview;
  /** The preview is of an older draft. */
  readonly pending: boolean;
  /** Share of the time it is rented, in per cent; null: as the engine knows or assumes. */
  readonly occupancy: number | null;
  readonly onOccupancy: (percent: number | null) => void;
}

export function Outlook({ preview, pending, occupancy, onOccupancy }: OutlookProps) {
  const { price, floor, perHour } = preview;
  const below = price !== null && floor.price !== null && numberOf(price) < numberOf(floor.price);
  return (
    <div className={`outlook ${pending ? "price-pending" : ""}`} aria-busy={pending}>
      <dl className="outlook-facts figures">
        <Fact label={t("offers.facts.market")} help={positionText(preview)}>
          {sampleText(preview)}
        </Fact>
        <Fact label={t("offers.facts.electricity")} help={<Missing floor={floor} />}>
          {floor.cost === null ? UNKNOWN : t("offers.facts.costHour", { cost: energyText(floor.cost) })}
          {floor.watts !== null && floor.wattsFrom !== null && (
            <span className="quiet">
              {" · "}
              {t("offers.facts.power", {
                watts: showNumber(floor.watts),
                from: t(`offers.facts.${floor.wattsFrom}`),
              })}
            </span>
          )}
        </Fact>
        <div>
          <dt>{t("offers.facts.rentedShare")}</dt>
          <dd>
            <NumberField
              label={t("offers.facts.rentedShare")}
              value={occupancy ?? Math.round(preview.occupancy.share * WHOLE)}
              onChange={onOccupancy}
              canBeEmpty
              min={0}
              max={WHOLE}
              step={5}
              unit={t("offers.facts.rentedUnit")}
            />
            <div className="quiet">{occupancyText(preview)}</div>
          </dd>
        </div>
        <Fact label={t("offers.facts.net")} help={perHour === null ? null : partsText(perHour)}>
          {perHour === null ? (
            UNKNOWN
          ) : (
            <b className="outlook-net">
              {shortPrice(perHour.afterEnergy ?? perHour.net)}
              <span className="price-unit"> {t("offers.perHour", { currency: perHour.net.currency })}</span>
            </b>
          )}
        </Fact>
      </dl>
      {below && <Note tone="warn">{t("offers.facts.belowFloor")}</Note>}
    </div>
  );
}

function Fact({ label, help, children }: { label: string; help: ReactNode; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {children}
        {help !== null && <div className="quiet">{help}</div>}
      </dd>
    </div>
  );
}

/** What keeps electricity from being counted, and where to say it. */
function Missing({ floor }: { floor: OfferPreview["floor"] }) {
  if (floor.missing === null) return null;
  return (
    <>
      {asSentence(hear(floor.missing, floor.missingSaid))}{" "}
      {floor.watts !== null && (
        <a className="link" href={screenHref("settings")}>
          {t("offers.facts.settings")}
        </a>
      )}
    </>
  );
}

function sampleText({ quote }: OfferPreview): string {
  if (quote === null) return t("offers.facts.nobody");
  if (quote.source === "guide")
    return t("offers.facts.guide", { low: shortPrice(quote.low), high: shortPrice(quote.high) });
  return t("offers.facts.sample", { count: quote.sample, age: coarse(quote.ageMs ?? 0) });
}

function positionText({ cheaper }: OfferPreview): string | null {
  if (cheaper === null) return null;
  if (cheaper === 0) return t("offers.facts.cheapest");
  if (cheaper === 1) return t("offers.facts.dearest");
  return t("offers.facts.cheaper", { percent: Math.round(cheaper * WHOLE) });
}

function occupancyText({ occupancy }: OfferPreview): string {
  return t(`offers.facts.${occupancy.from}Share`);
}

/** "12.50 less 0.31 fee and 0.0675 EUR electricity": each in its own currency. */
function partsText({ gross, fee, energy, afterEnergy }: NonNullable<OfferPreview["perHour"]>): string {
  const parts = t("offers.facts.gross", { gross: shortPrice(gross), fee: shortPrice(fee) });
  if (energy === null) return `${parts}, ${t("offers.facts.noEnergy")}`;
  const cost = energyText(energy);
  return afterEnergy === null
    ? `${parts}, ${t("offers.facts.beforeEnergy", { energy: cost })}`
    : `${parts} ${t("offers.facts.andEnergy", { energy: cost })}`;
}
