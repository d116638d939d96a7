/**
 * A thousand AITBC jobs through bad weather: at 5 % each, requests are refused with 429 or 500, cut off, answered
 * late, doubled, or answered into the void. The engine's own parts do the work (session, board, ledger, submitter);
 * only the inference is a constant. In the end the books have to agree to the last compute-second.
 */
import { test } from "vitest";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { createAitbcAdapter } from "../../src/engine/market/aitbc/adapter.ts";
import { MarketSession } from "../../src/engine/market/session.ts";
import { OfferManager } from "../../src/engine/offers/manager.ts";
import { judgeLease } from "../../src/engine/work/admission.ts";
import { WorkBoard } from "../../src/engine/work/board.ts";
import { RunControl } from "../../src/engine/work/run-control.ts";
import { Submitter } from "../../src/engine/work/submitter.ts";
import { encodeEmbedResult } from "../../src/shared/canonical.ts";
import { sha3_256, sha3_512 } from "../../src/shared/digest.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { AIT_COMPUTE_SECOND, parseDecimal, toMoneyValue } from "../../src/shared/money.ts";
import { delay } from "../../src/shared/wait.ts";
import { batchTaker } from "../support/batch-taker.ts";
import { devnet, MINER_API_KEY, post, type TestDevnet } from "../support/devnet.ts";
import { type Fault, faultProxy } from "../support/fault-proxy.ts";
import { PASSED } from "../support/scripted-offers.ts";
import { expect, onTestFinished, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

sideBySide();

/** Of every 21 jobs offered, 20 are paid. BELLOWS_LONG_TESTS=1 offers the full thousand in every dialect (minutes each). */
const LONG = process.env.BELLOWS_LONG_TESTS === "1";
const PAID: Record<string, number> = LONG
  ? { today: 1000, guide: 1000, coordinator: 1000 }
  : { today: 120, guide: 60, coordinator: 60 };
/** A thousand jobs in this weather take five minutes on two quiet cores. */
const PATIENCE = LONG ? 20 * MINUTE : 5 * MINUTE;
const MODEL = "text-embed-001";
const WALLET = `0x${"ab".repeat(20)}`;
const GPU_KEY = "gpu-service-key-0123456789";
const CARD = {
  id: "GPU-8f6d2c1e-0b7a-4c55-9d1e-aa00bb11cc22",
  name: "NVIDIA GeForce RTX 4090",
  memoryMb: 24_564,
};
const PROFILE = { name: "box", region: null, concurrency: 48, models: [MODEL], devices: [] };

const WEATHER: readonly Fault[] = [
  { kind: "answer", status: 429, headers: { "retry-after": "1" }, body: '{"detail":"Rate limit exceeded"}' },
  { kind: "answer", status: 500, body: '{"error":{"type":"internal_error","message":"boom"}}' },
  { kind: "reset" },
  { kind: "slow", ms: 300 },
  { kind: "duplicate" },
  { kind: "lose-answer" },
];
const SHARE = 0.05;

test.concurrent.each(["guide", "today", "coordinator"] as const)(
  "jobs beside the gpu service's era of %s: nothing lost, nothing sent twice, nothing run unpaid",
  async (aitbcDialect) => {
    const paidJobs = PAID[aitbcDialect] ?? 0;
    const unpaidJobs = paidJobs / 20;
    const market = await devnet({ aitbcDialect, gpuApiKey: GPU_KEY });
    const random = mulberry(20_261_121);
    let duplicatedResults = 0;
    const chance = (call: string): Fault | null => {
      const fault = WEATHER[Math.floor(random() / SHARE)] ?? null;
      // What the network doubles is not our doing; it is counted, to be told apart from it.
      if (fault?.kind === "duplicate" && call.endsWith("/result")) duplicatedResults += 1;
      return fault;
    };
    const coordinator = await faultProxy(market.ready.coordinatorUrl, chance);
    const chain = await faultProxy(market.ready.chainRpcUrl, chance);
    const gpu = market.ready.gpuUrl === null ? null : await faultProxy(market.ready.gpuUrl, chance);
    await offerJobs(market, paidJobs + unpaidJobs);

    const ledger = await Ledger.open(tempFolder());
    const adapter = createAitbcAdapter({
      coordinatorUrl: coordinator.url,
      coordinatorKey: MINER_API_KEY,
      gpuUrl: gpu?.url ?? null,
      gpuKey: GPU_KEY,
      rpcUrl: chain.url,
      minerId: "miner-1",
      nodeId: null,
      region: null,
      wallet: WALLET,
      receiptKeyId: null,
    });
    const board = new WorkBoard({
      ledger,
      admit: (lease) =>
        judgeLease(lease, {
          taskOf: () => "embed",
          memoryShortage: () => null,
          allowUnpaid: false,
          now: Date.now,
        }),
      now: Date.now,
    });
    const control = new RunControl(
      { ledger, board, now: Date.now, killRuntimes: () => undefined },
      "running",
    );
    const deps = { adapter, board, control, ledger, profile: () => PROFILE, now: Date.now };
    const session = new MarketSession({ ...deps, quota: () => PROFILE.concurrency });
    const offers = new OfferManager({
      adapters: [adapter],
      devices: [CARD],
      region: null,
      testOf: () => PASSED,
      restOf: () => null,
      wantTest: () => undefined,
      power: () => ({ measuredWatts: null, limitWatts: null }),
      electricity: () => null,
      ledger,
      now: Date.now,
      lookEveryMs: 500,
    });
    offers.offer({
      market: "aitbc",
      strategy: { kind: "fixed", price: toMoneyValue(parseDecimal("AIT", 20)) },
    });
    const stop = new AbortController();
    const loops = [
      session.run(stop.signal),
      new Submitter({ session, board, ledger, now: Date.now }).run(stop.signal),
      offers.run(stop.signal),
      compute(board, stop.signal),
    ];
    onTestFinished(async () => {
      stop.abort(new DOMException("The test is over", "AbortError"));
      await Promise.all(loops);
      ledger.close();
    });

    await expect
      .poll(() => ({ leases: byState(ledger), outbox: ledger.outbox.size() }), {
        timeout: PATIENCE,
        interval: 250,
      })
      .toEqual({ leases: { settled: paidJobs, returned: unpaidJobs }, outbox: 0 });

    // Every paid job has its result, none but those the network itself doubled has two, no unpaid one has any.
    const results = market.log().filter((line) => line.event === "result");
    const byJob = new Map<string, number>();
    for (const { jobId } of results) byJob.set(jobId, (byJob.get(jobId) ?? 0) + 1);
    expect(byJob.size).toBe(paidJobs);
    const twice = results.length - paidJobs;
    expect(twice).toBeLessThanOrEqual(duplicatedResults);
    expect(results.every((line) => line.verdict === "accepted" && !line.mismatch)).toBe(true);
    const unpaid = new Set(
      market
        .log()
        .flatMap((line) => (line.event === "job-created" && line.payment === null ? [line.jobId] : [])),
    );
    expect(unpaid.size).toBe(unpaidJobs);
    expect([...unpaid].filter((jobId) => byJob.has(jobId))).toEqual([]);

    // The money: our ledger, the chain's releases and the account's balance are one number.
    const released = market
      .log()
      .reduce(
        (sum, line) => (line.event === "escrow-released" ? sum + BigInt(line.netComputeSeconds) : sum),
        0n,
      );
    const ours = ledger.earnings.allTime("aitbc", "AIT");
    expect(ours.net.minor).toBe(released * AIT_COMPUTE_SECOND);
    expect(ledger.earnings.allPending("aitbc", "AIT").jobs).toBe(0);
    const account = await (await fetch(`${market.ready.chainRpcUrl}/rpc/account/${WALLET}`)).json();
    expect(BigInt(account.balance)).toBe(released);

    // The offer stands once on each board, whatever the weather did to it.
    await expect
      .poll(() => offers.list().map(({ state }) => state), { timeout: MINUTE })
      .toEqual(offers.list().map(() => "listed"));
    expect(offers.list()).toHaveLength(gpu === null ? 1 : 2);
  },
  PATIENCE + 2 * MINUTE,
);

/** How many leases are in each state. */
function byState(ledger: Ledger): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of ledger.leases.list({}, { limit: 2000 }).rows)
    counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

async function offerJobs(market: TestDevnet, jobs: number): Promise<void> {
  for (let n = 0; n < jobs; n += 1) {
    const paid = n % 21 !== 20;
    await post(
      `${market.ready.coordinatorUrl}/v1/jobs`,
      {
        payload: { type: "embeddings", model: MODEL, input: [`text ${n}`] },
        constraints: { models: [MODEL] },
        ttl_seconds: 3600,
        ...(paid
          ? { payment_amount: ((n % 17) + 1) / 10, buyer_address: "ait1buyer", provider_address: WALLET }
          : {}),
      },
      { authorization: "Bearer client" },
    );
  }
}

/** Instead of a runtime: one vector for every text, at once. */
async function compute(board: WorkBoard, signal: AbortSignal): Promise<void> {
  const output = encodeEmbedResult({ shape: [1, 3], data: Float32Array.of(0.25, -1, 2) });
  const digests = { sha3_512: sha3_512(output), sha3_256: sha3_256(output), inputSha3_256: "0".repeat(64) };
  const result = { ...digests, shape: [1, 3], computeMs: 5, receipt: Uint8Array.of(0xa0) };
  while (!signal.aborted) {
    const batch = board.takeBatch(batchTaker(8));
    board.completeBatch(batch.map((lease) => ({ lease, result, output })));
    if (batch.length === 0) await board.workReady.wait(signal, 50).catch(() => undefined);
    else await delay(0);
  }
}

/** Same seed, same weather. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
