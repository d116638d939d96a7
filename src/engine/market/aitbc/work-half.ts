/** The half of the port that jobs go through; the coordinator has one, the gpu service has one that never has work. */
import type { AitbcConfig } from "../../../shared/config.ts";
import type { DebugSink } from "../http.ts";
import type { ClaimBook, MarketAdapter } from "../port.ts";

export type WorkHalf = Pick<
  MarketAdapter,
  "probe" | "register" | "heartbeat" | "acquire" | "submit" | "fail" | "giveBack" | "openLeases" | "credits"
>;

export interface WorkDeps {
  readonly config: AitbcConfig;
  /** Where amounts are kept that the market tells once. */
  readonly claims: ClaimBook;
  /** Unix ms. */
  readonly now: () => number;
  readonly onDebug: DebugSink | undefined;
}
