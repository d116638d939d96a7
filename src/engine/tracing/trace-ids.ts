/** Ids of a job's trace, from its lease: equal in every process that asks, so that logs and traces of a job find each other. */
import { createHash } from "node:crypto";

const HEX_OF_TRACE = 32;
const HEX_OF_SPAN = 16;

interface LeaseName {
  readonly market: string;
  readonly leaseId: string;
}

/** 32 hex digits: the first of the SHA-256 of `market:lease`. */
export function traceIdOf(lease: LeaseName): string {
  return hashOf(lease).slice(0, HEX_OF_TRACE);
}

/** 16 hex digits: the next of them. */
export function rootSpanIdOf(lease: LeaseName): string {
  return hashOf(lease).slice(HEX_OF_TRACE, HEX_OF_TRACE + HEX_OF_SPAN);
}

/** 16 hex digits, of the SHA-256 of `market:lease:index`: a phase that is told again is the same span. */
export function phaseSpanIdOf(lease: LeaseName, index: number): string {
  return hashOf(lease, `:${index}`).slice(0, HEX_OF_SPAN);
}

function hashOf({ market, leaseId }: LeaseName, more = ""): string {
  return createHash("sha256").update(`${market}:${leaseId}${more}`).digest("hex");
}
