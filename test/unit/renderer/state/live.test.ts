import { beforeEach, describe, expect, it } from "vitest";
import { createStore } from "zustand/vanilla";
import type { LinkStatus } from "../../../../src/renderer/bridge/bridge.ts";
import { ASK_AFTER, LiveState, STALE_AFTER } from "../../../../src/renderer/state/live.ts";
import type { PageState, PageStore } from "../../../../src/renderer/state/store.ts";
import { engineGone } from "../../../../src/shared/contract/rpc.ts";
import type { Delta, Snapshot } from "../../../../src/shared/contract/views.ts";
import { HOUR, SECOND } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { earning } from "../../../e2e/ui/states.ts";

const START = 1_800_000_000_000;
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A page, its clock and its engine, all moved by hand. */
class Scene {
  now = START;
  /** The engine's clock minus the page's. */
  clockDifference = 0;
  answers: "at once" | "never" | AppError = "at once";
  asked = 0;
  readonly store: PageStore = createStore<PageState>(() => ({
    link: { state: "starting", since: START },
    engine: null,
    heardAt: null,
    stale: false,
    now: START,
    snapshotError: null,
    app: null,
    notices: [],
  }));
  readonly live: LiveState;
  #open: ((snapshot: Snapshot) => void)[] = [];
  #delta: (delta: Delta) => void = () => undefined;
  #status: (status: LinkStatus) => void = () => undefined;

  constructor() {
    this.live = new LiveState(
      {
        invoke: (() => {
          this.asked += 1;
          if (this.answers === "never") return new Promise((resolve) => this.#open.push(resolve));
          if (this.answers === "at once") return Promise.resolve(this.#snapshot());
          return Promise.reject(this.answers);
        }) as never,
        on: ((_event: string, listener: (delta: Delta) => void) => {
          this.#delta = listener;
          return () => undefined;
        }) as never,
        onStatus: (listener) => {
          this.#status = listener;
          listener({ state: "starting", since: START });
          return () => undefined;
        },
      },
      this.store,
      () => this.now,
    );
  }

  get page(): PageState {
    return this.store.getState();
  }

  async link(status: LinkStatus): Promise<void> {
    this.#status(status);
    await settled();
  }

  async up(): Promise<void> {
    await this.link({ state: "up", since: this.now });
  }

  /** The engine, which hung, goes on and answers what it was asked. */
  async wakeUp(): Promise<void> {
    this.answers = "at once";
    for (const resolve of this.#open.splice(0)) resolve(this.#snapshot());
    await settled();
  }

  delta(seq: number): void {
    this.#delta({ seq, at: this.now + this.clockDifference, slices: {} });
  }

  /** Let the page's clock tick once a second, as main.tsx does. */
  async pass(duration: number): Promise<void> {
    for (const end = this.now + duration; this.now < end; ) {
      this.now += SECOND;
      this.live.tick();
      await settled();
    }
  }

  #snapshot(): Snapshot {
    const at = this.now + this.clockDifference;
    return { seq: 1, at, state: earning(at) };
  }
}

describe("LiveState", () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });

  it("knows nothing, and calls nothing stale, before the first snapshot", async () => {
    scene.answers = "never";
    await scene.up();
    await scene.pass(60 * SECOND);
    expect(scene.page).toMatchObject({ engine: null, stale: false });
  });

  it("asks an engine that has nothing to tell, and believes its answer", async () => {
    await scene.up();
    const before = scene.asked;
    await scene.pass(30 * SECOND);
    expect(scene.page.stale).toBe(false);
    expect(scene.asked - before).toBeGreaterThanOrEqual(5);
    expect(scene.asked - before).toBeLessThanOrEqual(Math.ceil((30 * SECOND) / ASK_AFTER));
  });

  it("does not ask an engine that tells something by itself", async () => {
    await scene.up();
    const before = scene.asked;
    for (let seq = 2; seq < 20; seq++) {
      scene.delta(seq);
      await scene.pass(SECOND);
    }
    expect(scene.asked).toBe(before);
  });

  it("calls the data stale when a question stays unanswered, and not before", async () => {
    await scene.up();
    scene.answers = "never";
    await scene.pass(STALE_AFTER);
    expect(scene.page.stale).toBe(false);
    await scene.pass(SECOND);
    expect(scene.page).toMatchObject({ stale: true, heardAt: START });
  });

  it("is true again with the next word from the engine", async () => {
    await scene.up();
    scene.answers = "never";
    await scene.pass(10 * SECOND);
    expect(scene.page.stale).toBe(true);
    await scene.wakeUp();
    expect(scene.page).toMatchObject({ stale: false, heardAt: scene.now });
  });

  it("gives an engine the time to answer a page that slept for an hour", async () => {
    await scene.up();
    scene.now += HOUR; // No tick ran: the machine or the hidden page was asleep.
    scene.answers = "never";
    scene.live.tick();
    expect(scene.page.stale).toBe(false);
    await scene.pass(3 * SECOND);
    expect(scene.page.stale).toBe(true);
  });

  it("dims at once when the link is lost, and stays dim until the new engine has told its state", async () => {
    await scene.up();
    await scene.link({ state: "restarting", since: scene.now, error: null });
    expect(scene.page.stale).toBe(true);
    scene.answers = "never";
    await scene.up();
    expect(scene.page.stale).toBe(true);
  });

  it("shows why an engine that answers gives no state, and asks it again", async () => {
    scene.answers = new AppError({ code: "BAD_OUTPUT", message: "No state", actor: "bug" });
    await scene.up();
    expect(scene.page.snapshotError?.code).toBe("BAD_OUTPUT");
    scene.answers = "at once";
    await scene.pass(2 * SECOND);
    expect(scene.page).toMatchObject({ snapshotError: null, stale: false });
    expect(scene.page.engine).not.toBeNull();
  });

  it("leaves the loss of the engine to the link's own status", async () => {
    scene.answers = engineGone();
    await scene.up();
    expect(scene.page.snapshotError).toBeNull();
  });

  it("counts ages by the engine's clock when that is another machine's", async () => {
    scene.clockDifference = -3 * HOUR;
    await scene.up();
    await scene.pass(2 * SECOND);
    expect(scene.page.now).toBe(START - 3 * HOUR + 2 * SECOND);
  });

  it("moves the page's clock once a second, not once more for what an engine tells in between", async () => {
    await scene.up();
    const moves: number[] = [];
    scene.store.subscribe(({ now }, before) => now !== before.now && moves.push(now));
    // Readings come half-way between two ticks.
    for (let seq = 2; seq <= 11; seq += 1) {
      scene.now += SECOND / 2;
      scene.delta(seq);
      await settled();
      scene.now += SECOND / 2;
      scene.live.tick();
      await settled();
    }
    expect(moves.length).toBe(10);
    expect(moves.at(-1)).toBeGreaterThanOrEqual(scene.now - SECOND);
    // The engine falls silent: the ticks go on.
    await scene.pass(2 * SECOND);
    expect(scene.page.now).toBe(scene.now);
    // A clock that was set back is followed at once.
    scene.now -= HOUR;
    scene.live.tick();
    expect(scene.page.now).toBe(scene.now);
  });

  it("does not take a slow message for another clock", async () => {
    scene.clockDifference = -0.4 * SECOND;
    await scene.up();
    expect(scene.page.now).toBe(START);
  });
});
