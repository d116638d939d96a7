/**
 * Delivers the outbox of one market: results, failures, returns. A result is tried, under one key, until the market
 * has answered; what an answer means is the adapter's word, what follows from it the board's.
 */
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, toErrorValue, unreachable } from "../../shared/errors.ts";
import { backoffMs } from "../../shared/wait.ts";
import { LEDGER_FAILED } from "../ledger/database.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { OutboxItem } from "../ledger/outbox.ts";
import type { MarketSession } from "../market/session.ts";
import type { WorkBoard } from "./board.ts";

const PARALLEL = 4;
/** What is to be sent rings; this is for what nobody rang for. */
const EMPTY_LOOK = 10 * SECOND;
const SEND_TIMEOUT = 30 * SECOND;
const RETRY = { base: 300, cap: 30 * SECOND };
/** A market that can't take a return or a failure report is asked again for this long, then left alone. */
const COURTESY_LIMIT = 10 * MINUTE;

export interface SubmitterDeps {
  readonly session: MarketSession;
  readonly board: WorkBoard;
  readonly ledger: Ledger;
  readonly now: () => number;
}

export class Submitter {
  readonly #deps: SubmitterDeps;
  readonly #inFlight = new Map<number, Promise<void>>();
  /** A delivery ended in a way nobody can wait out: the ledger itself failed. */
  #failure: { readonly cause: unknown } | null = null;

  constructor(deps: SubmitterDeps) {
    this.#deps = deps;
  }

  /** Runs until `signal` aborts; what is in flight then is waited for (it carries the same signal). */
  async run(signal: AbortSignal): Promise<void> {
    const { board, ledger, session, now } = this.#deps;
    while (!signal.aborted) {
      if (this.#failure !== null) throw this.#failure.cause;
      if (session.registered) this.#startDue(signal);
      const nextAt = ledger.outbox.nextAt(session.adapter.id);
      if (nextAt === null && this.#inFlight.size === 0) {
        await board.outboxFilled.wait(signal, EMPTY_LOOK).catch(() => undefined); // Aborted: the loop ends.
        continue;
      }
      // In-flight rows stay due until answered: wait for one of them, not for the clock.
      const idle = nextAt === null || this.#inFlight.size >= PARALLEL || nextAt <= now();
      const wait = idle ? SECOND : Math.max(1, nextAt - now());
      await Promise.race([
        board.outboxFilled.wait(signal, wait),
        session.reachable.wait(signal, wait),
        ...this.#inFlight.values(),
      ]).catch(() => undefined);
    }
    await Promise.allSettled(this.#inFlight.values());
  }

  #startDue(signal: AbortSignal): void {
    const { ledger, session, now } = this.#deps;
    for (const item of ledger.outbox.due(session.adapter.id, now(), PARALLEL + this.#inFlight.size)) {
      if (this.#inFlight.size >= PARALLEL) return;
      if (this.#inFlight.has(item.row)) continue;
      const delivery = this.#deliver(item, signal)
        .catch((cause: unknown) => {
          this.#failure ??= { cause };
        })
        .finally(() => this.#inFlight.delete(item.row));
      this.#inFlight.set(item.row, delivery);
    }
  }

  async #deliver(item: OutboxItem, signal: AbortSignal): Promise<void> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(SEND_TIMEOUT)]);
    try {
      switch (item.kind) {
        case "result":
          await this.#sendResult(item, within);
          break;
        case "fail":
        case "return":
          await this.#sendCourtesy(item, within);
          break;
        default:
          unreachable(item.kind);
      }
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === LEDGER_FAILED) throw thrown;
      if (signal.aborted) return; // The row stays; the next start sends it again.
      this.#retryLater(item, thrown);
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
  async #sendCourtesy(item: OutboxItem, signal: AbortSignal): Promise<void> {
    const { ledger, now, session } = this.#deps;
    const lease = ledger.leases.get(item.row);
    ledger.outbox.markSending(item.row, now());
    try {
      if (item.kind === "return") await session.adapter.giveBack(lease, item.message ?? "returned", signal);
      else await session.adapter.fail(lease, JSON.parse(item.message ?? "{}"), signal);
    } catch (thrown) {
      const refused = thrown instanceof AppError && thrown.actor === "market" && !thrown.retryable;
      const old = item.firstSentAt !== null && now() - item.firstSentAt > COURTESY_LIMIT;
      if (!refused && !old) throw thrown;
      const detail = { ...toErrorValue(thrown), told: item.kind };
      ledger.audit("market-error", now(), detail, { market: item.market, row: item.row });
    }
    ledger.outbox.remove(item.row);
  }

  #retryLater(item: OutboxItem, thrown: unknown): void {
    const { ledger, now, session } = this.#deps;
    const after = thrown instanceof AppError ? (thrown.retryAfterMs ?? 0) : 0;
    ledger.outbox.retryAt(item.row, now() + Math.max(after, backoffMs(item.attempts + 1, RETRY)));
    // The heartbeat finds out by itself that the market forgot us, and registers again.
    if (!(thrown instanceof AppError && thrown.code === "NOT_REGISTERED")) session.noteError(thrown);
  }
}
