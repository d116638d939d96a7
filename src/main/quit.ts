/** Quitting: asked for by a person it is asked back while jobs are held; once begun, it ends in order or at its deadline. */
import { app } from "electron";
import { SECOND } from "../shared/durations.ts";
import { delay } from "../shared/wait.ts";
import type { QuitAnswer } from "./ask.ts";
import type { WindDown } from "./wind-down.ts";

export interface OrderlyQuit {
  readonly end: () => Promise<void>;
  /** After the deadline nothing is waited for: end everything hard. */
  readonly kill: () => void;
  readonly within: number;
  readonly log: (line: string) => void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The first wish to quit starts an orderly end, which then quits. */
export function quitInOrder({ end, kill, within, log }: OrderlyQuit): void {
  let state: "running" | "ending" | "ended" = "running";
  // Electron's own handlers take the first signal only, and the second would kill: a Ctrl-C may come twice, from the terminal and
  // passed on by whoever started us.
  for (const signal of SIGNALS) process.on(signal, () => app.quit());
  app.on("before-quit", (event) => {
    if (state === "ended") return;
    event.preventDefault();
    if (state === "ending") return;
    state = "ending";
    log("Stopping…");
    const deadline = setTimeout(() => {
      kill();
      app.exit(1);
    }, within);
    end()
      .catch((thrown: unknown) => log(`quit: ${String(thrown)}`))
      .finally(() => {
        clearTimeout(deadline);
        state = "ended";
        log("Ended.");
        // Not within the event: Electron takes no wish to quit while it carries out the cancelling of one.
        setImmediate(() => app.quit());
      });
  });
}

/** An engine that is slow to say what it holds keeps nobody from quitting. */
const ENGINE_TELLS_WITHIN = SECOND;

export interface QuitWishOptions {
  /** What main was told last may be a moment old: the engine is asked. Never rejects. */
  readonly lookAgain: () => Promise<void>;
  readonly jobsHeld: () => number;
  readonly ask: (held: number) => Promise<QuitAnswer>;
  readonly windDown: Pick<WindDown, "begin" | "look">;
  readonly quit: () => void;
}

/** A person's wish to quit, from tray, menu or window. What is to be at the next start is no part of it: that stays. */
export class QuitWish {
  readonly #options: QuitWishOptions;
  #asking = false;
  #afterFinish = false;

  constructor(options: QuitWishOptions) {
    this.#options = options;
  }

  async want(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const answer = await this.#answer().finally(() => {
      this.#asking = false;
    });
    const { windDown, quit } = this.#options;
    if (answer === "now") quit();
    if (answer !== "finish") return;
    this.#afterFinish = true;
    await windDown.begin();
    this.follow();
  }

  /** Asked only while jobs are held: else nothing stands against it. */
  async #answer(): Promise<QuitAnswer> {
    const { lookAgain, jobsHeld, ask } = this.#options;
    await Promise.race([lookAgain(), delay(ENGINE_TELLS_WITHIN)]);
    const held = jobsHeld();
    return held === 0 ? "now" : await ask(held);
  }

  /** After every change of the engine's state: work taken again means that nobody wants to quit any more. */
  follow(): void {
    if (!this.#afterFinish) return;
    const { state } = this.#options.windDown.look();
    if (state === "overruled") this.#afterFinish = false;
    if (state !== "ended") return;
    this.#afterFinish = false;
    this.#options.quit();
  }
}
