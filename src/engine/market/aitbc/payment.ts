/**
 * Is a job paid for, and for us? The coordinator queues jobs whose payment never reached the chain, and pays whatever
 * address the client named (protocols/aitbc.md §2.6, §5), so both are looked at before the job runs.
 */
import type { Money } from "../../../shared/money.ts";
import type { Lease } from "../port.ts";
import { sameAddress } from "./address.ts";
import { type EscrowView, type JobView, readAit } from "./wire.ts";

export interface PaymentFacts {
  readonly payment: Lease["payment"];
  readonly fee: Money | null;
}

/** What the chain says of a job's escrow; `absent`: it has none; null: the chain could not be asked. */
export type EscrowFinding =
  | { readonly kind: "found"; readonly escrow: EscrowView }
  | { readonly kind: "absent" }
  | null;

/** The chain's word goes before the coordinator's. Unknown stays null. */
export function paymentOf(
  view: JobView | undefined,
  finding: EscrowFinding,
  wallet: string | null,
): PaymentFacts {
  if (finding?.kind === "found") return escrowPayment(finding.escrow, wallet);
  if (finding?.kind === "absent") return { payment: "unfunded", fee: null };
  if (view === undefined) return { payment: null, fee: null };
  return { payment: view.payment_status === "escrowed" ? "funded" : "unfunded", fee: null };
}

function escrowPayment(escrow: EscrowView, wallet: string | null): PaymentFacts {
  const fee = readAit(escrow.amount);
  const forUs = wallet === null || (escrow.provider != null && sameAddress(escrow.provider, wallet));
  const funded = HOLDING_STATES.has(escrow.state.toLowerCase()) && forUs && fee !== null && fee.minor > 0n;
  return { payment: funded ? "funded" : "unfunded", fee };
}

/** States in which the escrow holds the money for whoever does the job. */
const HOLDING_STATES = new Set(["funded", "job_started", "job_completed"]);
