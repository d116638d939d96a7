/**
 * What finished jobs brought where no chain is read: the coordinator's earnings, which are gross and tell the newest
 * twenty rows only (protocols/aitbc.md §2.2, §5). So they are read before twenty more can have been released, and what
 * they said is kept over all starts; of a job that was released unseen the coordinator still tells that it was, and no
 * amount.
 */
import { MINUTE, SECOND } from "../../../shared/durations.ts";
import { AppError, isAbort } from "../../../shared/errors.ts";
import { type Money, money } from "../../../shared/money.ts";
import { hasPassed } from "../../../shared/wait.ts";
import type { DebugSink } from "../http.ts";
import type { ClaimBook, JobCredit } from "../port.ts";
import type { CoordinatorClient } from "./client.ts";
import { netOf } from "./net.ts";
import { type JobView, readAit } from "./wire.ts";

/** The coordinator sends so many rows; of a shorter list nothing is hidden. */
const HISTORY = 20;
/** Results accepted after which the rows are read, so that with four more on their way none is pushed out unread. */
const READ_EVERY = 10;
/** A result does not wait longer than this for a look at the books. */
const READ_WITHIN = 3 * SECOND;
/** Released jobs whose amounts are at hand, gross too, until they are asked for. */
const REMEMBERED = 5_000;
/** How often jobs that no row shows are looked for in the miner's list. */
const LIST_EVERY = 2 * MINUTE;

export interface CoordinatorCredits {
  /** Before each result: reads the books when it is time. Never fails. */
  beforeResult(signal: AbortSignal): Promise<void>;
  noteAccepted(): void;
  of(wanted: ReadonlySet<string>, signal: AbortSignal): Promise<JobCredit[]>;
}

export interface CoordinatorCreditsDeps {
  readonly client: Pick<CoordinatorClient, "earnings">;
  /** Completed jobs of this miner among `wanted`, as far back as is looked. */
  readonly completed: (
    wanted: ReadonlySet<string>,
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, JobView>>;
  /** Where the net amounts are kept: rows that are pushed out are told to no later start. */
  readonly claims: ClaimBook;
  readonly now: () => number;
  readonly onDebug: DebugSink | undefined;
}

export function createCoordinatorCredits(deps: CoordinatorCreditsDeps): CoordinatorCredits {
  const { client, completed, claims, now } = deps;
  /** Gross by job, oldest first. */
  const released = new Map<string, Money>();
  let acceptedSince = 0;
  let listedAt = Number.NEGATIVE_INFINITY;

  /** Returns whether there may be rows that were not told. */
  async function readRows(signal: AbortSignal): Promise<boolean> {
    const { rows, length } = await client.earnings(signal);
    acceptedSince = 0;
    const fresh: string[] = [];
    for (const row of rows) {
      const gross = readAit(row.amount);
      if (row.payment_status !== "released" || gross === null) continue;
      if (!released.has(row.job_id)) fresh.push(row.job_id);
      released.set(row.job_id, gross);
    }
    if (fresh.length > 0) claims.put(fresh.flatMap(told));
    for (const oldest of released.keys()) {
      if (released.size <= REMEMBERED) break;
      released.delete(oldest);
    }
    return length >= HISTORY;
  }

  /** Those of `missing` that are released and that the rows, read after the list, don't show. */
  async function untold(missing: ReadonlySet<string>, signal: AbortSignal): Promise<string[]> {
    listedAt = now();
    const views = await completed(missing, signal);
    const paid = [...views.values()].filter((view) => view.payment_status === "released");
    if (paid.length === 0) return [];
    await readRows(signal);
    return paid.map((view) => view.job_id).filter((id) => !released.has(id));
  }

  function told(jobId: string): JobCredit[] {
    const gross = released.get(jobId);
    return gross === undefined
      ? []
      : [{ jobId, net: netOf(gross), gross, settledAt: now(), reference: null }];
  }

  return {
    noteAccepted() {
      acceptedSince += 1;
    },

    async beforeResult(signal) {
      if (acceptedSince < READ_EVERY) return;
      acceptedSince = 0; // Books that can't be read hold up one result in ten, not each.
      await readRows(AbortSignal.any([signal, AbortSignal.timeout(READ_WITHIN)])).catch(passing);
    },

    async of(wanted, signal) {
      const hidden = await readRows(signal);
      let unseen: string[] = [];
      const earlier = claims.of([...wanted].filter((id) => !released.has(id)));
      const known = new Set(earlier.map(({ jobId }) => jobId));
      const missing = new Set([...wanted].filter((id) => !released.has(id) && !known.has(id)));
      if (hidden && missing.size > 0 && hasPassed(LIST_EVERY, listedAt, now()))
        unseen = await untold(missing, signal).catch((thrown) => passing(thrown) ?? []);
      const silent = unseen.map(
        (jobId): JobCredit => ({
          ...{ jobId, net: money("AIT", 0n), untold: true },
          ...{ gross: null, settledAt: now(), reference: null },
        }),
      );
      return [...[...wanted].flatMap(told), ...earlier, ...silent];
    },
  };

  /** A look that may be made later; a bug may not. */
  function passing(thrown: unknown): undefined {
    if (!(thrown instanceof AppError) && !isAbort(thrown)) throw thrown;
    deps.onDebug?.("earnings not read", {
      reason: thrown instanceof Error ? thrown.message : String(thrown),
    });
  }
}
