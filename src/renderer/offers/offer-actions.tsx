/** Offering a GPU is one click; changing what is on the market, and taking it off, says first what happens. */
import { useId, useState } from "react";
import type { OffersView, OfferView, PriceStrategy } from "../../shared/contract/offers.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import type { MoneyValue } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import { standingOf } from "./offer-look.ts";
import { priceText } from "./price-numbers.ts";

interface OfferActionsProps {
  readonly market: MarketId;
  readonly device: string;
  /** The GPU's, among the devices of this machine. */
  readonly name: string;
  readonly boards: OffersView["boards"];
  readonly offers: readonly OfferView[];
  /** null: the draft lacks something, or leads to no price. */
  readonly strategy: PriceStrategy | null;
  readonly price: MoneyValue | null;
  /** The draft differs from what is offered. */
  readonly changed: boolean;
  readonly onReset: () => void;
  /** It is done: what is offered is what was drafted. */
  readonly onDone: () => void;
}

export function OfferActions(props: OfferActionsProps) {
  const { market, device, name, boards, offers, strategy, price, changed, onReset, onDone } = props;
  const bridge = useBridge();
  const stale = usePage((page) => page.stale);
  const [asking, setAsking] = useState<"change" | "withdraw" | null>(null);
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ErrorValue | null>(null);
  const wanted = offers.filter((offer) => offer.wanted);
  const ready = strategy !== null && price !== null && !stale && !pending;
  const send = async () => {
    if (strategy === null) return;
    await bridge.invoke("offers.offer", { market, device, strategy });
    onDone();
  };
  const offer = () => {
    setPending(true);
    setError(null);
    send()
      .catch((thrown: unknown) => setError(toErrorValue(thrown)))
      .finally(() => setPending(false));
  };
  const rented = offers.some((each) => standingOf(each) === "rented");
  const fixedBoards = (can: "canReprice" | "canWithdraw") =>
    boards
      .filter((board) => board[can] === false && wanted.some((each) => each.board === board.id))
      .map(({ name }) => name)
      .join(", ");
  const from = wanted[0]?.price ?? null;
  const why = pending || stale ? null : strategy === null ? "noStrategy" : price === null ? "noPrice" : null;
  const reason = useId();
  return (
    <>
      {error !== null && <ErrorNote error={error} alert />}
      <div className="offer-actions">
        {wanted.length === 0 ? (
          <button
            type="button"
            className="button button-primary"
            disabled={!ready}
            aria-busy={pending}
            aria-describedby={why === null ? undefined : reason}
            onClick={offer}
          >
            {t("offers.action.offer")}
          </button>
        ) : (
          <>
            <button type="button" className="button" disabled={stale} onClick={() => setAsking("withdraw")}>
              {t("offers.action.withdraw")}
            </button>
            {changed && (
              <button type="button" className="button button-plain" onClick={onReset}>
                {t("offers.action.reset")}
              </button>
            )}
            <button
              type="button"
              className="button button-strong"
              disabled={!ready || !changed}
              aria-describedby={why === null ? undefined : reason}
              onClick={() => setAsking("change")}
            >
              {t("offers.action.change")}
            </button>
          </>
        )}
        {why !== null && (
          <span className="quiet offer-why" id={reason}>
            {t(`offers.action.${why}`)}
          </span>
        )}
      </div>
      <ConfirmDialog
        open={asking === "change"}
        onClose={() => setAsking(null)}
        title={t("offers.ask.changeTitle", { gpu: name })}
        words={
          <>
            {strategy !== null && price !== null && <span>{changeText(strategy, price, from)}</span>}
            {rented && <span> {t("offers.ask.changeRented")}</span>}
            {fixedBoards("canReprice") !== "" && (
              <span> {t("offers.ask.changeFixed", { boards: fixedBoards("canReprice") })}</span>
            )}
          </>
        }
        confirm={t("offers.ask.changeYes")}
        onConfirm={send}
      />
      <ConfirmDialog
        open={asking === "withdraw"}
        onClose={() => setAsking(null)}
        title={t("offers.ask.withdrawTitle", { gpu: name })}
        words={
          <>
            <span>{t(rented ? "offers.ask.withdrawRented" : "offers.ask.withdraw")}</span>
            {fixedBoards("canWithdraw") !== "" && (
              <span> {t("offers.ask.withdrawFixed", { boards: fixedBoards("canWithdraw") })}</span>
            )}
          </>
        }
        confirm={t("offers.ask.withdrawYes")}
        destructive
        onConfirm={() => bridge.invoke("offers.withdraw", { market, device })}
      />
    </>
  );
}

function changeText(strategy: PriceStrategy, to: MoneyValue, from: MoneyValue | null): string {
  const amount = (value: MoneyValue) =>
    t("offers.priceIs", { price: priceText(value), currency: value.currency });
  if (strategy.kind === "fixed" && from !== null)
    return t("offers.ask.change", { to: amount(to), from: amount(from) });
  return t("offers.ask.changeStrategy", {
    to: amount(to),
    strategy: t(`offers.strategy.${strategy.kind}`),
  });
}
