/** A refusal of the AICF market: HTTP status and upstream's string code (protocols/aicf.md §1.1, aicf-profile.md). */

export type AicfCode =
  | "AICF_ERROR"
  | "AICF_REGISTRY_ERROR"
  | "AICF_INSUFFICIENT_STAKE"
  | "AICF_JOB_EXPIRED"
  | "AICF_SLASHED"
  | "AICF_LEASE_LOST"
  | "AICF_UNAUTHORIZED"
  | "AICF_REPLAY"
  | "AICF_TOO_LARGE";

export type RefusalDetails = Readonly<Record<string, string | number | readonly string[]>>;

export class Refusal extends Error {
  readonly status: 400 | 401 | 403 | 404 | 409 | 410 | 413;
  readonly code: AicfCode;
  readonly details: RefusalDetails;

  constructor(status: Refusal["status"], code: AicfCode, message: string, details: RefusalDetails = {}) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.code = code;
    this.details = details;
  }

  toJson() {
    return { code: this.code, message: this.message, details: this.details };
  }
}

export const badRequest = (message: string, details?: RefusalDetails): Refusal =>
  new Refusal(400, "AICF_ERROR", message, details);

export const unknownProvider = (id: string): Refusal =>
  new Refusal(404, "AICF_REGISTRY_ERROR", `provider ${id} not found`);

export const unknownJob = (id: string): Refusal => new Refusal(404, "AICF_ERROR", `job ${id} not found`);

export const jailed = (providerId: string, untilMs: number): Refusal =>
  new Refusal(403, "AICF_SLASHED", `provider ${providerId} is jailed`, { jailed_until_ms: untilMs });

export type LostReason = "unknown" | "not_holder" | "expired" | "returned" | "failed";

export const leaseLost = (leaseId: string, reason: LostReason): Refusal =>
  new Refusal(409, "AICF_LEASE_LOST", `lease ${leaseId} is lost: ${reason.replaceAll("_", " ")}`, { reason });
