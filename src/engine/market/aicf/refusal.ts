/** The market's "no" in its own words, and what it means here (string codes: protocols/aicf.md §1.1). */
import { AppError } from "../../../shared/errors.ts";
import type { SubmitOutcome } from "../port.ts";

export interface Refusal {
  readonly kind: "refused";
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The error of a refused call. */
export function refused(refusal: Refusal): AppError {
  const message = refusal.message || `The market refused with ${refusal.code}`;
  switch (refusal.code) {
    case "AICF_REGISTRY_ERROR":
      return refusal.status === 404
        ? notRegistered()
        : notEligible(message, refusal.details.ineligible_reasons);
    case "AICF_INSUFFICIENT_STAKE":
    case "AICF_SLASHED":
      return notEligible(message, refusal.details.ineligible_reasons);
    case "AICF_LEASE_LOST":
      return new AppError({ code: "LEASE_LOST", message, actor: "market" });
    case "AICF_JOB_EXPIRED":
      return new AppError({ code: "JOB_EXPIRED", message, actor: "market" });
    default:
      return new AppError({ code: "MARKET_REFUSED", message, actor: "market" });
  }
}

/** What a refused completion means for the result; throws when it says nothing about it. */
export function refusedResult(refusal: Refusal): SubmitOutcome {
  switch (refusal.code) {
    case "AICF_LEASE_LOST":
      return { kind: "lost", message: refusal.message || "The lease is no longer ours" };
    case "AICF_JOB_EXPIRED":
      return { kind: "expired", message: refusal.message || "The job's time was over" };
    // Nothing about the result: it may be taken once the provider is out of jail or staked again, until the lease is over.
    case "AICF_SLASHED":
    case "AICF_INSUFFICIENT_STAKE":
    case "AICF_REGISTRY_ERROR":
      throw refused(refusal);
    default:
      return { kind: "rejected", code: refusal.code, message: refusal.message };
  }
}

/** No work is given out to this provider as it stands: the provider's detail says why, and what helps. */
export function isIneligible(refusal: Refusal): boolean {
  const standing = ["AICF_REGISTRY_ERROR", "AICF_INSUFFICIENT_STAKE", "AICF_SLASHED"].includes(refusal.code);
  return standing && refusal.status !== 404;
}

/** The lease has already ended at the market, one way or another. */
export function isGone(refusal: Refusal): boolean {
  return refusal.code === "AICF_LEASE_LOST" || refusal.code === "AICF_JOB_EXPIRED" || refusal.status === 404;
}

function notRegistered(): AppError {
  return new AppError({
    code: "NOT_REGISTERED",
    message: "The market does not know this provider",
    actor: "market",
    help: "It is registered again by itself.",
    retryable: true,
  });
}

function notEligible(message: string, reasons: unknown): AppError {
  const why = Array.isArray(reasons) ? `: ${reasons.map(String).join(", ").slice(0, 200)}` : "";
  return new AppError({
    code: "NOT_ELIGIBLE",
    message: `${message}${why}`,
    actor: "market",
    retryable: true,
  });
}
