/**
 * A market that keeps no list of payouts tells each job's amount in the claim's one answer. Whoever claims, and whatever
 * the worker was asking about just then, every job's amount reaches the ledger.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { openIdentity } from "../../src/engine/identity/identity.ts";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { accountHandlers } from "../../src/engine/market/account-handlers.ts";
import { type AicfAdapter, createAicfAdapter } from "../../src/engine/market/aicf/adapter.ts";
import type { Lease } from "../../src/engine/market/port.ts";
import { MarketSession } from "../../src/engine/market/session.ts";
import { WorkBoard } from "../../src/engine/work/board.ts";
import { RunControl } from "../../src/engine/work/run-control.ts";
import { encodeEmbedResult } from "../../src/shared/canonical.ts";
import { sha3_256, sha3_512 } from "../../src/shared/digest.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { bellows } from "../support/bellows.ts";
import { CHAIN_ID, devnet, post, type TestDevnet } from "../support/devnet.ts";
import { faultProxy } from "../support/fault-proxy.ts";
import { tempFolder } from "../support/temp-folder.ts";

const signal = new AbortController().signal;
const MODEL = "text-embed-001";
const profile = { name: "box", region: "eu", concurrency: 4, models: [MODEL], devices: [] };
/** Of a job's 1,000,000 nano. */
const SHARE = "800000";

let market: TestDevnet;
let queueUrl: string;
beforeEach(async () => {
  market = await devnet();
  const queue = await faultProxy(market.ready.queueUrl);
  queue.inject(/\/payouts/, { kind: "answer", status: 404, body: '{"detail":"Not Found"}' }, 9_999);
  queueUrl = queue.url;
});

async function worker(folder: string) {
  const ledger = await Ledger.open(folder);
  const identity = await openIdentity({ folder: join(tempFolder(), "identity"), mode: "demo" });
  const config = {
    ...{ queueUrl, rpcUrl: market.ready.nodeUrl, chainId: CHAIN_ID, providerId: null, name: "box" },
    ...{ region: null, workerId: "worker-1", autoStakeNano: "100000000000" },
  };
  const adapter = createAicfAdapter(config, { identity, claims: ledger.claims.bookOf("aicf") });
  await adapter.register(profile, signal);
  await adapter.heartbeat({ inflight: 0, capacity: 4, profile }, signal);
  return { ledger, adapter, identity };
}

/** Done, taken by the market and settled, and nothing of it claimed. */
async function earned(ledger: Ledger, adapter: AicfAdapter): Promise<string> {
  const job = { kind: "embed", model: MODEL, input: ["a warm forge"], fee: 1_000_000 };
  await post(`${market.ready.queueUrl}/v1/jobs`, job);
  const [lease] = await adapter.acquire({ max: 1, waitMs: 0, models: [MODEL] }, signal);
  if (lease === undefined) throw new Error("the market gave no lease");
  await submit(adapter, lease);
  const row = ledger.leases.insert(lease, Date.now()) as number;
  for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
    ledger.leases.apply(row, event, Date.now());
  await post(`${market.ready.queueUrl}/v1/epochs/settle`, {});
  return lease.leaseId;
}

async function submit(adapter: AicfAdapter, lease: Lease): Promise<void> {
  const output = encodeEmbedResult({ shape: [1, 384], data: new Float32Array(384).fill(0.5) });
  const digests = { sha3_512: sha3_512(output), sha3_256: sha3_256(output) };
  const outcome = await adapter.submit(
    {
      ...{ leaseId: lease.leaseId, jobId: lease.jobId, model: MODEL, idempotencyKey: lease.leaseId },
      ...{ output, ...digests, shape: [1, 384], receipt: Uint8Array.of(0xa0), computeMs: 20 },
      ...{ device: "cpu", resend: false },
    },
    signal,
  );
  expect(outcome.kind).toBe("accepted");
}

function sessionOf(ledger: Ledger, adapter: AicfAdapter): MarketSession {
  const now = Date.now;
  const board = new WorkBoard({ ledger, admit: () => ({ kind: "admit" }), now });
  const control = new RunControl({ ledger, board, now, killRuntimes: () => undefined }, "running");
  return new MarketSession({ adapter, board, control, ledger, quota: () => 1, profile: () => profile, now });
}

async function settles(session: MarketSession, ledger: Ledger, leaseId: string): Promise<void> {
  const stop = new AbortController();
  const running = session.run(stop.signal);
  onTestFinished(async () => {
    stop.abort(new DOMException("The test is over", "AbortError"));
    await running;
    ledger.close();
  });
  await expect
    .poll(() => ledger.leases.find(leaseId)?.job, { timeout: 10 * SECOND })
    .toMatchObject({ state: "settled", earned: { minor: SHARE } });
}

test("the worker's own claim, with the amounts of jobs it was not asking about", async () => {
  const { ledger, adapter } = await worker(tempFolder());
  const leaseId = await earned(ledger, adapter);
  // As when five hundred others stand before it: the claim comes with a question about another job.
  expect(await adapter.credits(["0xanother"], signal)).toEqual([]);
  expect(market.log().filter(({ event }) => event === "claimed")).toHaveLength(1);
  await settles(sessionOf(ledger, adapter), ledger, leaseId);
});

test("a person's claim on the page", async () => {
  const { ledger, adapter } = await worker(tempFolder());
  const leaseId = await earned(ledger, adapter);
  const session = sessionOf(ledger, adapter);
  const report = await accountHandlers([session])["provider.claim"]({ market: "aicf" });
  expect(report).toMatchObject({ total: { minor: SHARE } });
  await settles(session, ledger, leaseId);
});

test("a person's claim at the terminal, while no engine runs", async () => {
  const data = tempFolder();
  const live = join(data, "live");
  mkdirSync(live);
  const { ledger, adapter, identity } = await worker(live);
  const leaseId = await earned(ledger, adapter);
  ledger.close();
  const flags = ["--rpc", market.ready.nodeUrl, "--queue", queueUrl, "--id", identity.providerId];
  const done = await bellows(["aicf", "claim", ...flags, "--data", data]);
  expect(done).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Claimed 0\.0008\d* ANM for 1 jobs/),
  });
  const again = await Ledger.open(live);
  const book = { ...{ queueUrl, rpcUrl: market.ready.nodeUrl, chainId: CHAIN_ID, providerId: null } };
  const next = createAicfAdapter(
    { ...book, name: "box", region: null, workerId: "worker-1", autoStakeNano: null },
    { identity, claims: again.claims.bookOf("aicf") },
  );
  await settles(sessionOf(again, next), again, leaseId);
});

test("a ledger that had to be restored for a claim at the terminal says so there and in its log", async () => {
  const data = tempFolder();
  const live = join(data, "live");
  mkdirSync(live);
  const { ledger, identity } = await worker(live);
  await ledger.snapshot(1_000);
  ledger.close();
  writeFileSync(join(live, "ledger.sqlite"), Buffer.alloc(8192, "this was a database once. "));
  const flags = ["--rpc", market.ready.nodeUrl, "--queue", queueUrl, "--id", identity.providerId];
  const done = await bellows(["aicf", "claim", ...flags, "--data", data]);
  expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining("The ledger was damaged") });
  const again = await Ledger.open(live);
  onTestFinished(() => again.close());
  expect(again.activity.list({ type: "ledger-restored" }, { limit: 5 }).events).toHaveLength(1);
});
