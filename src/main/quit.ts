/** Quitting: asked for by a person it is asked back while jobs are held; once begun, it ends in order or at its deadline. */
import { app } from "electron";
import type { QuitAnswer } from "./ask.ts";

export interface OrderlyQuit {
  readonly end: () => Promise<void>;
  /** After the deadline nothing is waited for: end everything hard. */
  readonly kill: () => void;
  readonly within: number;
  readonly log: (line: string) => void;
}

/** The first wish to quit starts an orderly end, which then quits. */
export function quitInOrder({ end, kill, within, log }: OrderlyQuit): void {
  let state: "running" | "ending" | "ended" = "running";
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

export interface QuitWishOptions {
  readonly jobsHeld: () => number;
  readonly ask: (held: number) => Promise<QuitAnswer>;
  readonly finishWork: () => Promise<void>;
  readonly quit: () => void;
}

/** A person's wish to quit, from tray, menu or window. */
export class QuitWish {
  readonly #options: QuitWishOptions;
  #asking = false;
  /** ordered: the engine's state may still be from before the order. seen: it has followed. */
  #afterFinish: "no" | "ordered" | "seen" = "no";

  constructor(options: QuitWishOptions) {
    this.#options = options;
  }

  async want(): Promise<void> {
    const { jobsHeld, ask, finishWork, quit } = this.#options;
    if (this.#asking) return;
    const held = jobsHeld();
    if (held === 0) {
      quit();
      return;
    }
    this.#asking = true;
    const answer = await ask(held).finally(() => {
      this.#asking = false;
    });
    if (answer === "now") quit();
    if (answer !== "finish") return;
    this.#afterFinish = "ordered";
    await finishWork();
  }

  /** With the engine's intent after every change: work taken again means that nobody wants to quit any more. */
  follow(intent: string | null): void {
    if (this.#afterFinish === "no" || intent === null) return;
    if (intent === "running") {
      if (this.#afterFinish === "seen") this.#afterFinish = "no";
      return;
    }
    this.#afterFinish = "seen";
    if (this.#options.jobsHeld() > 0) return;
    this.#afterFinish = "no";
    this.#options.quit();
  }
}
