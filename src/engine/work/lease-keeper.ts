/** Keeps leases alive before 60 % of their time is gone, and lets go of those whose time is over, or whose ground is gone, before they began. */
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { pause, toBeat } from "../../shared/wait.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { MarketSession } from "../market/session.ts";
import type { WorkBoard } from "./board.ts";

const TICK = SECOND;
/** While nothing is held; a lease that comes ends the wait. */
const IDLE_TICK = 30 * SECOND;
/** In ticks. */
const JUDGE_AGAIN_EVERY = 5;
const RENEW_AFTER = 0.6;
/** A renewal adds half of the lease's own length (protocols/aicf.md §2.2, QUEUE.md). */
const EXTEND_BY = 0.5;
const RENEW_TIMEOUT = 10 * SECOND;
/** A renewal that brought nothing is tried again when this share of the time left is gone. */
const TRY_AGAIN_AFTER = 0.25;
/** Clocks that are kept right move by less. */
const CLOCK_STEP = 2 * SECOND;

type KeptSession = Pick<
  MarketSession,
  "adapter" | "registered" | "restraint" | "askForLeases" | "noteError" | "noteAnswered" | "noteOver"
>;

export interface LeaseKeeperDeps {
  readonly sessions: readonly KeptSession[];
  readonly board: WorkBoard;
  /** Unix ms. */
  readonly now: () => number;
  /** By a clock that only goes on, ms. */
  readonly steady?: () => number;
}

export class LeaseKeeper {
  readonly #deps: LeaseKeeperDeps;
  /** By the lease's row. */
  readonly #renewing = new Map<number, Promise<void>>();
  /** By the lease's row: not to be asked for before this, unix ms. */
  readonly #notBefore = new Map<number, number>();
  /** Rows whose last renewal the market did not answer, by their session. */
  readonly #unanswered = new Map<KeptSession, Set<number>>();
  /** The rows held at the last look. */
  #held: ReadonlySet<number> = new Set();
  /** The clock less the one that only goes on, at the last look, ms. */
  #offset: number | null = null;
  /** A renewal ended in a way nobody can wait out: the ledger itself failed. */
  #failure: { readonly cause: unknown } | null = null;

  constructor(deps: LeaseKeeperDeps) {
    this.#deps = deps;
  }

  /** Runs until `signal` aborts; renewals under way are waited for (they carry the same signal). */
  async run(signal: AbortSignal): Promise<void> {
    const { board } = this.#deps;
    for (let tick = 1; !signal.aborted; tick += 1) {
      if (this.#failure !== null) throw this.#failure.cause;
      this.look(signal);
      if (tick % JUDGE_AGAIN_EVERY === 0) board.judgeAgain();
      if (board.held().length > 0) await pause(TICK, signal);
      else await board.workReady.wait(signal, toBeat(IDLE_TICK)).catch(() => undefined); // Aborted: the loop ends.
    }
    await this.settled();
  }

  /** Tends every lease once; does not wait for the renewals it begins. */
  look(signal: AbortSignal): void {
    const { board, sessions } = this.#deps;
    const now = this.#deps.now();
    const offset = now - (this.#deps.steady ?? steadily)();
    const step = offset - (this.#offset ?? offset);
    if (Math.abs(step) >= CLOCK_STEP) this.#followClock(step);
    this.#offset = offset;
    for (const session of sessions) this.#tend(session, now, signal);
    const held = new Set(board.held().map(({ row }) => row));
    this.#held = held;
    for (const row of this.#notBefore.keys()) if (!held.has(row)) this.#notBefore.delete(row);
    for (const [session, rows] of this.#unanswered) {
      for (const row of rows) if (!held.has(row)) rows.delete(row);
      if (rows.size === 0) session.noteOver("renew");
    }
  }

  /** Resolves when every renewal that was begun is answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#renewing.values());
  }

  /**
   * The clock was set: what was reckoned by it moves with it, and not what came since. Forward it may also be that the
   * machine slept, which looks the same: the market knows which of its leases still stand.
   */
  #followClock(step: number): void {
    const { board, sessions } = this.#deps;
    this.#notBefore.clear();
    for (const { row, expiresAt } of board.held())
      if (expiresAt !== null && this.#held.has(row)) board.extend(row, expiresAt + step);
    if (step > 0)
      for (const session of sessions) if (board.count(session.adapter.id) > 0) session.askForLeases();
  }

  #tend(session: KeptSession, now: number, signal: AbortSignal): void {
    for (const lease of this.#deps.board.held(session.adapter.id)) {
      const { expiresAt } = lease;
      if (expiresAt === null) continue;
      const unstarted = lease.state === "leased" || lease.state === "admitted";
      if (unstarted && expiresAt <= now) {
        this.#deps.board.close(lease, "expire", "The lease ran out before the job could begin");
      } else if (session.adapter.capabilities.renewableLeases && this.#isDue(lease, expiresAt, now)) {
        const mayAsk = session.registered && session.restraint.left("renew") === 0;
        if (mayAsk) this.#renew(session, lease, expiresAt, signal);
      }
    }
  }

  #isDue({ row, lengthMs }: HeldLease, expiresAt: number, now: number): boolean {
    if (this.#renewing.has(row) || now < (this.#notBefore.get(row) ?? 0)) return false;
    return expiresAt > now && expiresAt - now <= (1 - RENEW_AFTER) * (lengthMs ?? 0);
  }

  #renew(session: KeptSession, lease: HeldLease, expiresAt: number, signal: AbortSignal): void {
    const { row } = lease;
    const renewal = this.#ask(session, lease, signal)
      .then((until) => {
        if (until !== null) this.#deps.board.extend(row, until);
        if (until === null || until <= expiresAt) this.#wait(row, expiresAt);
      })
      .catch((cause: unknown) => {
        this.#failure ??= { cause };
      })
      .finally(() => this.#renewing.delete(row));
    this.#renewing.set(row, renewal);
  }

  /** The new expiry, unix ms; null: there is none. */
  async #ask(session: KeptSession, lease: HeldLease, signal: AbortSignal): Promise<number | null> {
    const extend = Math.round((lease.lengthMs ?? 0) * EXTEND_BY);
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(RENEW_TIMEOUT)]);
      const until = await session.adapter.renew(lease, extend, within);
      this.#unanswered.get(session)?.delete(lease.row);
      session.noteAnswered("renew");
      return until;
    } catch (thrown) {
      if (signal.aborted) return null;
      if (thrown instanceof AppError && thrown.code === "LEASE_LOST") {
        // A job that has begun goes on: only the answer to its result decides. One that has not is let go.
        this.#deps.board.close(lease, "lose", thrown.message);
        this.#notBefore.set(lease.row, Number.POSITIVE_INFINITY);
      } else {
        const wait = thrown instanceof AppError ? (thrown.retryAfterMs ?? 0) : 0;
        this.#notBefore.set(lease.row, this.#deps.now() + wait);
        this.#unanswered.set(session, (this.#unanswered.get(session) ?? new Set()).add(lease.row));
        session.noteError(thrown, "renew");
      }
      return null;
    }
  }

  /** It won no time: it is asked for again when a share of what is left is gone. */
  #wait(row: number, expiresAt: number): void {
    const now = this.#deps.now();
    const next = now + (expiresAt - now) * TRY_AGAIN_AFTER;
    this.#notBefore.set(row, Math.max(next, this.#notBefore.get(row) ?? 0));
  }
}

function steadily(): number {
  return performance.now();
}
