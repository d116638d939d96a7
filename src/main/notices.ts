/**
 * What a person should hear of, in the app: one board for as long as it runs, whether a window is open or not. The window
 * shows it as banners, the system tells what appears.
 */
import type { AppView } from "../shared/contract/app.ts";
import type { EngineStatus } from "../shared/contract/bridge.ts";
import type { ContractClient } from "../shared/contract/contract.ts";
import type { State } from "../shared/contract/views.ts";
import {
  ASK_LEVELS_EVERY,
  type AskedFacts,
  askFacts,
  NOTHING_ASKED,
  ROUNDS_PER_BALANCE,
} from "../shared/notifications/asked-facts.ts";
import type { Notice } from "../shared/notifications/notice.ts";
import { NoticeBoard } from "../shared/notifications/notice-board.ts";
import type { NoticeType } from "../shared/notifications/notice-types.ts";

export interface NoticeWatchOptions {
  readonly client: Pick<ContractClient, "invoke">;
  readonly state: () => State | null;
  readonly link: () => EngineStatus;
  readonly app: () => AppView;
  readonly muted: () => readonly NoticeType[];
  /** Once for each notice that appears. */
  readonly tell: (notice: Notice) => void;
  /** Other notices hold than before. */
  readonly changed: () => void;
  readonly clock?: () => number;
}

export class NoticeWatch {
  readonly #options: NoticeWatchOptions;
  readonly #clock: () => number;
  readonly #board: NoticeBoard;
  readonly #timer: NodeJS.Timeout;
  #asked: AskedFacts = NOTHING_ASKED;
  #rounds = 0;
  #list: readonly Notice[] = [];
  #seen = "[]";

  constructor(options: NoticeWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#board = new NoticeBoard({ muted: options.muted, appeared: options.tell });
    this.#timer = setInterval(() => void this.#ask(), ASK_LEVELS_EVERY);
    this.#timer.unref();
  }

  /** What holds now and was not put away, worst first. */
  get list(): readonly Notice[] {
    return this.#list;
  }

  putAway(key: string): void {
    this.#board.putAway(key);
    this.look();
  }

  /** After every change of what it looks at, and now and then: some notices come with time alone. */
  look(): void {
    const { state, link, app } = this.#options;
    this.#board.look({ state: state(), link: link(), app: app(), ...this.#asked }, this.#clock());
    const list = this.#board.notices;
    const seen = JSON.stringify(list);
    if (seen === this.#seen) return;
    this.#list = list;
    this.#seen = seen;
    this.#options.changed();
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    const state = this.#options.state();
    if (state !== null) {
      const withBalances = this.#rounds % ROUNDS_PER_BALANCE === 0;
      this.#rounds += 1;
      this.#asked = await askFacts(this.#options.client, state, this.#asked, withBalances);
    }
    this.look();
  }
}
