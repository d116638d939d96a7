/**
 * Runs all providers over what is known and keeps the notices that hold: lasting ones as long as their provider says
 * so, the others until they are put away, and good news for a few minutes. What appears is told once; the same key not
 * again within its quiet time.
 */
import { MINUTE } from "../durations.ts";
import * as app from "./app-notices.ts";
import * as devices from "./device-notices.ts";
import * as markets from "./market-notices.ts";
import * as money from "./money-notices.ts";
import type { Notice, NoticeFacts, NoticeProvider, NoticeSeverity } from "./notice.ts";
import type { NoticeType } from "./notice-types.ts";
import * as offers from "./offer-notices.ts";

/** By type, so that the compiler finds a type without a provider. */
export const NOTICE_PROVIDERS: Readonly<Record<NoticeType, NoticeProvider>> = {
  "no-gpu": devices.noGpu,
  "driver-old": devices.driverOld,
  "market-unreachable": markets.marketUnreachable,
  "market-refused": markets.marketRefused,
  "market-paused": markets.marketPaused,
  "clock-wrong": markets.clockWrong,
  "stake-low": markets.stakeLow,
  jailed: markets.jailed,
  "service-near-limit": markets.serviceNearLimit,
  slashed: markets.slashed,
  "self-test-failed": devices.selfTestFailed,
  "breaker-open": devices.breakerOpen,
  "offer-drift": offers.offerDrift,
  "offer-booked": offers.offerBooked,
  unclaimed: money.unclaimed,
  "first-earning": money.firstEarning,
  "model-ready": devices.modelReady,
  "model-failed": devices.modelFailed,
  "disk-full": devices.diskFull,
  "ledger-restored": money.ledgerRestored,
  "snapshot-failed": money.snapshotFailed,
  "engine-failed": app.engineFailed,
  "update-ready": app.updateReady,
  "update-refused": app.updateRefused,
  "safe-mode": app.safeMode,
  "start-at-login": app.startAtLogin,
};

/** More than this happens only when something floods; the newest are worth most. */
const KEPT_EVENTS = 20;
/** Good news need no answer: they leave by themselves. */
const GOOD_NEWS_STAY = 5 * MINUTE;
const RANK: Readonly<Record<NoticeSeverity, number>> = { bad: 0, warn: 1, info: 2, good: 3 };

export interface NoticeBoardOptions {
  readonly muted: () => readonly NoticeType[];
  /** Called once for each notice that appears, unless its key was told within its quiet time. */
  readonly appeared?: (notice: Notice) => void;
}

export class NoticeBoard {
  readonly #options: NoticeBoardOptions;
  readonly #toldAt = new Map<string, number>();
  readonly #putAway = new Set<string>();
  #before: NoticeFacts | null = null;
  #lasting: readonly Notice[] = [];
  #events: readonly { readonly notice: Notice; readonly leavesAt: number }[] = [];

  constructor(options: NoticeBoardOptions) {
    this.#options = options;
  }

  /** What holds now and was not put away, worst first. */
  get notices(): readonly Notice[] {
    const muted = new Set(this.#options.muted());
    return this.#all
      .filter(({ key, type }) => !muted.has(type) && !this.#putAway.has(key))
      .toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  }

  /** `now` in ms of the clock that the facts' times are told by. */
  look(facts: NoticeFacts, now: number): void {
    const found = Object.values(NOTICE_PROVIDERS).flatMap((provider) => provider(this.#before, facts, now));
    this.#before = remember(this.#before, facts);
    this.#lasting = found.filter(({ lasting }) => lasting);
    const fresh = found.filter(({ lasting }) => !lasting);
    const again = new Set(fresh.map(({ key }) => key));
    this.#events = [
      ...fresh.map((notice) => ({ notice, leavesAt: now + staysFor(notice) })),
      ...this.#events.filter(({ notice, leavesAt }) => !again.has(notice.key) && now < leavesAt),
    ].slice(0, KEPT_EVENTS);
    for (const { key } of fresh) this.#putAway.delete(key);
    this.#forget(facts, now);
    for (const notice of this.notices) {
      if (this.#toldAt.has(notice.key)) continue;
      this.#toldAt.set(notice.key, now + notice.quietFor);
      this.#options.appeared?.(notice);
    }
  }

  /** Until its cause has gone and come back. */
  putAway(key: string): void {
    this.#putAway.add(key);
    this.#events = this.#events.filter(({ notice }) => notice.key !== key);
  }

  get #all(): readonly Notice[] {
    return [...this.#lasting, ...this.#events.map(({ notice }) => notice)];
  }

  #forget({ state }: NoticeFacts, now: number): void {
    const there = new Set(this.#all.map(({ key }) => key));
    for (const [key, quietUntil] of this.#toldAt) {
      // What still holds was told; only what went away and returns after its quiet time is told again.
      if (!there.has(key) && now >= quietUntil) this.#toldAt.delete(key);
    }
    // While no engine tells, nobody knows whether the cause has gone.
    if (state === null) return;
    for (const key of this.#putAway) if (!there.has(key)) this.#putAway.delete(key);
  }
}

const staysFor = ({ severity }: Notice): number =>
  severity === "good" ? GOOD_NEWS_STAY : Number.POSITIVE_INFINITY;

/** A restarted engine begins with nothing known; what it then tells is compared with what was known before. */
function remember(before: NoticeFacts | null, facts: NoticeFacts): NoticeFacts {
  return facts.state === null && before !== null ? { ...facts, state: before.state } : facts;
}
