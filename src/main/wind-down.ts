/**
 * Work wound down for a while, for an update or before quitting: no more of it is taken, what is held is ended, and
 * afterwards all is as the person had it. It asks the engine and then believes only what the engine's state shows.
 */
import type { EngineStatus } from "../shared/contract/bridge.ts";
import type { RunIntent, State } from "../shared/contract/views.ts";
import { jobsHeld } from "./tray-model.ts";

/** The part of the engine's state that is looked at. */
export interface WorkSeen {
  /** Another one after each start of the engine. */
  readonly life: string;
  readonly intent: RunIntent;
  readonly jobs: number;
}

export function workSeen(status: EngineStatus, state: State | null): WorkSeen | "none" | null {
  if (state === null) return status.state === "failed" ? "none" : null;
  const { startedAt, pid, intent } = state.engine;
  return { life: `${startedAt}-${pid}`, intent, jobs: jobsHeld(state) };
}

export interface WindDownOptions {
  /** null: nobody tells right now. "none": there is no engine, and none is expected. */
  readonly work: () => WorkSeen | "none" | null;
  /** Afterwards `work` knows of it. */
  readonly finish: () => Promise<void>;
  readonly resume: () => Promise<void>;
}

/**
 * ending: `jobs` are held, or the order has not been followed yet. ended: nothing is held and nothing is taken.
 * overruled: somebody wants work taken again. unknown: the engine is away, and may hold jobs that it will end.
 */
export type WindDownState =
  | { readonly state: "ending"; readonly jobs: number }
  | { readonly state: "ended" }
  | { readonly state: "overruled" }
  | { readonly state: "unknown" };

export class WindDown {
  readonly #options: WindDownOptions;
  #isWanted = false;
  /** The engine's life that the order went to. */
  #ordered: string | null = null;
  /** The order is on its way: what is known is from before it. */
  #isOrdering = false;
  /** That life has followed: from now on "running" is somebody's word. */
  #followed = false;

  constructor(options: WindDownOptions) {
    this.#options = options;
  }

  /** Resolves when it was ordered. May be said again. Never rejects: an engine that is away is told when it is back. */
  async begin(): Promise<void> {
    this.#isWanted = true;
    this.#ordered = null;
    await this.#order();
  }

  /** All is as it was before; an engine that is away starts so by itself. Never rejects. */
  async end(): Promise<void> {
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#ordered = null;
    await this.#options.resume().catch(() => undefined);
  }

  /** After each change of the engine's state, until it is ended. */
  look(): WindDownState {
    const now = this.#options.work();
    if (now === null) return { state: "unknown" };
    if (now === "none") return { state: "ended" };
    if (this.#isOrdering) return { state: "ending", jobs: now.jobs };
    if (now.intent === "running") {
      if (now.life === this.#ordered && this.#followed) return { state: "overruled" };
      // An engine that was started again goes on as its person wants it: it has not heard of this.
      if (now.life !== this.#ordered && this.#isWanted) void this.#order();
      return { state: "ending", jobs: now.jobs };
    }
    if (now.life === this.#ordered) this.#followed = true;
    return now.jobs > 0 ? { state: "ending", jobs: now.jobs } : { state: "ended" };
  }

  async #order(): Promise<void> {
    const now = this.#options.work();
    if (now === null || now === "none") return;
    this.#ordered = now.life;
    this.#followed = false;
    this.#isOrdering = true;
    await this.#options.finish().catch(() => {
      // It went away: the next one is told.
      this.#ordered = null;
    });
    this.#isOrdering = false;
  }
}
