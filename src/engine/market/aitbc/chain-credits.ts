/**
 * What finished jobs brought, by the chain: ESCROW_RELEASE transactions carry the net to the last compute-second
 * (protocols/aitbc.md §5). The node lists so many and no further, at whichever end: a job that a long list does not show
 * is looked for in its own escrow, which tells the gross.
 */
import { MINUTE } from "../../../shared/durations.ts";
import { AppError, isAbort } from "../../../shared/errors.ts";
import { money } from "../../../shared/money.ts";
import { hasPassed } from "../../../shared/wait.ts";
import type { JobCredit } from "../port.ts";
import { sameAddress } from "./address.ts";
import type { CoordinatorClient } from "./client.ts";
import { netOf } from "./net.ts";
import {
  type EscrowView,
  readAit,
  readComputeSeconds,
  readUnixSeconds,
  readUtc,
  type TransactionRow,
} from "./wire.ts";

const PAGE = 1000;
/** Of a list this long, the node's default, nobody knows whether it is whole. */
const MAYBE_CUT = 100;
/** Escrows asked for in one look, how many at once, and how soon again for the same job. */
const ESCROWS_A_LOOK = 48;
const AT_ONCE = 4;
const ESCROW_AGAIN = MINUTE;
/** A release younger than this may still stand in the list, with its transaction. */
const LISTED_WITHIN = 2 * MINUTE;
const UNSETTLED_STATES = new Set(["pending", "failed", "rejected"]);

export interface ChainCredits {
  /** Throws when the node tells nothing of any of them and failed at one. */
  of(wanted: ReadonlySet<string>, signal: AbortSignal): Promise<JobCredit[]>;
}

export function createChainCredits(
  client: Pick<CoordinatorClient, "releases" | "escrow">,
  wallet: string,
  now: () => number,
): ChainCredits {
  /** When a job's escrow was last asked for: all of them get their turn. */
  let askedAt: ReadonlyMap<string, number> = new Map();

  async function fromEscrows(missing: readonly string[], signal: AbortSignal): Promise<JobCredit[]> {
    const at = now();
    const last = new Map(missing.map((id) => [id, askedAt.get(id) ?? Number.NEGATIVE_INFINITY]));
    const due = [...last]
      .filter(([, asked]) => hasPassed(ESCROW_AGAIN, asked, at))
      .sort(([, a], [, b]) => a - b)
      .slice(0, ESCROWS_A_LOOK)
      .map(([id]) => id);
    const credits: JobCredit[] = [];
    let failed: unknown = null;
    for (let from = 0; from < due.length; from += AT_ONCE) {
      const ids = due.slice(from, from + AT_ONCE);
      const findings = await Promise.allSettled(ids.map((id) => client.escrow(id, signal)));
      for (const [n, finding] of findings.entries()) {
        const id = ids[n] ?? "";
        if (finding.status === "rejected") {
          if (signal.aborted || !(finding.reason instanceof AppError || isAbort(finding.reason)))
            throw finding.reason;
          failed = finding.reason;
          continue;
        }
        last.set(id, at);
        if (finding.value?.kind === "found")
          credits.push(...escrowCredit(id, finding.value.escrow, wallet, at));
      }
      if (failed !== null) break;
    }
    askedAt = last;
    if (failed !== null && credits.length === 0) throw failed;
    return credits;
  }

  return {
    async of(wanted, signal) {
      const { rows, length } = await client.releases(wallet, PAGE, signal);
      const found = new Map(
        rows
          .flatMap((row) => chainCredit(row, wallet, wanted, now()))
          .map((credit) => [credit.jobId, credit]),
      );
      if (length < MAYBE_CUT || found.size === wanted.size) return [...found.values()];
      const listed = new Set(rows.map(({ payload }) => payload?.job_id));
      const missing = [...wanted].filter((id) => !listed.has(id));
      try {
        return [...found.values(), ...(await fromEscrows(missing, signal))];
      } catch (thrown) {
        if (found.size === 0) throw thrown;
        return [...found.values()]; // What is known is booked; the next look tells what is wrong.
      }
    },
  };
}

/** Zero or one credit: rows of other jobs, to other wallets or not yet final bring none. */
function chainCredit(
  row: TransactionRow,
  wallet: string,
  wanted: ReadonlySet<string>,
  readAt: number,
): JobCredit[] {
  const jobId = row.payload?.job_id;
  const net = readComputeSeconds(row.value);
  if (typeof jobId !== "string" || !wanted.has(jobId) || net === null) return [];
  if (row.type !== "ESCROW_RELEASE" || UNSETTLED_STATES.has((row.status ?? "").toLowerCase())) return [];
  if (row.recipient == null || !sameAddress(row.recipient, wallet)) return [];
  const amount = row.payload?.amount;
  const gross = typeof amount === "string" || typeof amount === "number" ? readAit(amount) : null;
  return [{ jobId, net, gross, settledAt: settledAt(row) ?? readAt, reference: row.tx_hash ?? null }];
}

function settledAt(row: TransactionRow): number | null {
  const created = readUtc(row.created_at);
  if (created !== null) return created;
  return typeof row.timestamp === "number" ? readUnixSeconds(row.timestamp) : readUtc(row.timestamp);
}

/** One that was released to us is paid; one that went back to the client never will be. */
function escrowCredit(jobId: string, escrow: EscrowView, wallet: string, readAt: number): JobCredit[] {
  const state = escrow.state.toLowerCase();
  const gross = readAit(escrow.amount);
  if (state === "refunded") {
    const nothing = money("AIT", 0n);
    const at = readUtc(escrow.refunded_at) ?? readAt;
    return [{ jobId, net: nothing, gross: nothing, settledAt: at, reference: "refunded" }];
  }
  if (state !== "released" || gross === null) return [];
  if (escrow.provider == null || !sameAddress(escrow.provider, wallet)) return [];
  const releasedAt = readUtc(escrow.released_at);
  if (releasedAt !== null && readAt - releasedAt < LISTED_WITHIN) return [];
  return [{ jobId, net: netOf(gross), gross, settledAt: releasedAt ?? readAt, reference: null }];
}
