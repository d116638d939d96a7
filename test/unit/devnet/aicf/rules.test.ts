/** Upstream's rules as pure functions, against its recorded values and their own invariants. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ineligibleReasons, type Standing } from "../../../../src/devnet/aicf/eligibility.ts";
import { afterHeartbeat, type HealthRecord, healthAt } from "../../../../src/devnet/aicf/health.ts";
import { JOB_STATES, type JobEvent, nextState } from "../../../../src/devnet/aicf/job-state.ts";
import { isPermanent, retryDelayMs } from "../../../../src/devnet/aicf/retry.ts";
import { addressOf, signBytes } from "../../../../src/devnet/aicf/sign-bytes.ts";
import { availability, percentile } from "../../../../src/devnet/aicf/sla.ts";
import { splitFee } from "../../../../src/devnet/aicf/split.ts";
import { taskId } from "../../../../src/devnet/aicf/task-id.ts";
import { unitsOf } from "../../../../src/devnet/aicf/units.ts";
import { MINUTE, SECOND } from "../../../../src/shared/durations.ts";

const vectors = JSON.parse(
  readFileSync(new URL("../../../fixtures/aicf/vectors.json", import.meta.url), "utf8"),
) as {
  sign_bytes: { msg: string; domain: string; chain_id: number; alg_id: number; sha3_512: string };
  address: { expect: string }[];
};

describe("signing", () => {
  it("makes upstream's sign bytes", () => {
    const { msg, domain, chain_id, alg_id, sha3_512 } = vectors.sign_bytes;
    const parts = { domain, chainId: chain_id, algorithm: alg_id, context: "", message: Buffer.from(msg) };
    expect(Buffer.from(signBytes(parts)).toString("hex")).toBe(sha3_512);
    expect(Buffer.from(signBytes({ ...parts, context: "stake" })).toString("hex")).not.toBe(sha3_512);
  });

  it("makes upstream's address of a key", () => {
    expect(addressOf(Buffer.alloc(1952, 1))).toBe(vectors.address[0]?.expect);
  });

  it("makes upstream's task id", () => {
    const id = taskId({
      chainId: 1,
      height: 1001,
      txHash: Buffer.alloc(32, 0x11),
      caller: Buffer.concat([Buffer.from([1]), Buffer.alloc(32, 0x22)]),
      payload: { model: "text-embed-001", prompt: "Animica brings useful work to consensus" },
    });
    expect(id).toBe("0x77747ddf7c00bd31853cd36017c41a135e43d875b54c826b4f98b654e6447075");
  });
});

describe("health", () => {
  const INTERVAL = 15 * SECOND;
  const fresh: HealthRecord = { score: 0, lastMs: null };
  const beats = (count: number) => {
    let record = fresh;
    for (let n = 0; n < count; n++) record = afterHeartbeat(record, INTERVAL, n);
    return record;
  };

  it("starts unresponsive, and two heartbeats make it healthy, as recorded", () => {
    expect(healthAt(fresh, INTERVAL, 0).state).toBe("UNRESPONSIVE");
    const scores = [1, 2, 3, 4, 5].map((count) => healthAt(beats(count), INTERVAL, count - 1));
    const recorded = [
      0.49999994537266756, 0.7499978409899101, 0.874996018127234, 0.9374949829627415, 0.9687442617773592,
    ];
    expect(scores.map(({ score }) => score)).toEqual(recorded.map((score) => expect.closeTo(score, 4)));
    expect(scores.map(({ state }) => state)).toEqual([
      "DEGRADED",
      "HEALTHY",
      "HEALTHY",
      "HEALTHY",
      "HEALTHY",
    ]);
  });

  it("loses 18 % for the first missed interval, as recorded, after one of grace", () => {
    const record = { score: 0.9687442617773592, lastMs: 0 };
    expect(healthAt(record, INTERVAL, 2 * INTERVAL - 1).score).toBeGreaterThan(0.94);
    expect(healthAt(record, INTERVAL, 2 * INTERVAL).score).toBeCloseTo(
      0.7943647822106307 * 0.5 ** (1 / 30),
      4,
    );
  });

  it("is unresponsive after five missed ones, whatever it was", () => {
    expect(healthAt(beats(20), INTERVAL, 19 + 6 * INTERVAL).state).toBe("UNRESPONSIVE");
  });

  it("never leaves [0, 1] and never rises while nothing is heard", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.array(fc.nat(600_000)), (score, gaps) => {
        let previous = score;
        let at = 0;
        for (const gap of gaps) {
          at += gap;
          const now = healthAt({ score, lastMs: 0 }, INTERVAL, at).score;
          expect(now).toBeGreaterThanOrEqual(0);
          expect(now).toBeLessThanOrEqual(previous);
          previous = now;
        }
        const after = afterHeartbeat({ score, lastMs: 0 }, INTERVAL, at).score;
        expect(after).toBeLessThanOrEqual(1);
        expect(after).toBeGreaterThanOrEqual(0.5);
      }),
    );
  });
});

describe("eligibility", () => {
  const good: Standing = {
    capabilities: ["AI"],
    effectiveStake: 100_000_000_000,
    health: { score: 0.5, state: "DEGRADED" },
    everHeard: true,
    jailed: false,
    denied: null,
  };
  it("lets a staked provider with one heartbeat work", () => expect(ineligibleReasons(good)).toEqual([]));
  it.each<[Partial<Standing>, string]>([
    [{ effectiveStake: 99_999_999_999 }, "insufficient_stake"],
    [{ health: { score: 0.1, state: "UNRESPONSIVE" } }, "unresponsive"],
    [{ everHeard: false, health: { score: 0, state: "UNRESPONSIVE" } }, "no_heartbeat"],
    [{ capabilities: ["QUANTUM"] }, "capability_missing"],
    [{ jailed: true }, "jailed"],
    [{ denied: "provider" }, "denied"],
    [{ denied: "region" }, "region_denied"],
  ])("names what is missing: %o", (change, reason) => {
    expect(ineligibleReasons({ ...good, ...change })).toEqual([reason]);
  });
});

describe("retries", () => {
  it("waits 2 s × 1.8^(n−1), at most a minute, ±20 %", () => {
    const middle = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => retryDelayMs(attempt, () => 0.5));
    expect(middle).toEqual([2000, 3600, 6480, 11664, 20995, 37791, 60000, 60000]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, random) => {
          const base = Math.min(60_000, 2000 * 1.8 ** (attempt - 1));
          expect(Math.abs(retryDelayMs(attempt, () => random) - base)).toBeLessThanOrEqual(base * 0.2 + 1);
        },
      ),
    );
  });

  it("knows what no retry will mend", () => {
    expect(["job_too_large", "proof/bad", "validation/x"].map(isPermanent)).toEqual([true, true, true]);
    expect(["deadline_exceeded", "lease_lost", "never heard of"].map(isPermanent)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("a job's life", () => {
  it("ends in completed, failed or expired, and nothing leads out of these", () => {
    const events: JobEvent[] = ["assign", "complete", "requeue", "fail", "expire"];
    for (const state of ["completed", "failed", "expired"] as const) {
      for (const event of events) expect(() => nextState(state, event)).toThrow(/cannot/);
    }
    expect(() => nextState("queued", "complete")).toThrow("A queued job cannot complete");
    const reachable = new Set(["queued"]);
    for (const state of JOB_STATES) {
      for (const event of events) {
        try {
          reachable.add(nextState(state, event));
        } catch {
          // Not an edge.
        }
      }
    }
    expect([...reachable].sort()).toEqual([...JOB_STATES].sort());
  });
});

describe("money", () => {
  it("splits 80/15/5 and gives the remainder to the provider", () => {
    expect(splitFee(1000)).toEqual({ provider: 800, treasury: 150, miner: 50 });
    expect(splitFee(1)).toEqual({ provider: 1, treasury: 0, miner: 0 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (fee) => {
        const { provider, treasury, miner } = splitFee(fee);
        expect(provider + treasury + miner).toBe(fee);
        expect(BigInt(treasury)).toBe((BigInt(fee) * 15n) / 100n);
        expect(BigInt(miner)).toBe((BigInt(fee) * 5n) / 100n);
      }),
    );
  });

  it("counts a unit for each started thousand tokens", () => {
    expect(unitsOf([""])).toBe(1);
    expect(unitsOf(["x".repeat(4000)])).toBe(1);
    expect(unitsOf(["x".repeat(2000), "x".repeat(2001)])).toBe(2);
  });
});

describe("service level", () => {
  it("counts a heartbeat as a minute of presence, overlaps once", () => {
    expect(availability([], 0, 10 * MINUTE)).toBe(0);
    expect(availability([0, 0.5 * MINUTE, 5 * MINUTE], 0, 10 * MINUTE)).toBeCloseTo(0.25);
    expect(availability([0], 0, 0)).toBeNull();
    fc.assert(
      fc.property(fc.array(fc.nat(900_000)), (beats) => {
        const share =
          availability(
            beats.sort((a, b) => a - b),
            0,
            900_000,
          ) ?? -1;
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("takes the nearest-rank percentile", () => {
    expect(percentile([], 0.95)).toBeNull();
    expect(percentile([7], 0.95)).toBe(7);
    expect(
      percentile(
        Array.from({ length: 100 }, (_, i) => i + 1),
        0.95,
      ),
    ).toBe(95);
  });
});
