/**
 * Keeps the store true. An idle engine may have nothing to tell for minutes, so silence alone proves nothing: after
 * a short one we ask, and only an engine that leaves the question unanswered makes the data stale.
 */
import { type MirrorClient, StateMirror } from "../../shared/contract/state-mirror.ts";
import type { Snapshot } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { toErrorValue } from "../../shared/errors.ts";
import type { LinkStatus } from "../bridge/bridge.ts";
import type { PageStore } from "./store.ts";

/** Silence after which the engine is asked whether it is there. */
export const ASK_AFTER = 2.5 * SECOND;
/** Silence after which the data is shown as stale. */
export const STALE_AFTER = 5 * SECOND;
/** A question is given this long, even when a sleeping page asked it late. */
const ANSWER_WITHIN = 2 * SECOND;
/** Two clocks of one machine differ by less; more means another machine's clock behind a tunnel. */
const SAME_CLOCK = 2 * SECOND;

/**
 * What is heard moves the page's clock too. An engine that tells its GPUs' readings once a second would have the page drawn
 * twice a second, once for the readings and once for the ages; a frame costs about 18 wake-ups.
 */
const MOVED = 0.95 * SECOND;

export interface LiveSource extends MirrorClient {
  onStatus(listener: (status: LinkStatus) => void): () => void;
}

export class LiveState {
  readonly #store: PageStore;
  readonly #mirror: StateMirror;
  readonly #stopStatus: () => void;
  readonly #clock: () => number;
  #askedAt: number | null = null;
  /** Our clock minus the engine's. */
  #skew = 0;

  constructor(source: LiveSource, store: PageStore, clock: () => number = Date.now) {
    this.#store = store;
    this.#clock = clock;
    this.#mirror = new StateMirror(source, {
      changed: (snapshot) => this.#heard(snapshot),
      failed: (error) => this.#refused(error),
    });
    this.#stopStatus = source.onStatus((status) => this.#linked(status));
  }

  /** Once a second, and when the page is shown again. */
  tick(): void {
    const now = this.#clock();
    const { heardAt, link, now: shown } = this.#store.getState();
    if (Math.abs(now - this.#skew - shown) >= MOVED) this.#store.setState({ now: now - this.#skew });
    if (link.state !== "up") return;
    const silence = heardAt === null ? Number.POSITIVE_INFINITY : now - heardAt;
    if (silence >= ASK_AFTER && this.#askedAt === null) this.#ask(now);
    const unanswered = this.#askedAt !== null && now - this.#askedAt >= ANSWER_WITHIN;
    if (heardAt !== null && silence > STALE_AFTER && unanswered) this.#store.setState({ stale: true });
  }

  dispose(): void {
    this.#stopStatus();
    this.#mirror.dispose();
  }

  #ask(now: number): void {
    this.#askedAt = now;
    void this.#mirror.refresh();
  }

  #linked(link: LinkStatus): void {
    // A new engine's first snapshot, not its being there, makes the shown data true again.
    const { engine, stale } = this.#store.getState();
    this.#store.setState({ link, stale: stale || (engine !== null && link.state !== "up") });
    if (link.state === "up") this.#ask(this.#clock());
  }

  #heard(snapshot: Snapshot): void {
    const now = this.#clock();
    this.#askedAt = null;
    const difference = now - snapshot.at;
    this.#skew = Math.abs(difference) < SAME_CLOCK ? 0 : difference;
    this.#store.setState({
      engine: snapshot.state,
      heardAt: now,
      now: now - this.#skew,
      stale: this.#store.getState().link.state !== "up",
      snapshotError: null,
    });
  }

  /** The link broke on the way (its own status tells), or the engine answered no: then try again at the next tick. */
  #refused(error: unknown): void {
    const value = toErrorValue(error);
    if (value.code === "ENGINE_GONE") return;
    this.#askedAt = null;
    this.#store.setState({ snapshotError: value });
  }
}
