/** What each place on the market shows of one GPU: price, bookings, what differs from the wish and what is done about it. */

import type { OffersView, OfferView } from "../../shared/contract/offers.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";
import { formatMoment } from "../format/time.ts";
import { Age } from "../parts/age.tsx";
import { Digest } from "../parts/digest.tsx";
import { ErrorNote, Note } from "../parts/note.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { lookOf, standingOf } from "./offer-look.ts";
import { priceText } from "./price-numbers.ts";

type Board = OffersView["boards"][number];

interface BoardListProps {
  readonly boards: readonly Board[];
  readonly offers: readonly OfferView[];
  /** Said elsewhere already: a reason that says the same is not repeated for every board. */
  readonly said: string;
}

export function BoardList({ boards, offers, said }: BoardListProps) {
  return (
    <ul className="board-list">
      {boards.map((board) => (
        <BoardRow
          key={board.id}
          board={board}
          offer={offers.find((offer) => offer.board === board.id) ?? null}
          said={said}
        />
      ))}
    </ul>
  );
}

function BoardRow({ board, offer, said }: { board: Board; offer: OfferView | null; said: string }) {
  const standing = offer === null ? "none" : standingOf(offer);
  const shown = offer !== null && standing !== "none" ? offer : null;
  const error = shown?.error ?? board.error;
  return (
    <li className="board">
      <div className="board-head">
        <h3 className="board-name" title={board.endpoint}>
          {board.name}
        </h3>
        <StatusWord look={lookOf(standing)} />
      </div>
      {shown !== null && <BoardFacts offer={shown} />}
      <p className="board-checked quiet">
        {board.checkedAt === null ? (
          t("offers.board.never")
        ) : (
          <>
            {t("offers.board.checked")} <Age at={board.checkedAt} />
          </>
        )}
        {board.canReprice === false && ` · ${t("offers.board.fixed")}`}
      </p>
      {shown !== null && shown.waiting !== null && shown.waiting.text !== said && (
        <Note
          tone="warn"
          help={shown.waiting.help === null ? null : hear(shown.waiting.help, shown.waiting.helpSaid)}
        >
          {asSentence(hear(shown.waiting.text, shown.waiting.said))}
        </Note>
      )}
      {shown !== null && shown.drift !== null && (
        <Note tone="warn">{asSentence(hear(shown.drift, shown.driftSaid))}</Note>
      )}
      {error !== null && <ErrorNote error={error} />}
    </li>
  );
}

function BoardFacts({ offer }: { offer: OfferView }) {
  const { listedPrice, price, offerId, booking } = offer;
  const amount = (value: OfferView["price"]) =>
    `${priceText(value)} ${t("offers.perHourShort", { currency: value.currency })}`;
  return (
    <>
      <p className="board-price figures">
        {listedPrice === null
          ? t("offers.board.asks", { price: amount(price) })
          : t("offers.board.listedAt", { price: amount(listedPrice) })}
        {offerId !== null && (
          <>
            {" "}
            <Digest value={offerId} what={t("offers.board.idWhat")} />
          </>
        )}
      </p>
      {booking !== null && (
        <p className="board-booking figures">
          <b>{t("offers.board.booked")}</b>{" "}
          {booking.endsAt === null
            ? t("offers.board.untilUnknown")
            : t("offers.board.until", { moment: formatMoment(booking.endsAt) })}
          {booking.total !== null && (
            <span className="quiet">
              {" · "}
              {t("offers.board.total", {
                total: `${priceText(booking.total)} ${booking.total.currency}`,
              })}
            </span>
          )}
        </p>
      )}
    </>
  );
}

/** How much the GPU was rented lately; the same on every board. */
export function OccupancyText({ offers }: { offers: readonly OfferView[] }) {
  const occupancy = offers.find((offer) => offer.occupancy !== null)?.occupancy ?? null;
  if (occupancy === null) return null;
  return (
    <p className="quiet figures">
      {t("offers.board.occupancy", {
        percent: Math.round(occupancy.share * 100),
        hours: showNumber(occupancy.hours),
      })}
    </p>
  );
}
