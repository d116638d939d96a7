/** The AICF adapter against the embedded queue and node, and against what goes wrong on the way to them. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Identity, openIdentity } from "../../src/engine/identity/identity.ts";
import {
  type AicfAdapter,
  createAicfAdapter,
  INLINE_OUTPUT_BYTES,
} from "../../src/engine/market/aicf/adapter.ts";
import type { Lease, MarketAdapter, ProviderProfile, Submission } from "../../src/engine/market/port.ts";
import { aiProofEnvelope, nullifier } from "../../src/engine/receipt/ai-proof.ts";
import { decodeCanonical, encodeEmbedResult } from "../../src/shared/canonical.ts";
import type { AicfConfig } from "../../src/shared/config.ts";
import { sha3_256, sha3_512 } from "../../src/shared/digest.ts";
import { HOUR, MINUTE } from "../../src/shared/durations.ts";
import { add, money } from "../../src/shared/money.ts";
import { CHAIN_ID, devnet, post, type TestDevnet } from "../support/devnet.ts";
import { faultProxy } from "../support/fault-proxy.ts";
import { tempFolder } from "../support/temp-folder.ts";

const signal = new AbortController().signal;
const MODEL = "text-embed-001";
const ENOUGH_STAKE = "100000000000";
const profile: ProviderProfile = { name: "box", region: "eu", concurrency: 4, models: [MODEL], devices: [] };
const wish = { max: 4, waitMs: 0, models: [MODEL] };
const load = (inflight: number) => ({ inflight, capacity: 4, profile });

async function newIdentity(): Promise<Identity> {
  return openIdentity({ folder: join(tempFolder(), "identity"), mode: "demo" });
}

function adapterFor(
  market: TestDevnet,
  identity: Identity,
  overrides: Partial<AicfConfig> = {},
  now?: () => number,
): AicfAdapter {
  const config = {
    queueUrl: market.ready.queueUrl,
    rpcUrl: market.ready.nodeUrl,
    chainId: CHAIN_ID,
    providerId: null,
    name: "box",
    region: null,
    workerId: "worker-1",
    autoStakeNano: ENOUGH_STAKE,
    ...overrides,
  };
  return createAicfAdapter(config, { identity, now });
}

/** Registered, staked and alive. */
async function ready(market: TestDevnet, overrides: Partial<AicfConfig> = {}) {
  const identity = await newIdentity();
  const adapter = adapterFor(market, identity, overrides);
  await adapter.probe(signal);
  await adapter.register(profile, signal);
  await adapter.heartbeat(load(0), signal);
  return { adapter, identity };
}

async function offerJob(market: TestDevnet, overrides: Record<string, unknown> = {}): Promise<string> {
  const job = { kind: "embed", model: MODEL, input: ["a warm forge", "ü"], fee: 1_000_000, ...overrides };
  return String((await post(`${market.ready.queueUrl}/v1/jobs`, job)).job_id);
}

const settle = (market: TestDevnet) => post(`${market.ready.queueUrl}/v1/epochs/settle`, {});

function resultFor(lease: Lease, rows = 2): Submission {
  const output = encodeEmbedResult({
    shape: [rows, 384],
    data: Float32Array.from({ length: rows * 384 }, (_, i) => Math.sin(i)),
  });
  return {
    leaseId: lease.leaseId,
    jobId: lease.jobId,
    model: lease.model,
    idempotencyKey: `key-${lease.leaseId}`,
    output,
    sha3_512: sha3_512(output),
    sha3_256: sha3_256(output),
    shape: [rows, 384],
    receipt: Uint8Array.of(0xa0),
    computeMs: 20,
    device: "cpu",
    resend: false,
  };
}

async function oneLease(adapter: MarketAdapter): Promise<Lease> {
  const [lease] = await adapter.acquire(wish, signal);
  if (!lease) throw new Error("the market gave no lease");
  return lease;
}

const events = (market: TestDevnet, event: string) => market.log().filter((line) => line.event === event);

describe("a working day", () => {
  test("register, stake, heartbeat, lease, renew, submit, settle, claim: the credits are the market's books", async () => {
    const market = await devnet();
    const { adapter, identity } = await ready(market);
    expect(events(market, "staked")).toEqual([
      expect.objectContaining({ amount: ENOUGH_STAKE, providerId: identity.providerId }),
    ]);
    // A second registration changes nothing and stakes nothing.
    expect(await adapter.register(profile, signal)).toEqual({ providerId: identity.providerId });
    expect(events(market, "staked")).toHaveLength(1);
    expect(await adapter.heartbeat(load(0), signal)).toEqual({
      intervalMs: 15_000,
      health: expect.any(String),
    });

    const fees = [1_000_000, 999_999, 7];
    const offered: string[] = [];
    for (const fee of fees) offered.push(await offerJob(market, { fee }));
    const leases = await adapter.acquire(wish, signal);
    expect(leases.map(({ jobId }) => jobId).sort()).toEqual([...offered].sort());
    const first = leases.find(({ jobId }) => jobId === offered[0]);
    expect(first).toMatchObject({
      model: MODEL,
      fee: money("ANM", 1_000_000n),
      attempt: 1,
      maxRuntimeMs: 90_000,
      work: { kind: "embed", texts: ["a warm forge", "ü"] },
    });
    if (!first) throw new Error("no lease");
    const renewed = await adapter.renew(first, 60_000, signal);
    expect(renewed - (first.expiresAt ?? 0)).toBeGreaterThanOrEqual(59_000);
    expect((await adapter.openLeases(signal))?.map(({ jobId }) => jobId).sort()).toEqual([...offered].sort());

    for (const lease of leases)
      expect(await adapter.submit(resultFor(lease), signal)).toMatchObject({ kind: "accepted" });
    expect(await adapter.openLeases(signal)).toEqual([]);
    expect(await adapter.credits(offered, signal)).toEqual([]);
    await settle(market);
    const credits = await adapter.credits(offered, signal);
    expect(credits.map(({ jobId }) => jobId).sort()).toEqual([...offered].sort());
    for (const credit of credits)
      expect(credit.net).toEqual(credit.gross && adapter.expectedNet(credit.gross));
    const [settled] = events(market, "settled");
    const total = credits.map(({ net }) => net).reduce(add);
    expect(settled).toMatchObject({ amount: total.minor.toString() });
    // Asking again tells the same, and claims nothing twice.
    expect(await adapter.credits(offered, signal)).toEqual(credits);
    expect(events(market, "claimed")).toHaveLength(1);
  });

  test("the proof of a result can be built again by whoever has the result", async () => {
    const market = await devnet();
    const { adapter } = await ready(market);
    const jobId = await offerJob(market);
    const sent = resultFor(await oneLease(adapter));
    expect(await adapter.submit(sent, signal)).toMatchObject({ kind: "accepted" });

    const answer = await fetch(`${market.ready.queueUrl}/v1/jobs/${jobId}/result`);
    const published = (await answer.json()) as {
      receipt: string;
      proof_refs: unknown[];
      meta: { ai_proof: { nullifier: string; output_digest: string } };
    };
    const receipt = Buffer.from(published.receipt.replace(/^0x/, ""), "hex");
    expect(published.proof_refs).toEqual([{ kind: "attestation", bundle_digest: `0x${sha3_256(receipt)}` }]);
    const outputDigest = Buffer.from(sha3_256(sent.output), "hex");
    const proof = { attestation: receipt, traps: [], outputDigest };
    expect(published.meta.ai_proof).toEqual({
      nullifier: `0x${nullifier(proof, { chainId: CHAIN_ID })}`,
      output_digest: `0x${outputDigest.toString("hex")}`,
    });
    expect(decodeCanonical(aiProofEnvelope(proof, { chainId: CHAIN_ID }))).toMatchObject({ type_id: 2 });
  });

  test("an output of more than 256 KiB takes the way round through the store", async () => {
    const market = await devnet();
    const { adapter } = await ready(market);
    await offerJob(market);
    const big = resultFor(await oneLease(adapter), 200);
    expect(big.output.length).toBeGreaterThan(INLINE_OUTPUT_BYTES);
    expect(await adapter.submit(big, signal)).toMatchObject({ kind: "accepted" });
    expect(events(market, "output-stored")).toEqual([
      expect.objectContaining({ sha3_512: big.sha3_512, bytes: big.output.length }),
    ]);
    expect(events(market, "result")).toEqual([
      expect.objectContaining({ sha3_512: big.sha3_512, mismatch: false }),
    ]);
  });

  test("a lease given back is somebody else's, and the one who gave it back has lost it", async () => {
    const market = await devnet();
    const { adapter } = await ready(market);
    const { adapter: other } = await ready(market);
    await offerJob(market);
    const lease = await oneLease(adapter);
    await adapter.giveBack(lease, "paused", signal);
    await adapter.giveBack(lease, "paused", signal);
    const again = await oneLease(other);
    expect(again.jobId).toBe(lease.jobId);
    expect(await adapter.submit(resultFor(lease), signal)).toMatchObject({ kind: "lost" });
    await expect(adapter.renew(lease, 1_000, signal)).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect(await other.submit(resultFor(again), signal)).toMatchObject({ kind: "accepted" });
  });

  test("a failed lease is told once, with its reason", async () => {
    const market = await devnet();
    const { adapter } = await ready(market);
    await offerJob(market);
    const lease = await oneLease(adapter);
    const failure = { code: "internal_error", message: "the GPU left the bus", retryable: true };
    await adapter.fail(lease, failure, signal);
    await adapter.fail(lease, failure, signal);
    expect(events(market, "failed")).toEqual([
      expect.objectContaining({ code: "internal_error", message: "the GPU left the bus", requeued: true }),
    ]);
  });

  test("another result for a finished lease is rejected, the same one again is fine", async () => {
    const market = await devnet();
    const { adapter } = await ready(market);
    await offerJob(market);
    const lease = await oneLease(adapter);
    expect(await adapter.submit(resultFor(lease), signal)).toMatchObject({ kind: "accepted" });
    expect(await adapter.submit({ ...resultFor(lease), resend: true }, signal)).toMatchObject({
      kind: "accepted",
    });
    expect(await adapter.submit(resultFor(lease, 3), signal)).toMatchObject({ kind: "rejected" });
  });

  test("two workers of one provider hold each their own leases", async () => {
    const market = await devnet();
    const { adapter, identity } = await ready(market);
    const second = adapterFor(market, identity, { workerId: "worker-2" });
    await offerJob(market);
    await offerJob(market);
    const [mine] = await adapter.acquire({ ...wish, max: 1 }, signal);
    const [theirs] = await second.acquire({ ...wish, max: 1 }, signal);
    expect((await adapter.openLeases(signal))?.map(({ leaseId }) => leaseId)).toEqual([mine?.leaseId]);
    expect((await second.openLeases(signal))?.map(({ leaseId }) => leaseId)).toEqual([theirs?.leaseId]);
  });
});

describe("a provider that is not ready", () => {
  test("without stake it is told how much is missing, and how to stake it", async () => {
    const market = await devnet();
    const adapter = adapterFor(market, await newIdentity(), { autoStakeNano: null });
    await adapter.register(profile, signal);
    await expect(adapter.acquire(wish, signal)).rejects.toMatchObject({
      code: "NOT_ELIGIBLE",
      message: expect.stringContaining("The stake that counts is 0.00 ANM, the market wants 100.00 ANM"),
      help: "Stake 100.00 ANM more: bellows aicf stake --amount 100000000000.",
    });
  });

  test("before its first heartbeat it gets no work, and hears why", async () => {
    const market = await devnet();
    const adapter = adapterFor(market, await newIdentity());
    await adapter.register(profile, signal);
    await expect(adapter.acquire(wish, signal)).rejects.toMatchObject({
      code: "NOT_ELIGIBLE",
      retryable: true,
    });
  });

  test("unknown to the market it has to register", async () => {
    const market = await devnet();
    const adapter = adapterFor(market, await newIdentity());
    await adapter.probe(signal);
    await expect(adapter.openLeases(signal)).rejects.toMatchObject({
      code: "NOT_REGISTERED",
      retryable: true,
    });
    await expect(adapter.credits(["0xabc"], signal)).rejects.toMatchObject({ code: "NOT_REGISTERED" });
  });

  test("an id of another key is taken", async () => {
    const market = await devnet();
    await adapterFor(market, await newIdentity(), { providerId: "prov_shared" }).register(profile, signal);
    const late = adapterFor(market, await newIdentity(), { providerId: "prov_shared" });
    await expect(late.register(profile, signal)).rejects.toMatchObject({
      code: "PROVIDER_ID_TAKEN",
      actor: "user",
    });
  });

  test("a clock that is an hour slow does not keep it from working", async () => {
    const market = await devnet();
    const adapter = adapterFor(market, await newIdentity(), {}, () => Date.now() - HOUR);
    await adapter.register(profile, signal);
    await adapter.heartbeat(load(0), signal);
    expect(Math.abs((adapter.clockSkewMs() ?? 0) - HOUR)).toBeLessThan(3_000);
    await offerJob(market);
    const lease = await oneLease(adapter);
    const left = (lease.expiresAt ?? 0) - (Date.now() - HOUR);
    expect(Math.abs(left - 2 * MINUTE)).toBeLessThan(3_000);
  });
});

describe("when the network misbehaves", () => {
  async function behindProxies() {
    const market = await devnet();
    const queue = await faultProxy(market.ready.queueUrl);
    const node = await faultProxy(market.ready.nodeUrl);
    return { market, queue, node, ...(await ready(market, { queueUrl: queue.url, rpcUrl: node.url })) };
  }

  test("a completion whose answer was lost is repeated, and counts once", async () => {
    const { market, queue, adapter } = await behindProxies();
    await offerJob(market);
    const result = resultFor(await oneLease(adapter));
    queue.inject(/\/complete/, { kind: "lose-answer" });
    await expect(adapter.submit(result, signal)).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      retryable: true,
    });
    expect(await adapter.submit({ ...result, resend: true }, signal)).toMatchObject({ kind: "accepted" });
    const accepted = events(market, "result").filter((line) => line.event === "result" && !line.duplicate);
    expect(accepted).toHaveLength(1);
    await settle(market);
    expect(await adapter.credits([result.jobId], signal)).toHaveLength(1);
  });

  test("a stake whose answer was lost is found at the market, and made once", async () => {
    const { market, queue, adapter } = await behindProxies();
    const staked = () => events(market, "staked").length;
    const [before, more] = [staked(), money("ANM", 5_000_000_000n)];
    const total = async () => BigInt((await adapter.account?.standing(signal))?.stake.total.minor ?? 0);
    const held = await total();
    queue.inject(/\/stake$/, { kind: "lose-answer" });
    expect((await adapter.account?.stake(more, signal))?.stake.total.minor).toBe(String(held + more.minor));
    expect(staked()).toBe(before + 1);
    queue.inject(/\/unstake$/, { kind: "lose-answer" });
    expect((await adapter.account?.unstake(more, signal))?.stake.releases).toHaveLength(1);
    queue.inject(/\/stake$/, { kind: "reset" });
    await expect(adapter.account?.stake(more, signal)).rejects.toMatchObject({ code: "ORDER_UNCLEAR" });
    expect(staked()).toBe(before + 1);
  });

  test("a claim whose answer was lost loses no amount", async () => {
    const { market, node, adapter } = await behindProxies();
    const jobId = await offerJob(market);
    await adapter.submit(resultFor(await oneLease(adapter)), signal);
    await settle(market);
    // The balance is read, then the claim's answer disappears.
    node.inject(/\/rpc/, { kind: "slow", ms: 0 });
    node.inject(/\/rpc/, { kind: "lose-answer" });
    const credits = await adapter.credits([jobId], signal);
    expect(events(market, "claimed")).toHaveLength(1);
    expect(credits).toEqual([
      expect.objectContaining({ jobId, net: money("ANM", 800_000n), gross: money("ANM", 1_000_000n) }),
    ]);
  });

  test("leases whose grant was lost on its way are found among the open ones", async () => {
    const { market, queue, adapter } = await behindProxies();
    const jobId = await offerJob(market);
    queue.inject(/POST \/v1\/leases$/, { kind: "lose-answer" });
    await expect(adapter.acquire(wish, signal)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    const [lease] = (await adapter.openLeases(signal)) ?? [];
    expect(lease?.jobId).toBe(jobId);
    if (lease) expect(await adapter.submit(resultFor(lease), signal)).toMatchObject({ kind: "accepted" });
  });

  test("500 and 429 are waited out, with a fresh nonce each time", async () => {
    const { queue, adapter } = await behindProxies();
    queue.inject(/\/heartbeat/, { kind: "answer", status: 500 });
    await expect(adapter.heartbeat(load(0), signal)).rejects.toMatchObject({
      code: "MARKET_ERROR",
      retryable: true,
    });
    queue.inject(/\/heartbeat/, { kind: "answer", status: 429, headers: { "retry-after": "3" } });
    await expect(adapter.heartbeat(load(0), signal)).rejects.toMatchObject({
      code: "RATE_LIMITED",
      retryAfterMs: 3_000,
    });
    queue.inject(/\/heartbeat/, { kind: "lose-answer" });
    await expect(adapter.heartbeat(load(0), signal)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await adapter.heartbeat(load(0), signal)).toMatchObject({ intervalMs: 15_000 });
  });

  test("a long poll waits for work, and ends at once on abort without taking a lease", async () => {
    const { market, queue, adapter } = await behindProxies();
    const waiting = adapter.acquire({ ...wish, waitMs: 20_000 }, signal);
    await expect.poll(() => queue.seen.filter((call) => call === "POST /v1/leases").length).toBe(1);
    const jobId = await offerJob(market);
    expect((await waiting).map((lease) => lease.jobId)).toEqual([jobId]);

    const stop = new AbortController();
    const pending = adapter.acquire({ ...wish, waitMs: 20_000 }, stop.signal);
    await expect.poll(() => queue.seen.filter((call) => call === "POST /v1/leases").length).toBe(2);
    const reason = new Error("stop");
    stop.abort(reason);
    await expect(pending).rejects.toBe(reason);
    const { adapter: other } = await ready(market);
    const next = await offerJob(market);
    expect((await other.acquire({ ...wish, waitMs: 5_000 }, signal)).map((lease) => lease.jobId)).toEqual([
      next,
    ]);
  });
});

describe("with a part of the market missing", () => {
  test("without a node it works and is paid, and says that nothing is claimed", async () => {
    const market = await devnet();
    const { adapter } = await ready(market, { rpcUrl: null });
    const jobId = await offerJob(market);
    const lease = await oneLease(adapter);
    expect((await adapter.submit(resultFor(lease), signal)).kind).toBe("accepted");
    await settle(market);
    expect(await adapter.credits([jobId], signal)).toMatchObject([{ jobId, net: money("ANM", 800_000n) }]);
    expect(
      adapter
        .limits?.()
        .map(({ text }) => text)
        .join(),
    ).toContain("RPC_URL");
    await expect(adapter.account?.balance(signal)).rejects.toMatchObject({ code: "SURFACE_MISSING" });
  });

  test("without a queue its books are read, nothing is asked for, and it says so", async () => {
    const market = await devnet();
    const { identity } = await ready(market);
    const reader = adapterFor(market, identity, { queueUrl: null });
    await reader.probe(signal);
    expect(await reader.register(profile, signal)).toEqual({ providerId: identity.providerId });
    expect(reader.capabilities.work).toBe(false);
    expect(await reader.account?.balance(signal)).toMatchObject({ available: { minor: "0" } });
    await expect(reader.acquire(wish, signal)).rejects.toMatchObject({ code: "NO_QUEUE", actor: "user" });
    expect(
      reader
        .limits?.()
        .map(({ text }) => text)
        .join(),
    ).toContain("AICF_QUEUE_URL");
  });

  test("a node without JSON-RPC is read through upstream's REST routes", async () => {
    const market = await devnet();
    const node = await faultProxy(market.ready.nodeUrl);
    node.inject(/^POST \/rpc/, { kind: "answer", status: 404, body: '{"detail":"Not Found"}' }, 99);
    const { adapter } = await ready(market, { rpcUrl: node.url });
    const jobId = await offerJob(market);
    await adapter.submit(resultFor(await oneLease(adapter)), signal);
    await settle(market);
    expect(await adapter.credits([jobId], signal)).toMatchObject([{ jobId, net: money("ANM", 800_000n) }]);
    expect(await adapter.account?.balance(signal)).toMatchObject({ available: { minor: "800000" } });
    expect(node.seen.filter((call) => call.startsWith("POST /rpc"))).toHaveLength(1);
    expect(node.seen).toContainEqual(
      expect.stringMatching(/^POST \/aicf\/providers\/prov_[0-9a-f]+\/claim$/),
    );
  });

  test("a worker with the shared secret works without the provider's key", async () => {
    const market = await devnet();
    const secret = "0123456789abcdef0123456789abcdef";
    const first = await ready(market, { secret });
    const stranger = await newIdentity();
    const providerId = first.identity.providerId;
    const second = adapterFor(market, stranger, { secret, providerId, workerId: "worker-2" });
    expect(await second.register(profile, signal)).toEqual({ providerId });
    await second.heartbeat(load(0), signal);
    await offerJob(market);
    expect((await second.submit(resultFor(await oneLease(second)), signal)).kind).toBe("accepted");
    await expect(second.account?.stake(money("ANM", 1n), signal)).rejects.toMatchObject({ actor: "user" });
  });

  test("the market's event stream wakes: an epoch's end, a penalty of ours", async () => {
    const market = await devnet();
    const { adapter } = await ready(market);
    const news: string[] = [];
    const stop = new AbortController();
    const listening = adapter.listen?.((one) => void news.push(one), stop.signal);
    await expect.poll(() => news, { timeout: 15_000 }).toEqual(["work", "money", "standing"]);
    await settle(market);
    await expect.poll(() => news.at(-1)).toBe("money");
    stop.abort();
    await listening;
  });
});
