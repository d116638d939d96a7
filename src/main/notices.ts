/** Main's own look at what a person should hear of: the same providers as the window's banners, told by the system. */
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
  readonly tell: (notice: Notice) => void;
  readonly clock?: () => number;
}

export class NoticeWatch {
  readonly #options: NoticeWatchOptions;
  readonly #clock: () => number;
  readonly #board: NoticeBoard;
  readonly #timer: NodeJS.Timeout;
  #asked: AskedFacts = NOTHING_ASKED;
  #rounds = 0;

  constructor(options: NoticeWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#board = new NoticeBoard({ muted: options.muted, appeared: options.tell });
    this.#timer = setInterval(() => void this.#ask(), ASK_LEVELS_EVERY);
    this.#timer.unref();
  }

  /** After every change of what it looks at, and now and then: some notices come with time alone. */
  look(): void {
    const { state, link, app } = this.#options;
    this.#board.look({ state: state(), link: link(), app: app(), ...this.#asked }, this.#clock());
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
