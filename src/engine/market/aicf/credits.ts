/**
 * What jobs brought at AICF: claim what waits, then read the market's payout rows.
 *
 * The claim's answer names each job's amount once only, of all the provider's jobs, so it is written down before
 * anything else. If it is lost on its way, the rows still say what was paid (docs/markets-devnet.md "Money"): they are the
 * source, and what was written down the help where a market lacks them.
 */
import { AppError, type ErrorCode } from "../../../shared/errors.ts";
import { formatDecimal } from "../../../shared/money.ts";
import { mayHaveArrived } from "../given-once.ts";
import type { DebugSink } from "../http.ts";
import type { ClaimBook, JobCredit } from "../port.ts";
import type { AicfClient } from "./client.ts";
import type { NodeRpc } from "./node-rpc.ts";
import { anm, type Claim, type PayoutRow } from "./wire.ts";

/** A node whose AICF module is not mounted claims nothing, ever (protocols/aicf.md §0): what is settled is all there is. */
const LACKS_BOOKS: ReadonlySet<string> = new Set<ErrorCode>(["NODE_METHOD_MISSING", "NODE_WITHOUT_RPC"]);

export interface CreditSources {
  readonly client: Pick<AicfClient, "payouts" | "clock">;
  /** null: nothing can be claimed here, what is settled counts. */
  readonly node: NodeRpc | null;
  readonly claims: ClaimBook;
  readonly providerId: string;
  readonly now: () => number;
  /** Whether the node answered, and at all to AICF's calls; told at each claim. */
  readonly onNode?: ((answered: boolean | "lacking") => void) | undefined;
  readonly onDebug?: DebugSink | undefined;
}

export async function collectCredits(
  sources: CreditSources,
  unsettledJobIds: readonly string[],
  signal: AbortSignal,
): Promise<JobCredit[]> {
  if (unsettledJobIds.length === 0) return [];
  const { client, node, claims } = sources;
  const claim = node === null ? "impossible" : await claimWaiting(sources, node, signal);
  const listed = await client.payouts(unsettledJobIds, signal);
  const rows = listed ?? [];
  const claimed = new Map(claims.of(unsettledJobIds).map((credit) => [credit.jobId, credit]));
  const wanted = new Set(unsettledJobIds);
  const counts = ({ job_id, claimed_at_ms }: PayoutRow) =>
    wanted.has(job_id) && (claim === "impossible" || claimed_at_ms != null || claimed.has(job_id));
  // A row says more than a claim does.
  const credits = rows.filter(counts).map(
    (row): JobCredit => ({
      jobId: row.job_id,
      net: anm(row.amount),
      gross: row.gross == null ? null : anm(row.gross),
      settledAt: row.settled_at_ms == null ? sources.now() : client.clock.toLocal(row.settled_at_ms),
      reference: row.epoch == null ? null : `epoch ${row.epoch}`,
    }),
  );
  // What is known is asked for again in the next look; this is told now or never.
  if (typeof claim === "object" && listed === null) throw unheardOf(claim.unheard);
  for (const { jobId } of credits) claimed.delete(jobId);
  return [...credits, ...claimed.values()];
}

/** The amount that a claim was made for without an answer; else whether anything can be claimed here at all. */
type ClaimEnd = "done" | "impossible" | { readonly unheard: bigint };

/** Claims when something is pending. A node in trouble must not hide what was credited before. */
async function claimWaiting(sources: CreditSources, node: NodeRpc, signal: AbortSignal): Promise<ClaimEnd> {
  const { claims, providerId, now } = sources;
  let asked = 0n;
  let claim: Claim;
  try {
    const { pending } = await node.balance(providerId, signal);
    sources.onNode?.(true);
    if (pending === 0n) return "done";
    asked = pending;
    claim = await node.claim(providerId, signal);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    sources.onDebug?.("claim not made", { reason: thrown.message });
    const impossible = LACKS_BOOKS.has(thrown.code);
    sources.onNode?.(impossible ? "lacking" : false);
    if (impossible) return "impossible";
    return asked > 0n && mayHaveArrived(thrown) ? { unheard: asked } : "done";
  }
  claims.put(creditsOf(claim, now()));
  return "done";
}

function unheardOf(nano: bigint): AppError {
  return new AppError({
    code: "CLAIM_UNHEARD",
    message: `A claim of ${formatDecimal(anm(nano), 9)} ANM was made, and the answer that says for which jobs was lost`,
    actor: "market",
    help: "Compare the market's books: those jobs stay on their way here.",
    retryable: true,
  });
}

/** What a claim's answer says of each job, whoever did it; a job that stands there twice was paid in two parts. */
export function creditsOf(claim: Claim, readAt: number): JobCredit[] {
  const amounts = new Map<string, bigint>();
  for (const { jobId, amount } of claim.payouts) amounts.set(jobId, (amounts.get(jobId) ?? 0n) + amount);
  const reference = claim.epochTo == null ? null : `epoch ${claim.epochTo}`;
  return [...amounts].map(([jobId, nano]) => ({
    jobId,
    net: anm(nano),
    gross: null,
    settledAt: readAt,
    reference,
  }));
}
