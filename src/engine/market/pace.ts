/** How often a market is asked and how long each question may take: the waits of a session, spread so that a fleet does not keep step. */
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, isAbort } from "../../shared/errors.ts";
import { backoffMs, type Pace } from "../../shared/wait.ts";
import { isLedgerFailure } from "../ledger/database.ts";

/** Where nobody listens a refusal takes no time: not asked again before this. */
export const LEAST_WAIT = SECOND / 4;
/** All workers of a market lose it at the same moment: they come back spread over the whole wait (docs/scaling.md). */
export const RETRY: Pace = { base: SECOND, cap: 10 * SECOND, jitter: 1, least: LEAST_WAIT };
export const RETRY_REFUSED: Pace = { base: 5 * SECOND, cap: MINUTE };
const LONG_POLL = 20 * SECOND;
const REQUEST_TIMEOUT = 30 * SECOND;
/** What a market pushes it pushes to everybody at once: each waits a part of this before it asks. */
const MONEY_SPREAD = 10 * SECOND;

/** How long a market may hold a poll, ms. Not the same for all: workers that began together would ask together for ever. */
export function longPollWait(random: () => number = Math.random): number {
  return Math.round(LONG_POLL * (0.7 + 0.3 * random()));
}

/**
 * The next heartbeat comes up to a fifth early, never late: ms. `failures`: so many before it failed, one after the other;
 * then it is tried sooner than it is due, at the pace of `retry`.
 */
export function heartbeatWait(
  interval: number,
  failures: number,
  random: () => number = Math.random,
  retry: Pace = RETRY,
): number {
  const due = interval * (0.8 + 0.2 * random());
  return failures === 0 ? due : Math.min(due, backoffMs(failures, retry, random));
}

/** From the news that money moved to the look at the books, ms: an epoch ends for all workers in the same moment. */
export function moneyWait(random: () => number = Math.random): number {
  return Math.round(MONEY_SPREAD * random());
}

/** A call's own time limit on top of the life it belongs to. */
export function within(signal: AbortSignal, ms = REQUEST_TIMEOUT): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

/** For a poll that the market may hold open so long. */
export function withinPoll(signal: AbortSignal, waitMs: number): AbortSignal {
  return within(signal, waitMs + REQUEST_TIMEOUT);
}

/** What the market asked to be left alone for, ms. */
export function retryAfter(thrown: unknown): number {
  return thrown instanceof AppError ? (thrown.retryAfterMs ?? 0) : 0;
}

/** NOT_REGISTERED and what nobody foresaw end this life of the session; the rest is waited out inside it. */
export function rethrowUnlessRetryable(thrown: unknown, signal: AbortSignal): void {
  if (signal.aborted) throw thrown;
  if (isAbort(thrown)) return; // A call's time limit: the market did not answer.
  if (!(thrown instanceof AppError) || thrown.code === "NOT_REGISTERED" || thrown.actor === "user")
    throw thrown;
  if (thrown.actor === "bug" || isLedgerFailure(thrown.code)) throw thrown;
}
