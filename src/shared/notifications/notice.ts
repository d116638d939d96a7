/**
 * A notice: one thing a person should hear of, in words, with the screen that shows its cause. Providers are pure
 * functions of what was known and what is known now; the same notice becomes a banner in the window and, outside it,
 * a notification of the system.
 */
import type { AppView } from "../contract/app.ts";
import type { EngineStatus } from "../contract/bridge.ts";
import type { ServiceLevel } from "../contract/service-level.ts";
import type { ProviderBalance, State } from "../contract/views.ts";
import type { ScreenName } from "../screens.ts";
import type { Said } from "../words/said.ts";
import type { NoticeType } from "./notice-types.ts";

export const NOTICE_SEVERITIES = ["good", "info", "warn", "bad"] as const;
export type NoticeSeverity = (typeof NOTICE_SEVERITIES)[number];

export interface Notice {
  /** Type and what it is about ("market-unreachable aicf"): the same key is the same thing. */
  readonly key: string;
  readonly type: NoticeType;
  readonly severity: NoticeSeverity;
  /** In English, and by key for who reads another language (words/hear.ts). */
  readonly title: string;
  readonly titleSaid?: Said | undefined;
  readonly text: string;
  readonly textSaid?: Said | undefined;
  readonly screen: ScreenName;
  /** true: it holds for as long as the provider says so. false: it happened once, and stays until it is put away; good news leave by themselves. */
  readonly lasting: boolean;
  /** The same key is not told again within this time, ms. */
  readonly quietFor: number;
}

/** Of the state, what notices look at. */
export type NoticedState = Pick<
  State,
  "engine" | "markets" | "devices" | "models" | "offers" | "earnings" | "throughput"
>;

export interface NoticeFacts {
  /** null: no engine has told anything yet, or it is gone. */
  readonly state: NoticedState | null;
  readonly link: EngineStatus;
  /** null: a dashboard without the desktop app. */
  readonly app: AppView | null;
  /** Our own books of the markets' service thresholds; markets without one are absent. */
  readonly levels: readonly ServiceLevel[];
  /** What markets hold for this provider, as last asked. */
  readonly balances: readonly ProviderBalance[];
}

/** `before` is null at the first look: what is there already then has not just happened. */
export type NoticeProvider = (
  before: NoticeFacts | null,
  facts: NoticeFacts,
  now: number,
) => readonly Notice[];
