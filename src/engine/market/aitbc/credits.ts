/**
 * What finished jobs brought, from the best books there are: ESCROW_RELEASE transactions on the chain, which carry the
 * net to the last compute-second, else the coordinator's earnings, which are gross (protocols/aitbc.md §5).
 */

import { SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import { AIT_COMPUTE_SECOND, basisPoints, type Money, money } from "../../../shared/money.ts";
import type { JobCredit } from "../port.ts";
import { sameAddress } from "./address.ts";
import type { CoordinatorClient } from "./client.ts";
import { readAit, readComputeSeconds, readUtc, type TransactionRow } from "./wire.ts";

const PAGE = 1000;
/** Today's node cuts its list at the oldest end, so a full page may hide the newest rows: then all are asked for. */
const EVERYTHING = 1_000_000;
/** 97.5 % of the gross reach the provider. */
const NET_BPS = 9750n;
const UNSETTLED_STATES = new Set(["pending", "failed", "rejected"]);

export async function creditsFromChain(
  client: CoordinatorClient,
  wallet: string,
  wanted: ReadonlySet<string>,
  now: () => number,
  signal: AbortSignal,
): Promise<JobCredit[]> {
  const read = async (limit: number) => {
    const rows = (await client.releases(wallet, limit, signal)) ?? [];
    const credits = rows.flatMap((row) => chainCredit(row, wallet, wanted, now()));
    return {
      full: rows.length >= limit,
      credits: [...new Map(credits.map((credit) => [credit.jobId, credit])).values()],
    };
  };
  const first = await read(PAGE);
  if (!first.full || first.credits.length === wanted.size) return first.credits;
  try {
    return (await read(EVERYTHING)).credits;
  } catch (thrown) {
    if (thrown instanceof AppError) return first.credits; // The node has a limit of its own; then it sends the newest.
    throw thrown;
  }
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
  return typeof row.timestamp === "number" ? Math.round(row.timestamp * SECOND) : readUtc(row.timestamp);
}

/** An estimate to the compute-second: gross less the fee, as the chain rounds it. */
export async function creditsFromCoordinator(
  client: CoordinatorClient,
  wanted: ReadonlySet<string>,
  now: () => number,
  signal: AbortSignal,
): Promise<JobCredit[]> {
  const rows = await client.earnings(signal);
  return rows.flatMap((row) => {
    const gross = readAit(row.amount);
    if (!wanted.has(row.job_id) || row.payment_status !== "released" || gross === null) return [];
    return [{ jobId: row.job_id, net: netOf(gross), gross, settledAt: now(), reference: null }];
  });
}

/** Gross less 2.5 %, floored to the chain's compute-second. */
export function netOf(gross: Money): Money {
  const net = basisPoints(gross, NET_BPS);
  return money("AIT", net.minor - (net.minor % AIT_COMPUTE_SECOND));
}
