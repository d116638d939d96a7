/** The queue's semantics on a clock the test moves. */
import { describe, expect, it } from "vitest";
import { Refusal } from "../../../../src/devnet/aicf/errors.ts";
import type { GrantedLease, JobRequest } from "../../../../src/devnet/aicf/queue.ts";
import { sha3_512 } from "../../../../src/shared/digest.ts";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { aicf, BLOCK_MS, LEASE_MS } from "../support.ts";

const PROVIDER = "prov_test";
const MIN_STAKE = 100_000_000_000;
const holder = { providerId: PROVIDER, workerId: "w1" };

function setUp(capacity = 4) {
  const parts = aicf();
  const { market } = parts;
  market.registry.register({
    id: PROVIDER,
    name: "Test",
    capabilities: ["AI"],
    endpoint: null,
    region: "eu",
    address: "anim1test",
    publicKey: Buffer.alloc(1952, 1),
    secret: null,
  });
  const beat = () =>
    market.registry.heartbeat(PROVIDER, { qos: null, leasesActive: null, leasesCapacity: capacity });
  const offer = (over: Partial<JobRequest> = {}) =>
    market.queue.submit({
      model: "m",
      input: ["text"],
      params: {},
      requester: null,
      region: null,
      fee: 1000,
      tier: "standard",
      ttlMs: 30 * MINUTE,
      maxRuntimeMs: 90 * SECOND,
      ...over,
    });
  const acquire = (
    max = 1,
    models: string[] | null = null,
    waitMs = 0,
    signal = new AbortController().signal,
  ) => market.queue.acquire({ providerId: PROVIDER, workerId: "w1", max, waitMs, models }, null, signal);
  const one = async (): Promise<GrantedLease> => {
    const [granted] = await acquire();
    if (!granted) throw new Error("nothing was granted");
    return granted;
  };
  const complete = ({ lease, job }: GrantedLease, output = Buffer.from("result")) =>
    market.receiver.complete({
      leaseId: lease.id,
      holder,
      jobId: job.id,
      outputDigest: sha3_512(output),
      output,
      proofRefs: [],
      meta: {},
      receipt: "",
    });
  return { ...parts, beat, offer, acquire, one, complete };
}

function ready(capacity?: number) {
  const parts = setUp(capacity);
  parts.market.registry.stake(PROVIDER, MIN_STAKE);
  parts.beat();
  return parts;
}

async function refusal(action: () => unknown): Promise<Refusal> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown;
    throw thrown;
  }
  throw new Error("was not refused");
}

describe("who is given work", () => {
  it("nobody without stake, nobody unheard, and says which", async () => {
    const { market, acquire, beat } = setUp();
    expect(await refusal(acquire)).toMatchObject({
      status: 403,
      code: "AICF_INSUFFICIENT_STAKE",
      details: { required_nano: MIN_STAKE, actual_nano: 0 },
    });
    market.registry.stake(PROVIDER, MIN_STAKE);
    expect(await refusal(acquire)).toMatchObject({
      status: 409,
      details: { ineligible_reasons: ["no_heartbeat"] },
    });
    beat();
    expect(await acquire()).toEqual([]);
  });

  it("loses eligibility when stake is being released, and the stake itself 7200 blocks later", async () => {
    const { market, acquire, clock } = ready();
    market.registry.stake(PROVIDER, 5);
    expect((await refusal(() => market.registry.unstake(PROVIDER, MIN_STAKE + 6))).status).toBe(400);
    market.registry.unstake(PROVIDER, 6);
    expect(market.registry.detail(PROVIDER).stake).toEqual({
      total: MIN_STAKE + 5,
      effective: MIN_STAKE - 1,
      pending_release: [{ amount: 6, release_height: 7201 }],
      minimum: MIN_STAKE,
    });
    expect((await refusal(acquire)).code).toBe("AICF_INSUFFICIENT_STAKE");
    clock.advance(7199 * BLOCK_MS);
    market.queue.sweep();
    expect(market.registry.get(PROVIDER).stake).toBe(MIN_STAKE + 5);
    clock.advance(BLOCK_MS);
    market.queue.sweep();
    expect(market.registry.detail(PROVIDER).stake).toMatchObject({
      total: MIN_STAKE - 1,
      pending_release: [],
    });
  });

  it("turns unresponsive when heartbeats stay away, and comes back with one", async () => {
    const { market, acquire, beat, clock } = ready();
    clock.advance(10 * MINUTE);
    expect((await refusal(acquire)).details).toEqual({ ineligible_reasons: ["unresponsive"] });
    expect(market.registry.detail(PROVIDER)).toMatchObject({ eligible: false, health_state: "UNRESPONSIVE" });
    beat();
    expect(await acquire()).toEqual([]);
    expect(market.registry.detail(PROVIDER)).toMatchObject({ eligible: true, ineligible_reasons: [] });
  });
});

describe("the order of work", () => {
  it("is fee, age, size, tier", async () => {
    const { offer, acquire, clock } = ready(10);
    const small = offer({ tier: "standard", input: ["s"] });
    const gold = offer({ tier: "gold", input: ["sized"] });
    const standard = offer({ tier: "standard", input: ["sized"] });
    clock.advance(1);
    const younger = offer({ input: ["s"] });
    const rich = offer({ fee: 1001, input: ["long".repeat(100)] });
    const order = (await acquire(10)).map(({ job }) => job.id);
    expect(order).toEqual([rich, small, gold, standard, younger]);
  });

  it("keeps to the models and the region", async () => {
    const { offer, acquire } = ready(10);
    offer({ region: "us" });
    const mine = offer({ region: "eu", model: "a" });
    offer({ model: "b" });
    expect(await acquire(10, [])).toEqual([]);
    expect((await acquire(10, ["a", "c"])).map(({ job }) => job.id)).toEqual([mine]);
  });

  it("grants no more live leases than the provider has room for", async () => {
    const { offer, acquire, complete, one } = ready(2);
    for (let i = 0; i < 4; i++) offer();
    const first = await acquire(10);
    expect(first).toHaveLength(2);
    expect(await acquire(10)).toEqual([]);
    complete(first[0] as GrantedLease);
    await one();
    expect(await acquire(10)).toEqual([]);
  });
});

describe("waiting for work", () => {
  it("ends the moment a job arrives", async () => {
    const { offer, acquire } = ready();
    const waiting = acquire(1, null, 20_000);
    const id = offer();
    expect((await waiting).map(({ job }) => job.id)).toEqual([id]);
  });

  it("ends the moment a slot is free", async () => {
    const { offer, acquire, one, complete } = ready(1);
    offer();
    const first = await one();
    const second = offer();
    const waiting = acquire(1, null, 20_000);
    complete(first);
    expect((await waiting).map(({ job }) => job.id)).toEqual([second]);
  });

  it("ends without a lease when the caller hangs up, and the job goes to the next", async () => {
    const { offer, acquire, one } = ready();
    const caller = new AbortController();
    const waiting = acquire(1, null, 20_000, caller.signal);
    caller.abort();
    const id = offer();
    expect(await waiting).toEqual([]);
    expect((await one()).job.id).toBe(id);
  });

  it("ends empty-handed after its time", async () => {
    const { acquire } = ready();
    expect(await acquire(1, null, 30)).toEqual([]);
  });
});

describe("a lease", () => {
  it("is extended from its expiry, and only for its holder", async () => {
    const { market, offer, one, clock } = ready();
    offer();
    const { lease } = await one();
    clock.advance(50 * SECOND);
    expect(market.queue.renew(lease.id, holder, 60 * SECOND)).toBe(lease.expiresAt + 60 * SECOND);
    const stranger = await refusal(() => market.queue.renew(lease.id, { ...holder, workerId: "w2" }, 1000));
    expect(stranger).toMatchObject({
      status: 409,
      code: "AICF_LEASE_LOST",
      details: { reason: "not_holder" },
    });
  });

  it("that runs out puts the job back, and its holder's late result is refused", async () => {
    const { market, offer, one, complete, clock, log } = ready();
    const id = offer();
    const late = await one();
    clock.advance(LEASE_MS);
    market.registry.heartbeat(PROVIDER, { qos: null, leasesActive: null, leasesCapacity: null });
    expect(await refusal(() => complete(late))).toMatchObject({
      code: "AICF_LEASE_LOST",
      details: { reason: "expired" },
    });
    const again = await one();
    expect(again.job.id).toBe(id);
    expect(again.lease.attempt).toBe(2);
    expect(again.lease.id).not.toBe(late.lease.id);
    expect(log().filter((line) => line.event === "lease-expired")).toMatchObject([
      { leaseId: late.lease.id, requeued: true },
    ]);
  });

  it("that was failed comes back after the retry delay, and the sixth failure is the last", async () => {
    const { market, offer, one, acquire, beat, clock } = ready();
    const id = offer();
    const failure = { code: "internal_error", message: "boom", retryable: true };
    for (let attempt = 1; attempt <= 5; attempt++) {
      const { lease } = await one();
      expect(lease.attempt).toBe(attempt);
      expect(market.queue.fail(lease.id, holder, failure)).toBe(true);
      expect(await acquire()).toEqual([]);
      clock.advance(75 * SECOND);
      beat();
    }
    const { lease } = await one();
    expect(market.queue.fail(lease.id, holder, failure)).toBe(false);
    expect(market.jobs.get(id)?.state).toBe("failed");
    const repeated = await refusal(() => market.queue.fail(lease.id, holder, failure));
    expect(repeated.details).toEqual({ reason: "failed" });
  });

  it("that failed for good is not tried again, whatever the provider asks", async () => {
    const { market, offer, one } = ready();
    const id = offer();
    const { lease } = await one();
    expect(
      market.queue.fail(lease.id, holder, { code: "schema_invalid", message: "no", retryable: true }),
    ).toBe(false);
    expect(market.jobs.get(id)?.state).toBe("failed");
  });

  it("that is returned at once does not count as an attempt", async () => {
    const { market, offer, one, clock } = ready();
    offer();
    market.queue.giveBack((await one()).lease.id, holder, "no room");
    const second = await one();
    expect(second.lease.attempt).toBe(1);
    clock.advance(6 * SECOND);
    market.queue.giveBack(second.lease.id, holder, "paused");
    expect((await one()).lease.attempt).toBe(2);
  });

  it("is listed while it lives", async () => {
    const { market, offer, acquire, complete, clock } = ready(3);
    offer();
    offer();
    const [first, second] = (await acquire(2)) as [GrantedLease, GrantedLease];
    expect(market.queue.liveLeases(PROVIDER, "w1").map(({ lease }) => lease.id)).toHaveLength(2);
    expect(market.queue.liveLeases(PROVIDER, "w2")).toEqual([]);
    complete(first);
    expect(market.queue.liveLeases(PROVIDER, null).map(({ lease }) => lease.id)).toEqual([second.lease.id]);
    clock.advance(LEASE_MS);
    expect(market.queue.liveLeases(PROVIDER, null)).toEqual([]);
  });
});

describe("a job past its time", () => {
  it("expires in the queue at once, and under a lease after a grace; then its lease is worth nothing", async () => {
    const { market, offer, one, complete, clock } = ready();
    const leased = offer({ ttlMs: MINUTE });
    const held = await one();
    market.queue.renew(held.lease.id, holder, 600 * SECOND);
    const queued = offer({ ttlMs: MINUTE });
    clock.advance(MINUTE + 1);
    market.queue.sweep();
    expect(market.jobs.get(queued)?.state).toBe("expired");
    expect(market.jobs.get(leased)?.state).toBe("leased");
    clock.advance(10 * MINUTE);
    market.queue.sweep();
    expect(market.jobs.get(leased)?.state).toBe("expired");
    expect(await refusal(() => complete(held))).toMatchObject({ status: 410, code: "AICF_JOB_EXPIRED" });
  });
});

describe("a result", () => {
  it("is taken once, answered again the same, and never replaced by another", async () => {
    const { offer, one, complete, log, market } = ready();
    offer();
    const granted = await one();
    const first = complete(granted);
    expect(first).toMatchObject({ ok: true, job_id: granted.job.id, proof_refs: [] });
    const again = complete(granted);
    expect(again).toEqual({
      ok: true,
      job_id: granted.job.id,
      idempotent: true,
      output_digest: first.output_digest,
      completed_at: first.completed_at,
    });
    const other = await refusal(() => complete(granted, Buffer.from("another")));
    expect(other).toMatchObject({
      status: 409,
      code: "AICF_ERROR",
      details: { reason: "different_digest", output_digest: first.output_digest },
    });
    expect(log().filter((line) => line.event === "result")).toMatchObject([
      { verdict: "accepted", duplicate: false, mismatch: false },
      { verdict: "accepted", duplicate: true },
      { verdict: "refused", duplicate: true, sha3_512: sha3_512(Buffer.from("another")) },
    ]);
    expect(market.jobs.result(granted.job.id)?.outputSha3_512).toBe(sha3_512(Buffer.from("result")));
  });

  it("must be what its digest says, and may be stored before", async () => {
    const { market, offer, one } = ready();
    offer();
    const { lease, job } = await one();
    const output = Buffer.from("big result");
    const send = (bytes: Buffer | null) =>
      market.receiver.complete({
        leaseId: lease.id,
        holder,
        jobId: job.id,
        outputDigest: sha3_512(output),
        output: bytes,
        proofRefs: [],
        meta: {},
        receipt: "",
      });
    expect((await refusal(() => send(Buffer.from("other")))).message).toMatch(/not the digest/);
    expect((await refusal(() => send(null))).message).toMatch(/output missing/);
    expect(market.outputs.put(output)).toBe(true);
    expect(market.outputs.put(output)).toBe(false);
    expect(send(null).ok).toBe(true);
  });

  it("keeps of its proof references what upstream keeps", async () => {
    const { market, offer, one } = ready();
    offer();
    const { lease, job } = await one();
    const output = Buffer.from("r");
    const ack = market.receiver.complete({
      leaseId: lease.id,
      holder,
      jobId: job.id,
      outputDigest: sha3_512(output),
      output,
      proofRefs: [{ kind: "onchain_proof", height: 5, nullifier: "0xcd", x: 1 }, { kind: "gossip" }, "text"],
      meta: {},
      receipt: "",
    });
    expect(ack.proof_refs).toEqual([{ kind: "onchain_proof", height: 5, nullifier: "0xcd" }]);
  });
});

describe("money", () => {
  it("waits in escrow, is settled by an epoch, and is claimed once", async () => {
    const { market, offer, one, complete, log } = ready();
    for (const fee of [1000, 999]) {
      offer({ fee });
      complete(await one());
    }
    const balance = () => market.treasury.balance(PROVIDER);
    const share = 800 + (999 - 149 - 49);
    expect(balance()).toMatchObject({ escrow: share, pending: 0, available: 0, lastSettlementEpoch: null });
    expect(market.treasury.settle()).toMatchObject({ epoch: 1, payouts: 2, amount: share });
    expect(market.treasury.settle()).toMatchObject({ epoch: 2, payouts: 0, amount: 0 });
    expect(balance()).toMatchObject({ escrow: 0, pending: share, available: 0 });
    expect(market.treasury.claim(PROVIDER, 0)).toMatchObject({ totalPaid: 0, epochFrom: null, payouts: [] });
    expect(market.treasury.claim(PROVIDER, null)).toMatchObject({
      totalPaid: share,
      epochFrom: 1,
      epochTo: 1,
    });
    expect(market.treasury.claim(PROVIDER, null)).toMatchObject({ totalPaid: 0, payouts: [] });
    expect(balance()).toMatchObject({ escrow: 0, pending: 0, available: share, lastSettlementEpoch: 1 });
    const rows = market.treasury.payouts(PROVIDER, { after: 0, limit: 10, jobIds: null });
    expect(rows.map(({ gross, amount }) => ({ gross, amount }))).toEqual([
      { gross: 1000, amount: 800 },
      { gross: 999, amount: 801 },
    ]);
    const second = rows[1];
    expect(
      market.treasury.payouts(PROVIDER, { after: 0, limit: 10, jobIds: [second?.job_id ?? ""] }),
    ).toEqual([second]);
    expect(log().filter((line) => line.event === "claimed")).toHaveLength(1);
  });

  it("outlives the job it was for", async () => {
    const { market, offer, one, complete, clock } = ready();
    const id = offer();
    complete(await one());
    clock.advance(2 * HOUR);
    market.queue.sweep();
    expect(market.jobs.get(id)?.state).toBe("completed"); // Not settled yet: it stays.
    market.treasury.settle();
    market.queue.sweep();
    expect(market.jobs.get(id)).toBeNull();
    expect(market.outputs.get(sha3_512(Buffer.from("result")))).toBeNull();
    expect(market.treasury.balance(PROVIDER).pending).toBe(800);
  });
});

describe("what the market says of a provider", () => {
  it("is measured: presence, latency, quality", async () => {
    const { market, offer, one, complete, clock } = ready();
    for (let i = 0; i < 10; i++) {
      clock.advance(15 * SECOND);
      market.registry.heartbeat(PROVIDER, { qos: 0.9, leasesActive: 0, leasesCapacity: null });
    }
    offer();
    const granted = await one();
    clock.advance(1500);
    complete(granted);
    expect(market.registry.detail(PROVIDER).sla).toMatchObject({
      window: { jobs: 1 },
      traps: null,
      qos: 1,
      latency_p95_ms: 1500,
      availability: 1,
      thresholds: { availability: 0.98, latency_p95_ms: 3000 },
    });
  });
});
