/**
 * What a person is told of is written down too, whether a window shows it, and whether its kind is switched off: the same
 * notices as everywhere (shared/notifications), over what this engine knows. What has an event of its own is not written
 * twice; news of the app itself are not known here.
 */
import type { EngineStatus } from "../../shared/contract/bridge.ts";
import type { State } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import type { Notice, NoticedState } from "../../shared/notifications/notice.ts";
import { NoticeBoard } from "../../shared/notifications/notice-board.ts";
import type { NoticeType } from "../../shared/notifications/notice-types.ts";
import { pause, toBeat } from "../../shared/wait.ts";

/** What comes and goes within this time is heard where it changes (`look`). */
const EVERY = 15 * SECOND;

/** Written down where they happen. */
const HAVE_THEIR_OWN: readonly NoticeType[] = [
  "self-test-failed",
  "offer-drift",
  "offer-booked",
  "jailed",
  "service-near-limit",
  "market-paused",
  "ledger-restored",
  "snapshot-failed",
];

export interface NoticeLogDeps {
  readonly slices: { readonly [S in keyof NoticedState]: () => State[S] };
  readonly startedAt: number;
  readonly write: (notice: Notice) => void;
  readonly now: () => number;
}

export class NoticeLog {
  readonly #deps: NoticeLogDeps;
  readonly #board: NoticeBoard;
  readonly #link: EngineStatus;

  constructor(deps: NoticeLogDeps) {
    this.#deps = deps;
    this.#board = new NoticeBoard({ muted: () => HAVE_THEIR_OWN, appeared: deps.write });
    this.#link = { state: "up", since: deps.startedAt };
  }

  look(): void {
    const { slices, now } = this.#deps;
    const state: NoticedState = {
      engine: slices.engine(),
      markets: slices.markets(),
      devices: slices.devices(),
      models: slices.models(),
      offers: slices.offers(),
      earnings: slices.earnings(),
      throughput: slices.throughput(),
    };
    this.#board.look({ state, link: this.#link, app: null, levels: [], balances: [] }, now());
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.look();
      await pause(toBeat(EVERY), signal);
    }
  }
}

/** As the log keeps a notice. */
export const noticeDetail = ({ type, severity, title, titleSaid, text, textSaid }: Notice) => ({
  notice: type,
  severity,
  title: { text: title, said: titleSaid },
  text: text === "" ? null : { text, said: textSaid },
});
