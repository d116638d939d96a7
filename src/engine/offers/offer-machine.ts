/**
 * An offer of one GPU on one board is this table: what may happen in each state, and where it leads.
 *
 *   planned ──publish──▶ publishing ──list──▶ listed ──book──▶ booked ──use──▶ in-use
 *      ▲  ▲──────retry──────┘  └─refuse▶ refused │  ◀──release────┴──release─────┘
 *      │  └────────────vanish (the market no longer lists it)─────┘
 *      └──plan── withdrawn ◀──withdraw── planned, listed, refused
 *
 * A rented GPU is never withdrawn: its offer ends when its booking does.
 */
import type { OfferState } from "../../shared/contract/offers.ts";
import { AppError } from "../../shared/errors.ts";

export type OfferEvent =
  | "publish"
  | "list"
  | "retry"
  | "refuse"
  | "book"
  | "use"
  | "release"
  | "vanish"
  | "withdraw"
  | "plan";

export const OFFER_MACHINE = {
  planned: { publish: "publishing", list: "listed", withdraw: "withdrawn" },
  publishing: { list: "listed", retry: "planned", refuse: "refused" },
  listed: { book: "booked", use: "in-use", vanish: "planned", withdraw: "withdrawn" },
  booked: { use: "in-use", release: "listed", vanish: "planned" },
  "in-use": { book: "booked", release: "listed", vanish: "planned" },
  withdrawn: { plan: "planned" },
  refused: { plan: "planned", list: "listed", withdraw: "withdrawn" },
} as const satisfies Record<OfferState, Partial<Record<OfferEvent, OfferState>>>;

/** The state after `event`, or a bug: an edge that is not in the table. */
export function nextOfferState(state: OfferState, event: OfferEvent): OfferState {
  const edges: Partial<Record<OfferEvent, OfferState>> = OFFER_MACHINE[state];
  const next = edges[event];
  if (next === undefined) {
    throw new AppError({
      code: "ILLEGAL_TRANSITION",
      message: `An offer can't "${event}" from "${state}"`,
      actor: "bug",
    });
  }
  return next;
}
