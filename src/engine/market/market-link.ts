/** What the parts of a session share: what they are given, and how they say what became of a question to the market. */
import type { MarketPause } from "../../shared/contract/views.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { WorkBoard } from "../work/board.ts";
import type { LeaseRoom } from "../work/lease-room.ts";
import type { RunControl } from "../work/run-control.ts";
import type { MarketCall } from "./market-call.ts";
import type { MarketAdapter, ProviderProfile } from "./port.ts";
import type { Restraint } from "./restraint.ts";

export interface SessionDeps {
  readonly adapter: MarketAdapter;
  readonly board: WorkBoard;
  readonly control: RunControl;
  readonly ledger: Ledger;
  /** Leases whose result is not there yet that this market may have with us at once. */
  readonly quota: () => number;
  /** How many of them to ask for now; absent: all that are free. */
  readonly room?: Pick<LeaseRoom, "wish" | "asking">;
  readonly profile: () => ProviderProfile;
  /** Measures of service near or past their limit at this market now. */
  readonly warnings?: () => number;
  /** Why none of this market's work is taken until a person says so; null: it is taken. */
  readonly paused?: () => MarketPause | null;
  readonly now: () => number;
}

/** "books": they were read, so money may be another; "proofs": anything else that is shown. */
export type SessionChange = "proofs" | "books";

export interface MarketLink {
  readonly restraint: Restraint;
  /** The question failed. */
  noteError(thrown: unknown, call: MarketCall): void;
  /** The market answered it as it should. */
  noteAnswered(call: MarketCall): void;
  /** It is no longer asked, or was answered by somebody who is not the market: nothing is wrong with it. */
  noteOver(call: MarketCall): void;
  /** Something that the view shows changed. */
  tell(change?: SessionChange): void;
}
