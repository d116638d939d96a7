/**
 * What was rented out on a board that is not configured any more: nobody asks there how it ended. With an agreed end it
 * runs until then; without one it is over, or its GPU would be kept for a renter for ever.
 */
import { type MarketId, MarketIdSchema } from "../../shared/contract/views.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { isRented } from "./reconcile.ts";

/** `boards`: those that are looked at. Should one come back, its list says what is true. */
export function endForsaken(
  ledger: Pick<Ledger, "offers" | "bookings" | "transaction">,
  boards: readonly { readonly market: MarketId; readonly board: string }[],
  now: number,
): void {
  const isKept = (market: MarketId, board: string) =>
    boards.some((kept) => kept.market === market && kept.board === board);
  ledger.transaction(() => {
    for (const { row, market, board, state, held, booking } of ledger.offers.list()) {
      const isEndless = isRented(state) && !held && (booking?.endsAt ?? null) === null;
      if (isEndless && !isKept(market, board)) ledger.offers.apply(row, ["vanish"], { booking: null });
    }
    for (const market of MarketIdSchema.options) {
      const kept = boards.filter((place) => place.market === market).map(({ board }) => board);
      ledger.bookings.forsake(market, kept, now);
    }
  });
}
