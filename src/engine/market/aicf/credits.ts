/**
 * What jobs brought at AICF: claim what waits, then read the market's payout rows.
 *
 * The claim's answer names each job's amount once only. If it is lost on its way, the rows still say what was paid
 * (docs/markets-devnet.md "Money"), so they are the source and the answer is only a help where a market lacks them.
 */
import { AppError } from "../../../shared/errors.ts";
import { basisPoints, type Money, money } from "../../../shared/money.ts";
import type { DebugSink } from "../http.ts";
import type { JobCredit } from "../port.ts";
import type { AicfClient } from "./client.ts";
import type { NodeRpc } from "./node-rpc.ts";
import { anm, type Claim, type PayoutRow } from "./wire.ts";

const TREASURY_BPS = 1500n;
const MINER_BPS = 500n;

/** 80 %: treasury 15 % and miner 5 % are floored, the rest is the provider's (docs/markets-devnet.md "Money"). */
export function providerShare(gross: Money): Money {
  return money(
    gross.currency,
    gross.minor - basisPoints(gross, TREASURY_BPS).minor - basisPoints(gross, MINER_BPS).minor,
  );
}

export interface CreditSources {
  readonly client: Pick<AicfClient, "payouts" | "clock">;
  /** null: nothing can be claimed here, what is settled counts. */
  readonly node: NodeRpc | null;
  readonly providerId: string;
  readonly now: () => number;
  /** Whether the node answered, told at each claim. */
  readonly onNode?: ((answered: boolean) => void) | undefined;
  readonly onDebug?: DebugSink | undefined;
}

export async function collectCredits(
  sources: CreditSources,
  unsettledJobIds: readonly string[],
  signal: AbortSignal,
): Promise<JobCredit[]> {
  if (unsettledJobIds.length === 0) return [];
  const { client, node } = sources;
  const claimed = node === null ? null : await claimWaiting(sources, node, signal);
  const rows = await client.payouts(unsettledJobIds, signal);
  if (rows === null)
    return claimed === null ? [] : creditsOfClaim(claimed, new Set(unsettledJobIds), sources.now());
  const wanted = new Set(unsettledJobIds);
  const counts = (row: PayoutRow) => wanted.has(row.job_id) && (node === null || row.claimed_at_ms != null);
  return rows.filter(counts).map((row) => ({
    jobId: row.job_id,
    net: anm(row.amount),
    gross: row.gross == null ? null : anm(row.gross),
    settledAt: row.settled_at_ms == null ? sources.now() : client.clock.toLocal(row.settled_at_ms),
    reference: row.epoch == null ? null : `epoch ${row.epoch}`,
  }));
}

/** Claims when something is pending. A node in trouble must not hide what was credited before. */
async function claimWaiting(
  sources: CreditSources,
  node: NodeRpc,
  signal: AbortSignal,
): Promise<Claim | null> {
  try {
    const { pending } = await node.balance(sources.providerId, signal);
    sources.onNode?.(true);
    return pending > 0n ? await node.claim(sources.providerId, signal) : null;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    sources.onNode?.(false);
    sources.onDebug?.("claim not made", { reason: thrown.message });
    return null;
  }
}

function creditsOfClaim(claim: Claim, wanted: ReadonlySet<string>, readAt: number): JobCredit[] {
  return claim.payouts
    .filter((payout) => wanted.has(payout.jobId))
    .map((payout) => ({
      jobId: payout.jobId,
      net: anm(payout.amount),
      gross: null,
      settledAt: readAt,
      reference: claim.epochTo == null ? null : `epoch ${claim.epochTo}`,
    }));
}
