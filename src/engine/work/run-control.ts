/** What the person wants, and how the engine follows: start, pause, finish, stop. The wish survives a restart. */
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
  #intent: RunIntent;
  #taking = new AbortController();

  constructor(deps: RunControlDeps, startAs: EngineConfig["startAs"]) {
    this.#deps = deps;
    const left = RunIntentSchema.safeParse(deps.ledger.setting(SETTING));
    // "finishing" was on its way to stopped when the engine ended: it does not begin to take work again by itself.
    const resumed = left.success && left.data === "finishing" ? "stopped" : left.data;
    this.#intent = startAs === "as-left" ? (resumed ?? "stopped") : startAs;
    // Written down now, so that a crash before the first change does not lose it.
    deps.ledger.setSetting(SETTING, this.#intent);
    if (this.#intent !== "running") this.#taking.abort(new DOMException("Not taking work", "AbortError"));
    deps.board.onChange(() => this.#finishWhenEmpty());
  }

  get intent(): RunIntent {
    return this.#intent;
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
    return this.#set("running");
  }

  pause(): RunIntent {
    this.#set("paused");
    this.#deps.board.giveBack("Paused by the provider", { running: false });
    return this.#intent;
  }

  finish(): RunIntent {
    if (this.#intent !== "stopped") this.#set("finishing");
    this.#finishWhenEmpty();
    return this.#intent;
  }

  stop(): RunIntent {
    this.#set("stopped");
    this.#deps.board.giveBack("Stopped by the provider", { running: true });
    this.#deps.killRuntimes();
    return this.#intent;
  }

  /** The process ends: take nothing more, but leave the wish as it is for the next start. */
  suspend(): void {
    if (this.#intent === "running") this.#intent = "paused";
    this.#taking.abort(new DOMException("Not taking work", "AbortError"));
    this.changed.ring();
  }

  #finishWhenEmpty(): void {
    if (this.#intent === "finishing" && this.#deps.board.count() === 0) this.#set("stopped");
  }

  #set(intent: RunIntent): RunIntent {
    if (intent === this.#intent) return intent;
    const from = this.#intent;
    this.#intent = intent;
    if (intent === "running") this.#taking = new AbortController();
    else this.#taking.abort(new DOMException("Not taking work", "AbortError"));
    this.#deps.ledger.setSetting(SETTING, intent);
    this.#deps.ledger.audit("intent-changed", this.#deps.now(), { from, to: intent });
    this.changed.ring();
    for (const listener of this.#listeners) listener();
    return intent;
  }
}
