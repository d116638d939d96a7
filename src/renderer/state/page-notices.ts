/**
 * What a person should hear of, as this page knows it. In the app main knows, with or without a window; a dashboard that
 * an engine serves runs the same providers over what it sees by itself.
 */
import type { ContractClient } from "../../shared/contract/contract.ts";
import { SECOND } from "../../shared/durations.ts";
import {
  ASK_LEVELS_EVERY,
  type AskedFacts,
  askFacts,
  NOTHING_ASKED,
  ROUNDS_PER_BALANCE,
} from "../../shared/notifications/asked-facts.ts";
import type { Notice } from "../../shared/notifications/notice.ts";
import { NoticeBoard } from "../../shared/notifications/notice-board.ts";
import { NOTICE_TYPES, type NoticeType } from "../../shared/notifications/notice-types.ts";
import type { AppBridge } from "../bridge/bridge.ts";
import { askApp } from "./follow-app.ts";
import type { Place } from "./route.ts";
import type { PageState, PageStore } from "./store.ts";

/** Deltas may come ten times a second; nobody reads that fast. */
const LOOK_EVERY = SECOND;

export interface Notices {
  putAway(key: string): void;
}

/** Main's board, followed: what was put away stays so when the window is closed and opened again. */
export class AppNotices implements Notices {
  readonly #app: AppBridge;
  readonly #store: PageStore;

  constructor(app: AppBridge, store: PageStore) {
    this.#app = app;
    this.#store = store;
    store.subscribe(({ app: view }, { app: before }) => {
      const notices = view?.notices ?? [];
      if (view !== before && JSON.stringify(notices) !== JSON.stringify(store.getState().notices)) {
        store.setState({ notices });
      }
    });
  }

  putAway(key: string): void {
    // Where main does not answer, there is no window either for long.
    askApp(this.#app, this.#store, "app.putAwayNotice", { key }).catch(() => undefined);
  }
}

export class PageNotices implements Notices {
  readonly #client: Pick<ContractClient, "invoke">;
  readonly #store: PageStore;
  readonly #board: NoticeBoard;
  #asked: AskedFacts = NOTHING_ASKED;
  #askedAt = Number.NEGATIVE_INFINITY;
  #rounds = 0;

  constructor(client: Pick<ContractClient, "invoke">, store: PageStore) {
    this.#client = client;
    this.#store = store;
    this.#board = new NoticeBoard({ muted: () => mutedIn(store.getState()) });
  }

  /** How often `tick` is wanted. */
  static readonly every = LOOK_EVERY;

  tick(): void {
    const { now, engine, stale } = this.#store.getState();
    if (engine !== null && !stale && now - this.#askedAt >= ASK_LEVELS_EVERY) {
      this.#askedAt = now;
      void this.#ask(engine);
    }
    this.look();
  }

  putAway(key: string): void {
    this.#board.putAway(key);
    this.look();
  }

  look(): void {
    const { engine, link, app, now, stale } = this.#store.getState();
    if (link.state === "unauthorised") return;
    // What is no longer known to be true is not warned of as if it were.
    const state = stale ? null : engine;
    this.#board.look({ state, link, app, ...this.#asked }, now);
    const { notices } = this.#board;
    if (JSON.stringify(notices) !== JSON.stringify(this.#store.getState().notices)) {
      this.#store.setState({ notices });
    }
  }

  async #ask(engine: NonNullable<PageState["engine"]>): Promise<void> {
    const withBalances = this.#rounds % ROUNDS_PER_BALANCE === 0;
    this.#rounds += 1;
    this.#asked = await askFacts(this.#client, engine, this.#asked, withBalances);
  }
}

/** The page shows these in full by itself. */
const SHOWN_ELSEWHERE: ReadonlySet<NoticeType> = new Set([
  "engine-failed",
  "ledger-restored",
  "snapshot-failed",
]);

/** It happened once, and nobody has to do anything about it. */
export const isNews = ({ lasting, severity }: Notice): boolean => !lasting && severity === "good";

/** The set-up asks about start at login by itself; good news stand on Home and on their own screen alone. */
export const bannersAt = (place: Place, notices: readonly Notice[]): readonly Notice[] =>
  notices.filter((notice) => {
    const { type, screen } = notice;
    if (SHOWN_ELSEWHERE.has(type) || (place === "welcome" && type === "start-at-login")) return false;
    return !isNews(notice) || place === "home" || place === screen;
  });

/** Kinds that are switched off, as the settings say. */
export function mutedIn({ engine }: Pick<PageState, "engine">): readonly NoticeType[] {
  const off = engine?.settings.values["app.notifications_off"]?.value;
  return Array.isArray(off) ? NOTICE_TYPES.filter((type) => off.includes(type)) : [];
}
