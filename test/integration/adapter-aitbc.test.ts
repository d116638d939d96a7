/** The AITBC adapter against the embedded coordinator and chain, and against what goes wrong on the way to them. */
import { describe, expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { createAitbcAdapter } from "../../src/engine/market/aitbc/adapter.ts";
import { verifyCoordinatorReceipt } from "../../src/engine/market/aitbc/receipt-coordinator.ts";
import type {
  ClaimBook,
  Lease,
  MarketAdapter,
  ProviderProfile,
  Submission,
} from "../../src/engine/market/port.ts";
import { encodeEmbedResult } from "../../src/shared/canonical.ts";
import type { AitbcConfig } from "../../src/shared/config.ts";
import { sha3_256, sha3_512 } from "../../src/shared/digest.ts";
import { AIT_COMPUTE_SECOND, add, money, parseDecimal } from "../../src/shared/money.ts";
import { devnet, MINER_API_KEY, post, type TestDevnet } from "../support/devnet.ts";
import { faultProxy } from "../support/fault-proxy.ts";
import { tempFolder } from "../support/temp-folder.ts";

const signal = new AbortController().signal;
const MODEL = "text-embed-001";
const WALLET = "ait1provider";
const profile: ProviderProfile = { name: "box", region: null, concurrency: 4, models: [MODEL], devices: [] };
const wish = { max: 4, waitMs: 0, models: [MODEL] };
const heartbeat = (adapter: MarketAdapter, inflight: number) =>
  adapter.heartbeat({ inflight, capacity: 4, profile }, signal);

function adapterFor(
  market: TestDevnet,
  overrides: Partial<AitbcConfig> = {},
  claims?: ClaimBook,
): MarketAdapter {
  const config: AitbcConfig = {
    coordinatorUrl: market.ready.coordinatorUrl,
    rpcUrl: market.ready.chainRpcUrl,
    coordinatorKey: MINER_API_KEY,
    gpuUrl: null,
    gpuKey: null,
    nodeId: null,
    receiptKeyId: null,
    minerId: "miner-1",
    region: null,
    wallet: WALLET,
    ...overrides,
  };
  return createAitbcAdapter(config, { claims });
}

async function offerJob(market: TestDevnet, overrides: Record<string, unknown> = {}): Promise<string> {
  const job = {
    payload: { type: "embeddings", model: MODEL, input: ["a warm forge", "ü"] },
    constraints: { models: [MODEL] },
    ttl_seconds: 600,
    payment_amount: "0.3",
    buyer_address: "ait1buyer",
    provider_address: WALLET,
    ...overrides,
  };
  const view = await post(`${market.ready.coordinatorUrl}/v1/jobs`, job, { authorization: "Bearer client" });
  return String(view.job_id);
}

function resultFor(lease: Lease, overrides: Partial<Submission> = {}): Submission {
  const output = encodeEmbedResult({ shape: [2, 3], data: Float32Array.of(0.1, -0.2, 0.3, 1e-8, 5, -6) });
  return {
    leaseId: lease.leaseId,
    jobId: lease.jobId,
    model: lease.model,
    idempotencyKey: `key-${lease.leaseId}`,
    output,
    sha3_512: sha3_512(output),
    sha3_256: sha3_256(output),
    shape: [2, 3],
    receipt: Uint8Array.of(0xa0),
    computeMs: 2_000,
    device: "cpu",
    resend: false,
    ...overrides,
  };
}

async function oneLease(adapter: MarketAdapter): Promise<Lease> {
  const [lease] = await adapter.acquire(wish, signal);
  if (!lease) throw new Error("the market gave no lease");
  return lease;
}

const results = (market: TestDevnet) => market.log().filter((line) => line.event === "result");

describe("a working day", () => {
  test("register, heartbeat, take, submit, and be credited to the compute-second", async () => {
    const market = await devnet();
    const adapter = adapterFor(market);
    await adapter.probe(signal);
    expect(await adapter.register(profile, signal)).toEqual({ providerId: "miner-1" });
    await heartbeat(adapter, 0);

    const amounts = ["0.3", "1.5", "2.7"];
    const offered: string[] = [];
    for (const payment_amount of amounts) offered.push(await offerJob(market, { payment_amount }));
    const leases = await adapter.acquire(wish, signal);
    expect(leases.map(({ jobId }) => jobId)).toEqual(offered);
    expect(leases[0]).toMatchObject({
      market: "aitbc",
      payment: "funded",
      fee: money("AIT", 270_000_000n),
      work: { kind: "embed", texts: ["a warm forge", "ü"] },
    });
    expect((leases[0]?.expiresAt ?? 0) - Date.now()).toBeGreaterThan(590_000);
    expect((await adapter.openLeases(signal))?.map(({ jobId }) => jobId).sort()).toEqual([...offered].sort());
    expect(await adapter.credits(offered, signal)).toEqual([]);

    for (const lease of leases) {
      const outcome = await adapter.submit(resultFor(lease), signal);
      if (outcome.kind !== "accepted") throw new Error(`not accepted: ${outcome.kind}`);
      expect(verifyCoordinatorReceipt(outcome.marketReceipt ?? "")).toMatchObject({ ok: true });
    }
    expect(results(market)).toHaveLength(3);
    for (const line of results(market))
      expect(line).toMatchObject({ verdict: "accepted", mismatch: false, duplicate: false });
    expect(await adapter.openLeases(signal)).toEqual([]);

    const credits = await adapter.credits(offered, signal);
    expect(credits.map(({ jobId }) => jobId).sort()).toEqual([...offered].sort());
    const booked = market.log().filter((line) => line.event === "escrow-released");
    for (const line of booked) {
      const credit = credits.find(({ jobId }) => jobId === line.jobId);
      expect(credit).toMatchObject({
        net: money("AIT", BigInt(line.netComputeSeconds) * AIT_COMPUTE_SECOND),
        reference: line.txHash,
      });
    }
    const total = credits.map(({ net }) => net).reduce(add);
    const account = await fetch(`${market.ready.chainRpcUrl}/rpc/account/${WALLET}`).then((answer) =>
      answer.json(),
    );
    expect(total).toEqual(money("AIT", BigInt(account.balance) * AIT_COMPUTE_SECOND));
    // Without the chain the coordinator's books give the same to the compute-second.
    const estimate = await adapterFor(market, { rpcUrl: null }).credits(offered, signal);
    expect(estimate.map(({ net }) => net).reduce(add)).toEqual(total);
  });

  test("without a chain each of forty jobs has its amount, although the coordinator shows twenty", async () => {
    const market = await devnet();
    const ledger = await Ledger.open(tempFolder());
    onTestFinished(() => ledger.close());
    const claims = ledger.claims.bookOf("aitbc");
    const adapter = adapterFor(market, { rpcUrl: null }, claims);
    await adapter.register(profile, signal);
    await heartbeat(adapter, 0);
    const gross = new Map<string, string>();
    for (let n = 1; n <= 40; n++) {
      const payment_amount = (n / 10).toFixed(1);
      gross.set(await offerJob(market, { payment_amount }), payment_amount);
    }
    for (let done = 0; done < gross.size; ) {
      const leases = await adapter.acquire(wish, signal);
      expect(leases.length).toBeGreaterThan(0);
      const outcomes = await Promise.all(leases.map((lease) => adapter.submit(resultFor(lease), signal)));
      expect(outcomes.every(({ kind }) => kind === "accepted")).toBe(true);
      done += leases.length;
    }
    const credits = await adapter.credits([...gross.keys()], signal);
    expect(new Map(credits.map((credit) => [credit.jobId, credit.gross]))).toEqual(
      new Map([...gross].map(([id, amount]) => [id, parseDecimal("AIT", amount)])),
    );
    // The next start of the engine has not seen them, and has what this one wrote down.
    const next = await adapterFor(market, { rpcUrl: null }, claims).credits([...gross.keys()], signal);
    expect(new Map(next.map(({ jobId, net }) => [jobId, net]))).toEqual(
      new Map(credits.map(({ jobId, net }) => [jobId, net])),
    );
    // Another ledger has not: those pushed out are paid, by amounts nobody tells any more.
    const fresh = await adapterFor(market, { rpcUrl: null }).credits([...gross.keys()], signal);
    expect(fresh.filter(({ untold }) => untold)).toHaveLength(20);
    expect(fresh).toHaveLength(40);
  });

  test("a job that nobody paid for, or that pays somebody else, is seen before it runs", async () => {
    const market = await devnet();
    const adapter = adapterFor(market);
    await adapter.register(profile, signal);
    await heartbeat(adapter, 0);
    await offerJob(market, { payment_amount: undefined });
    await offerJob(market, { provider_address: "ait1somebody-else" });
    const leases = await adapter.acquire(wish, signal);
    expect(leases.map(({ payment }) => payment)).toEqual(["unfunded", "unfunded"]);
  });

  test("a failed job frees its slot at once", async () => {
    const market = await devnet();
    const adapter = adapterFor(market);
    await adapter.register({ ...profile, concurrency: 1 }, signal);
    await heartbeat(adapter, 0);
    await offerJob(market);
    const second = await offerJob(market);
    const lease = await oneLease(adapter);
    await heartbeat(adapter, 1);
    expect(await adapter.acquire(wish, signal)).toEqual([]);
    await adapter.fail(lease, { code: "OOM", message: "out of memory", retryable: true }, signal);
    expect((await oneLease(adapter)).jobId).toBe(second);
    // Said twice is said once.
    await adapter.fail(lease, { code: "OOM", message: "again", retryable: true }, signal);
  });

  test("a coordinator that lost its memory is registered with again", async () => {
    const adapter = adapterFor(await devnet());
    await expect(heartbeat(adapter, 0)).rejects.toMatchObject({ code: "NOT_REGISTERED", retryable: true });
    await expect(adapter.acquire(wish, signal)).rejects.toMatchObject({
      code: "NOT_REGISTERED",
      retryable: true,
    });
    await adapter.register(profile, signal);
    expect(await adapter.acquire(wish, signal)).toEqual([]);
  });

  test("a wrong key is the user's to mend", async () => {
    const adapter = adapterFor(await devnet(), { coordinatorKey: "not-the-right-key-at-all" });
    await expect(adapter.register(profile, signal)).rejects.toMatchObject({
      code: "NOT_AUTHORIZED",
      actor: "user",
    });
  });
});

describe("when the network misbehaves", () => {
  async function behindProxy() {
    const market = await devnet();
    const proxy = await faultProxy(market.ready.coordinatorUrl);
    const adapter = adapterFor(market, { coordinatorUrl: proxy.url });
    await adapter.register(profile, signal);
    await heartbeat(adapter, 0);
    return { market, proxy, adapter };
  }

  test("a result whose answer was lost is not sent a second time", async () => {
    const { market, proxy, adapter } = await behindProxy();
    await offerJob(market);
    const lease = await oneLease(adapter);
    proxy.inject(/\/result/, { kind: "lose-answer" });
    await expect(adapter.submit(resultFor(lease), signal)).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      actor: "network",
      retryable: true,
    });
    expect(await adapter.submit(resultFor(lease, { resend: true }), signal)).toMatchObject({
      kind: "accepted",
    });
    expect(results(market)).toHaveLength(1);
    expect(market.log().filter((line) => line.event === "escrow-released")).toHaveLength(1);
  });

  test("a result that never arrived is sent on the second try", async () => {
    const { market, proxy, adapter } = await behindProxy();
    await offerJob(market);
    const lease = await oneLease(adapter);
    proxy.inject(/\/result/, { kind: "reset" });
    await expect(adapter.submit(resultFor(lease), signal)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await adapter.submit(resultFor(lease, { resend: true }), signal)).toMatchObject({
      kind: "accepted",
    });
    expect(results(market)).toHaveLength(1);
  });

  test("a result that an outage held up until the job's time was over is taken and paid", async () => {
    const { market, proxy, adapter } = await behindProxy();
    const jobId = await offerJob(market, { ttl_seconds: 1 });
    const lease = await oneLease(adapter);
    proxy.inject(/\/result/, { kind: "reset" });
    await expect(adapter.submit(resultFor(lease), signal)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    // Each look is one that turns an overdue job EXPIRED.
    await expect.poll(() => adapter.openLeases(signal), { timeout: 10_000 }).toEqual([]);
    expect(market.log()).toContainEqual(expect.objectContaining({ event: "job-expired", jobId }));
    expect(await adapter.submit(resultFor(lease, { resend: true }), signal)).toMatchObject({
      kind: "accepted",
      receiptCheck: { ok: true },
    });
    expect(await adapter.credits([jobId], signal)).toMatchObject([
      { jobId, gross: parseDecimal("AIT", "0.3") },
    ]);
    expect(results(market)).toHaveLength(1);
  });

  test("500, 503 and 429 leave the result unsent and say when to come back", async () => {
    const { market, proxy, adapter } = await behindProxy();
    await offerJob(market);
    const lease = await oneLease(adapter);
    proxy.inject(/\/result/, { kind: "answer", status: 500, body: "<html>" });
    await expect(adapter.submit(resultFor(lease), signal)).rejects.toMatchObject({
      code: "MARKET_ERROR",
      retryable: true,
    });
    proxy.inject(/\/result/, { kind: "answer", status: 429, headers: { "retry-after": "60" } });
    await expect(adapter.submit(resultFor(lease), signal)).rejects.toMatchObject({
      code: "RATE_LIMITED",
      retryAfterMs: 60_000,
    });
    expect(await adapter.submit(resultFor(lease, { resend: true }), signal)).toMatchObject({
      kind: "accepted",
    });
    expect(results(market)).toHaveLength(1);
  });

  test("a job whose assignment was lost on its way is found among the open leases", async () => {
    const { market, proxy, adapter } = await behindProxy();
    const jobId = await offerJob(market);
    proxy.inject(/\/poll/, { kind: "lose-answer" });
    await expect(adapter.acquire(wish, signal)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    const open = (await adapter.openLeases(signal)) ?? [];
    expect(open).toEqual([
      expect.objectContaining({
        jobId,
        payment: "funded",
        work: { kind: "embed", texts: ["a warm forge", "ü"] },
      }),
    ]);
    const [lease] = open;
    if (!lease) throw new Error("no lease");
    expect(await adapter.submit(resultFor(lease), signal)).toMatchObject({ kind: "accepted" });
  });

  test("an abort ends a slow call at once", async () => {
    const { proxy, adapter } = await behindProxy();
    proxy.inject(/\/poll/, { kind: "slow", ms: 30_000 });
    const stop = new AbortController();
    const before = proxy.seen.length;
    const pending = adapter.acquire(wish, stop.signal);
    await expect.poll(() => proxy.seen.length).toBeGreaterThan(before);
    const reason = new Error("stop");
    stop.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  test("the documented rate limit is met with patience, not with a crash", async () => {
    const market = await devnet({ rateLimits: true });
    const adapter = adapterFor(market);
    await adapter.register(profile, signal);
    let limited: unknown = null;
    for (let polls = 0; polls < 150 && limited === null; polls += 1) {
      await adapter.acquire(wish, signal).catch((thrown: unknown) => {
        limited = thrown;
      });
    }
    expect(limited).toMatchObject({ code: "RATE_LIMITED", retryable: true, retryAfterMs: 60_000 });
    await heartbeat(adapter, 0);
  });
});

describe("a result whose answer was lost", () => {
  test.each([
    ["is kept without a receipt where the coordinator shows it to the client only", [], false],
    ["is kept with its receipt where the coordinator still shows it", ["receipt-clients-only"], true],
  ] as const)("%s", async (_what, aitbcQuirksOff, had) => {
    const market = await devnet({ aitbcQuirksOff: [...aitbcQuirksOff] });
    const proxy = await faultProxy(market.ready.coordinatorUrl);
    const adapter = adapterFor(market, { coordinatorUrl: proxy.url });
    await adapter.register(profile, signal);
    await heartbeat(adapter, 0);
    const jobId = await offerJob(market, { payment_amount: "0.3" });
    const lease = await oneLease(adapter);
    proxy.inject(/\/result$/, { kind: "lose-answer" });
    await expect(adapter.submit(resultFor(lease), signal)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    const outcome = await adapter.submit(resultFor(lease, { resend: true }), signal);
    expect(outcome).toMatchObject(
      had
        ? { kind: "accepted", marketReceipt: expect.stringContaining(jobId), receiptCheck: { ok: true } }
        : { kind: "accepted", marketReceipt: null },
    );
    expect(results(market)).toHaveLength(1);
  });
});
