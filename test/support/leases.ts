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

/** What a device worker hands in for a lease: a result whose contents nobody looks at. */
export function aResult() {
  return {
    sha3_512: "a".repeat(128),
    sha3_256: "b".repeat(64),
    inputSha3_256: "c".repeat(64),
    shape: [1],
    computeMs: 1,
    receipt: new Uint8Array([1]),
  };
}

export function fee(minor: bigint): Money {
  return money("ANM", minor);
}
