/** Leases as an adapter would hand them over, with only what a test cares about said. */

import type { Lease } from "../../src/engine/market/port.ts";
import { type Money, money } from "../../src/shared/money.ts";

let counter = 0;

export function aLease(overrides: Partial<Lease> = {}): Lease {
  const id = overrides.leaseId ?? `lease_${++counter}`;
  return {
    market: "aicf",
    leaseId: id,
    jobId: `job-${id}`,
    attempt: 1,
    model: "text-embed-001",
    modelSha256: null,
    work: { kind: "embed", texts: ["a warm forge"] },
    fee: fee(1_000_000n),
    grantedAt: 1_000,
    expiresAt: 121_000,
    maxRuntimeMs: 90_000,
    payment: "funded",
    ...overrides,
  };
}

export function fee(minor: bigint): Money {
  return money("ANM", minor);
}
