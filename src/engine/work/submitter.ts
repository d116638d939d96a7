/**
 * Delivers the outbox of one market: results, failures, returns. A result is tried, under one key, until the market
 * has answered; what an answer means is the adapter's word, what follows from it the board's.
 */
import { MIB, MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, toErrorValue, unreachable } from "../../shared/errors.ts";
import { backoffMs, type Pace, toBeat, withinTime } from "../../shared/wait.ts";
import { isLedgerFailure } from "../ledger/database.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { OutboxItem } from "../ledger/outbox.ts";
import { LEAST_WAIT } from "../market/pace.ts";
import type { MarketSession } from "../market/session.ts";
import { uploadMs } from "../market/slow-line.ts";
import type { WorkBoard } from "./board.ts";

/** Bytes of an output. Two big ones would share the line and both come late; small ones pass a big one by. */
const BIG = MIB;
const LANES = {
  small: { from: 0, to: BIG, parallel: 4 },
  big: { from: BIG, to: Number.MAX_SAFE_INTEGER, parallel: 1 },
} as const;
type Lane = keyof typeof LANES;
/** Of the time: how long at most the outbox is searched for what no lane has room for. */
const SEARCH_SHARE = 0.02;
/** What is to be sent rings; this is for what nobody rang for. */
const EMPTY_LOOK = 30 * SECOND;
/** While something waits for its time. */
const WAITING_LOOK = 10 * SECOND;
/** An adapter has its own limits; these are for one that never ends. */
const COURTESY_TIMEOUT = 30 * SECOND;
const RESULT_TIMEOUT = 90 * SECOND;
/** The looks before it, and an encoding that makes more of the bytes. */
const UPLOADS = 2;
/** Whoever loses a market loses it with all its other workers: the whole wait is left to chance (docs/scaling.md). */
export const RETRY: Pace = { base: SECOND / 2, cap: 30 * SECOND, jitter: 1, least: LEAST_WAIT };
/** A market that can't take a return or a failure report is asked again for this long, then left alone. */
const COURTESY_LIMIT = 10 * MINUTE;

export interface SubmitterDeps {
  readonly session: Pick<
    MarketSession,
    | "adapter"
    | "registered"
    | "reachable"
    | "restraint"
    | "noteAccepted"
    | "noteError"
    | "noteAnswered"
    | "noteOver"
  >;
  readonly board: WorkBoard;
  readonly ledger: Ledger;
  /** Unix ms. */
  readonly now: () => number;
}

interface Delivery {
  readonly lane: Lane;
  readonly done: Promise<void>;
}

export class Submitter {
  readonly #deps: SubmitterDeps;
  /** By the lease's row. */
  readonly #inFlight = new Map<number, Delivery>();
  /** Unix ms. */
  #lastLook = Number.NEGATIVE_INFINITY;
  /** Nothing big was due; looked for again after this, by a clock that only goes on, ms. */
  #noBigUntil = 0;
  /** A delivery ended in a way nobody can wait out: the ledger itself failed. */
  #failure: { readonly cause: unknown } | null = null;

  constructor(deps: SubmitterDeps) {
    this.#deps = deps;
  }

  /** Runs until `signal` aborts; what is in flight then is waited for (it carries the same signal). */
  async run(signal: AbortSignal): Promise<void> {
    const { board, ledger, session, now } = this.#deps;
    const { id } = session.adapter;
    while (!signal.aborted) {
      if (this.#failure !== null) throw this.#failure.cause;
      // What waits for a time by a clock that was set back would wait for hours.
      if (now() < this.#lastLook) ledger.outbox.retryAllNow(id, now());
      this.#lastLook = now();
      if (session.registered) this.#startDue(signal);
      const nextAt = ledger.outbox.nextAt(id);
      if (nextAt === null && this.#inFlight.size === 0) {
        session.noteOver("submit");
        await board.outboxFilled.wait(signal, toBeat(EMPTY_LOOK)).catch(() => undefined); // Aborted: the loop ends.
        continue;
      }
      // In-flight rows stay due until answered: wait for one of them, not for the clock.
      const wait =
        nextAt === null || nextAt <= now() ? SECOND : Math.min(Math.max(1, nextAt - now()), WAITING_LOOK);
      await Promise.race([
        board.outboxFilled.wait(signal, wait),
        session.reachable.wait(signal, wait),
        ...[...this.#inFlight.values()].map(({ done }) => done),
      ]).catch(() => undefined);
    }
    await Promise.all([...this.#inFlight.values()].map(({ done }) => done));
  }

  #startDue(signal: AbortSignal): void {
    if (this.#deps.session.restraint.left("submit") > 0) return;
    this.#start("small", signal);
    const began = performance.now();
    if (this.#room("big") === 0 || began < this.#noBigUntil) return;
    if (this.#start("big", signal) > 0) return;
    // Among thousands of small ones this takes its time, and after each of them it would be done again.
    const took = performance.now() - began;
    this.#noBigUntil = began + took / SEARCH_SHARE;
  }

  #room(lane: Lane): number {
    const taken = [...this.#inFlight.values()].filter((delivery) => delivery.lane === lane);
    return LANES[lane].parallel - taken.length;
  }

  /** Returns how many it started. */
  #start(lane: Lane, signal: AbortSignal): number {
    const { ledger, session, now } = this.#deps;
    const room = this.#room(lane);
    if (room === 0) return 0;
    const { outbox } = ledger;
    const due = outbox
      .due(session.adapter.id, now(), LANES[lane].parallel + this.#inFlight.size, LANES[lane])
      .filter(({ row }) => !this.#inFlight.has(row))
      .slice(0, room);
    for (const item of due) {
      const done = this.#deliver(item, signal)
        .catch((cause: unknown) => {
          this.#failure ??= { cause };
        })
        .finally(() => this.#inFlight.delete(item.row));
      this.#inFlight.set(item.row, { lane, done });
    }
    return due.length;
  }

  async #deliver(item: OutboxItem, signal: AbortSignal): Promise<void> {
    try {
      const answered = await withinTime(timeoutOf(item), signal, (within) => this.#send(item, within));
      if (answered) this.#deps.session.noteAnswered("submit");
    } catch (thrown) {
      if (thrown instanceof AppError && isLedgerFailure(thrown.code)) throw thrown;
      if (signal.aborted) return; // The row stays; the next start sends it again.
      this.#retryLater(item, thrown);
    }
  }

  /** false: it is given up without an answer. */
  async #send(item: OutboxItem, signal: AbortSignal): Promise<boolean> {
    switch (item.kind) {
      case "result":
        await this.#sendResult(item, signal);
        return true;
      case "fail":
      case "return":
        return await this.#sendCourtesy(item, signal);
      default:
        unreachable(item.kind);
    }
  }

  async #sendResult(item: OutboxItem, signal: AbortSignal): Promise<void> {
    const { board, ledger, session } = this.#deps;
    const lease = ledger.leases.get(item.row);
    const result = ledger.results.get(item.row);
    const output = ledger.results.output(item.row);
    const receipt = result?.receipt ?? null;
    if (result === null || receipt === null || output === null) {
      throw new AppError({
        code: "RESULT_MISSING",
        message: `No stored result for lease ${lease.leaseId}`,
        actor: "bug",
      });
    }
    board.markSubmitting(item.row);
    const outcome = await session.adapter.submit(
      {
        leaseId: lease.leaseId,
        jobId: lease.jobId,
        model: lease.model,
        idempotencyKey: item.idempotencyKey,
        output,
        sha3_512: result.sha3_512,
        sha3_256: result.sha3_256,
        shape: result.shape,
        receipt,
        computeMs: result.computeMs,
        device: lease.device ?? "unknown",
        resend: item.firstSentAt !== null,
      },
      signal,
    );
    board.settleSubmission(item.row, outcome);
    if (outcome.kind === "accepted") session.noteAccepted();
  }

  /** Failures and returns: told for the market's sake; it may have forgotten the lease already, which is fine too. */
  async #sendCourtesy(item: OutboxItem, signal: AbortSignal): Promise<boolean> {
    const { ledger, now, session } = this.#deps;
    let answered = true;
    const lease = ledger.leases.get(item.row);
    ledger.outbox.markSending(item.row, now());
    try {
      if (item.kind === "return") await session.adapter.giveBack(lease, item.message ?? "returned", signal);
      else await session.adapter.fail(lease, JSON.parse(item.message ?? "{}"), signal);
    } catch (thrown) {
      const refused = thrown instanceof AppError && thrown.actor === "market" && !thrown.retryable;
      const old = item.firstSentAt !== null && now() - item.firstSentAt > COURTESY_LIMIT;
      if (!refused && !old) throw thrown;
      answered = refused;
      const detail = { ...toErrorValue(thrown), told: item.kind };
      ledger.audit("market-error", now(), detail, { market: item.market, row: item.row });
    }
    ledger.outbox.remove(item.row);
    return answered;
  }

  #retryLater(item: OutboxItem, thrown: unknown): void {
    const { ledger, now, session } = this.#deps;
    const after = thrown instanceof AppError ? (thrown.retryAfterMs ?? 0) : 0;
    ledger.outbox.retryAt(item.row, now() + Math.max(after, backoffMs(item.attempts + 1, RETRY)));
    // The heartbeat finds out by itself that the market forgot us, and registers again.
    if (!(thrown instanceof AppError && thrown.code === "NOT_REGISTERED"))
      session.noteError(thrown, "submit");
  }
}

/** ms */
function timeoutOf({ kind, bytes }: OutboxItem): number {
  return kind === "result" ? RESULT_TIMEOUT + UPLOADS * uploadMs(bytes) : COURTESY_TIMEOUT;
}
