/** One GPU on one market: its price on the left, what the market shows of it on the right. */
import { Gpu } from "lucide-react";
import { useEffect, useId, useState } from "react";
import type { OffersView, OfferView } from "../../shared/contract/offers.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import type { CurrencyCode } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { ErrorNote } from "../parts/note.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { BoardList, OccupancyText } from "./board-list.tsx";
import { type Draft, draftOf, FIRST_DRAFT, sameStrategy, strategyOf } from "./draft.ts";
import { OfferActions } from "./offer-actions.tsx";
import { lookOf, standingOfAll } from "./offer-look.ts";
import { Outlook } from "./outlook.tsx";
import { numberOf } from "./price-numbers.ts";
import { PricingForm } from "./pricing-form.tsx";
import { SelfTestLine } from "./self-test-line.tsx";
import { usePreview } from "./use-preview.ts";

interface OfferCardProps {
  readonly market: MarketId;
  readonly currency: CurrencyCode;
  readonly gpu: OffersView["gpus"][number];
  /** Its name among the devices of this machine, and that with its place. */
  readonly name: string;
  readonly place: string;
  readonly boards: OffersView["boards"];
  readonly offers: readonly OfferView[];
}

export function OfferCard({ market, currency, gpu, name, place, boards, offers }: OfferCardProps) {
  const heading = useId();
  const offered = offers.find((offer) => offer.wanted)?.strategy ?? null;
  const [draft, setDraft] = useState<Draft>(offered === null ? FIRST_DRAFT : draftOf(offered));
  const [touched, setTouched] = useState(false);
  const [occupancy, setOccupancy] = useState<number | null>(null);
  // Changed elsewhere (terminal, another window): followed as long as nothing is drafted here.
  const offeredKey = JSON.stringify(offered);
  useEffect(() => {
    const now = JSON.parse(offeredKey) as typeof offered;
    if (!touched && now !== null) setDraft(draftOf(now));
  }, [offeredKey, touched]);

  const strategy = strategyOf(draft, currency);
  const { preview, pending, error } = usePreview(
    market,
    gpu.device,
    strategy,
    occupancy === null ? null : occupancy / 100,
  );
  // Where nobody knows a price, it is set by hand.
  const nothingKnown = preview !== null && preview.quote === null;
  useEffect(() => {
    if (nothingKnown && !touched && offeredKey === "null")
      setDraft((before) => (before.kind === "median" ? { ...before, kind: "fixed" } : before));
  }, [nothingKnown, touched, offeredKey]);

  const changed = offered !== null && strategy !== null && !sameStrategy(offered, strategy);
  const settle = () => setTouched(false);
  const current = offers.find((offer) => offer.wanted)?.price ?? null;
  return (
    <section className="card offer-card" aria-labelledby={heading}>
      <div className="offer-head">
        <Gpu size={16} strokeWidth={1.7} className="device-icon" aria-label={t("offers.gpu")} />
        <h2 className="offer-name" id={heading} title={place}>
          {name}
        </h2>
        <StatusWord look={lookOf(standingOfAll(offers))} />
      </div>
      <div className="offer-columns">
        <div className="offer-price">
          <PricingForm
            currency={currency}
            draft={draft}
            onChange={(next) => {
              setTouched(true);
              setDraft(next);
            }}
            preview={preview}
            pending={pending}
            failed={error !== null}
            current={current && numberOf(current)}
            disabled={false}
          />
          {preview !== null && (
            <Outlook preview={preview} pending={pending} occupancy={occupancy} onOccupancy={setOccupancy} />
          )}
          {error !== null && <ErrorNote error={error} />}
          <OfferActions
            market={market}
            device={gpu.device}
            name={name}
            boards={boards}
            offers={offers}
            strategy={strategy}
            price={draft.kind === "fixed" ? priceOf(strategy) : pending ? null : (preview?.price ?? null)}
            changed={changed}
            onReset={() => {
              settle();
              if (offered !== null) setDraft(draftOf(offered));
            }}
            onDone={settle}
          />
        </div>
        <div className="offer-market">
          <h3 className="offer-market-title">{t("offers.onMarket", { market: marketName(market) })}</h3>
          <BoardList boards={boards} offers={offers} said={gpu.test.text} />
          <OccupancyText offers={offers} />
          <SelfTestLine device={gpu.device} test={gpu.test} />
        </div>
      </div>
    </section>
  );
}

/** A fixed price needs nobody's word for it. */
function priceOf(strategy: ReturnType<typeof strategyOf>) {
  return strategy?.kind === "fixed" ? strategy.price : null;
}
