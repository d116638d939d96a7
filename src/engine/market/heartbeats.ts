/** Tells the market that we live, what we hold and what we can take: at the pace it asks for, sooner after one that failed. */
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { Moment } from "../../shared/moment.ts";
import type { MarketLink, SessionDeps } from "./market-link.ts";
import { heartbeatWait, rethrowUnlessRetryable, within } from "./pace.ts";

const DEFAULT = 10 * SECOND;
/** Never slower than this, whatever the market says: a status older than this is no status. */
const SLOWEST = MINUTE;

export interface HeartbeatListener {
  /** One is about to be sent. */
  due(): void;
  /** `health`: the market's opinion of this provider, in its own word; null: none. */
  answered(health: string | null): void;
}

export class Heartbeats {
  readonly #deps: SessionDeps;
  readonly #link: MarketLink;
  readonly #listener: HeartbeatListener;
  #lastAck: Moment | null = null;
  #intervalMs: number | null = null;

  constructor(deps: SessionDeps, link: MarketLink, listener: HeartbeatListener) {
    this.#deps = deps;
    this.#link = link;
    this.#listener = listener;
  }

  /** When the last one was answered, unix ms; null: none was. */
  get lastAckAt(): number | null {
    return this.#lastAck?.at(this.#deps.now()) ?? null;
  }

  /** What the market asks for; null before the first one. */
  get intervalMs(): number | null {
    return this.#intervalMs;
  }

  /** Runs until the signal aborts; the first one is due after an interval. */
  async run(signal: AbortSignal): Promise<never> {
    const { control } = this.#deps;
    for (let failures = 0; ; ) {
      // A fleet started together does not beat together. A change of intent is told at once.
      await control.changed.wait(signal, heartbeatWait(this.#intervalMs ?? DEFAULT, failures));
      await this.#link.restraint.over("heartbeat", signal);
      // A provider that was stopped is not online, and does not claim to be.
      if (control.intent === "stopped") {
        this.#link.noteOver("heartbeat");
        continue;
      }
      try {
        this.#listener.due();
        this.#listener.answered(await this.beat(signal));
        failures = 0;
      } catch (thrown) {
        rethrowUnlessRetryable(thrown, signal);
        this.#link.noteError(thrown, "heartbeat");
        failures += 1;
      }
    }
  }

  /** One, now. Returns the health that the market answers with. */
  async beat(signal: AbortSignal): Promise<string | null> {
    const { adapter, board, control, ledger, now, profile, quota } = this.#deps;
    const about = profile();
    const capacity = control.intent === "running" ? quota() : 0;
    const load = { inflight: board.count(adapter.id), capacity, profile: about };
    const ack = await adapter.heartbeat(load, within(signal));
    const at = now();
    this.#lastAck = new Moment(at);
    ledger.service.recordHeartbeat(adapter.id, at, capacity);
    this.#intervalMs = Math.min(ack.intervalMs ?? DEFAULT, SLOWEST);
    return ack.health;
  }
}
