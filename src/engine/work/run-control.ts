/**
 * What the person wants, and how the engine follows: start, pause, finish, stop. The wish survives a restart. For a while
 * (an update, a quit that waits for its jobs) work may be wound down without the person's wish being another one.
 */
import type { EngineConfig } from "../../shared/config.ts";
import { type RunIntent, RunIntentSchema } from "../../shared/contract/views.ts";
import { Wakeup } from "../../shared/wait.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { WorkBoard } from "./board.ts";

const SETTING = "run.intent";

export interface RunControlDeps {
  readonly ledger: Ledger;
  readonly board: WorkBoard;
  readonly now: () => number;
  /** End every runtime process at once: `stop` means the GPU is free within seconds. */
  readonly killRuntimes: () => void;
}

export class RunControl {
  readonly changed = new Wakeup();
  readonly #deps: RunControlDeps;
  readonly #listeners = new Set<() => void>();
  /** What the person wants: written down, and what the next start goes on with. */
  #wish: RunIntent;
  /** What holds now. Not the wish: only while work that is wished for is wound down for a while, or the process ends. */
  #intent: RunIntent;
  #forAWhile = false;
  #taking = new AbortController();

  constructor(deps: RunControlDeps, startAs: EngineConfig["startAs"]) {
    this.#deps = deps;
    const left = RunIntentSchema.safeParse(deps.ledger.setting(SETTING));
    // "finishing" was on its way to stopped when the engine ended: it does not begin to take work again by itself.
    const resumed = left.success && left.data === "finishing" ? "stopped" : left.data;
    // In a ledger where nobody has pressed Start, nothing starts by itself.
    this.#wish = startAs === "as-left" ? (resumed ?? "paused") : startAs;
    this.#intent = this.#wish;
    // Written down now, so that a crash before the first change does not lose it.
    deps.ledger.setSetting(SETTING, this.#wish);
    if (this.#intent !== "running") this.#taking.abort(new DOMException("Not taking work", "AbortError"));
    deps.board.onChange(() => this.#finishWhenEmpty());
  }

  get intent(): RunIntent {
    return this.#intent;
  }

  get wish(): RunIntent {
    return this.#wish;
  }

  /** Aborts when new work must no longer be taken; a fresh signal follows each start. */
  get takingSignal(): AbortSignal {
    return this.#taking.signal;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): RunIntent {
    return this.#want("running");
  }

  pause(): RunIntent {
    this.#want("paused");
    this.#deps.board.giveBack("Paused by the provider", { running: false });
    return this.#intent;
  }

  finish(): RunIntent {
    if (this.#wish !== "stopped") this.#want("finishing");
    this.#finishWhenEmpty();
    return this.#intent;
  }

  stop(): RunIntent {
    this.#want("stopped");
    this.#deps.board.giveBack("Stopped by the provider", { running: true });
    this.#deps.killRuntimes();
    return this.#intent;
  }

  /** As `finish`, until `resume` or the next start: the wish stays. Where no work is taken there is nothing to do. */
  windDown(): RunIntent {
    if (this.#intent !== "running") return this.#intent;
    this.#forAWhile = true;
    this.#audit("finishing");
    this.#turn("finishing");
    this.#finishWhenEmpty();
    return this.#intent;
  }

  /** Ends `windDown`; nothing else: what the person has said meanwhile holds. */
  resume(): RunIntent {
    if (!this.#forAWhile) return this.#intent;
    this.#forAWhile = false;
    this.#audit("running");
    this.#turn("running");
    return this.#intent;
  }

  /** The process ends: take nothing more, but leave the wish as it is for the next start. */
  suspend(): void {
    if (this.#intent === "running") this.#intent = "paused";
    this.#taking.abort(new DOMException("Not taking work", "AbortError"));
    this.changed.ring();
  }

  /** The process ends, and work is to be taken from its next start on. */
  startNextTime(): void {
    this.suspend();
    if (this.#wish === "running") return;
    this.#deps.ledger.audit("intent-changed", this.#deps.now(), { from: this.#wish, to: "running" });
    this.#wish = "running";
    this.#deps.ledger.setSetting(SETTING, this.#wish);
  }

  #finishWhenEmpty(): void {
    if (this.#intent !== "finishing" || this.#deps.board.count() > 0) return;
    // The markets go on hearing that this provider is alive: nobody knows how long the while is.
    if (this.#forAWhile) this.#turn("paused");
    else this.#want("stopped");
  }

  #want(intent: RunIntent): RunIntent {
    this.#forAWhile = false;
    if (intent === this.#wish && intent === this.#intent) return intent;
    this.#audit(intent);
    this.#wish = intent;
    this.#deps.ledger.setSetting(SETTING, intent);
    this.#turn(intent);
    return intent;
  }

  #audit(to: RunIntent): void {
    const from = this.#intent;
    if (from !== to) this.#deps.ledger.audit("intent-changed", this.#deps.now(), { from, to });
  }

  #turn(intent: RunIntent): void {
    if (intent === this.#intent) return;
    this.#intent = intent;
    if (intent === "running") this.#taking = new AbortController();
    else this.#taking.abort(new DOMException("Not taking work", "AbortError"));
    this.changed.ring();
    for (const listener of this.#listeners) listener();
  }
}
