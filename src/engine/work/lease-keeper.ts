/** Keeps leases alive before 60 % of their time is gone, and lets go of those whose time is over, or whose ground is gone, before they began. */
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { pause } from "../../shared/wait.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { MarketSession } from "../market/session.ts";
import type { WorkBoard } from "./board.ts";

const TICK = SECOND;
/** While nothing is held; a lease that comes ends the wait. */
const IDLE_TICK = 10 * SECOND;
/** In ticks. */
const JUDGE_AGAIN_EVERY = 5;
const RENEW_AFTER = 0.6;
/** A renewal adds half of the lease's own length (protocols/aicf.md §2.2, QUEUE.md). */
const EXTEND_BY = 0.5;
const RENEW_TIMEOUT = 10 * SECOND;

export class LeaseKeeper {
  readonly #deps: { sessions: readonly MarketSession[]; board: WorkBoard; now: () => number };
  readonly #renewing = new Set<number>();

  constructor(deps: { sessions: readonly MarketSession[]; board: WorkBoard; now: () => number }) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    for (let tick = 1; !signal.aborted; tick += 1) {
      for (const session of this.#deps.sessions) this.#tend(session, signal);
      if (tick % JUDGE_AGAIN_EVERY === 0) this.#deps.board.judgeAgain();
      const { board } = this.#deps;
      if (board.held().length > 0) await pause(TICK, signal);
      else await board.workReady.wait(signal, IDLE_TICK).catch(() => undefined); // Aborted: the loop ends.
    }
  }

  #tend(session: MarketSession, signal: AbortSignal): void {
    const now = this.#deps.now();
    for (const lease of this.#deps.board.held(session.adapter.id)) {
      if (lease.expiresAt === null) continue;
      const unstarted = lease.state === "leased" || lease.state === "admitted";
      if (unstarted && lease.expiresAt <= now) {
        this.#deps.board.close(lease, "expire", "The lease ran out before the job could begin");
      } else if (session.adapter.capabilities.renewableLeases && isDue(lease, lease.expiresAt, now)) {
        this.#renew(session, lease, lease.expiresAt, signal);
      }
    }
  }

  #renew(session: MarketSession, lease: HeldLease, expiresAt: number, signal: AbortSignal): void {
    if (this.#renewing.has(lease.row) || !session.registered) return;
    this.#renewing.add(lease.row);
    const extend = Math.round((expiresAt - lease.grantedAt) * EXTEND_BY);
    session.adapter
      .renew(lease, extend, AbortSignal.any([signal, AbortSignal.timeout(RENEW_TIMEOUT)]))
      .then(
        (until) => this.#deps.board.extend(lease.row, until),
        (thrown) => {
          const lost = thrown instanceof AppError && thrown.code === "LEASE_LOST";
          // A job that has begun goes on: only the answer to its result decides. One that has not is let go.
          if (lost) this.#deps.board.close(lease, "lose", thrown.message);
          else if (!lost && !signal.aborted) session.noteError(thrown);
        },
      )
      .finally(() => this.#renewing.delete(lease.row));
  }
}

function isDue(lease: HeldLease, expiresAt: number, now: number): boolean {
  return expiresAt > now && now >= lease.grantedAt + (expiresAt - lease.grantedAt) * RENEW_AFTER;
}
