/**
 * Two real workers on one AICF identity, one with the key and one with the shared secret, clocks ten minutes off in
 * opposite directions, 2,000 jobs, and a market on a bad day: calls that never arrive, answers that get lost, 503s,
 * dropped event streams, replayed calls, leases too short for comfort, settlements out of order. Nothing is lost,
 * nothing counts twice, and both ledgers together have exactly the market's money.
 */
import { expect, onTestFinished, test } from "vitest";
import { startDevnet } from "../../src/devnet/devnet.ts";
import type { DevnetLogLine } from "../../src/devnet/log.ts";
import { loadConfig } from "../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { type Engine, startEngine } from "../../src/engine/engine.ts";
import { PASSPHRASE_VARIABLE } from "../../src/engine/identity/identity.ts";
import { createAicfAdapter } from "../../src/engine/market/aicf/adapter.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import type { JobRow } from "../../src/shared/contract/views.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { delay } from "../../src/shared/wait.ts";
import { MINER_API_KEY } from "../support/devnet.ts";
import { GrowingLog } from "../support/growing-log.ts";
import { replayingProxy } from "../support/replaying-proxy.ts";
import { tempFolder } from "../support/temp-folder.ts";

const JOBS = 2_000;
const PROVIDER = "prov_fleet";
const SECRET = "a-secret-of-the-whole-fleet";
const SKEW = 10 * MINUTE;
const FEE = 1_000_003; // Odd, so that every split has a remainder.

test(
  "2,000 jobs over two workers on one identity, on a bad day",
  async () => {
    process.env[PASSPHRASE_VARIABLE] = "correct horse battery staple";
    onTestFinished(() => {
      delete process.env[PASSPHRASE_VARIABLE];
    });
    const paths = locatePaths();
    const market = await startDevnet({
      dataFolder: tempFolder(),
      resourcesFolder: paths.resourcesFolder,
      ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
      minerApiKey: MINER_API_KEY,
      chainId: 1,
      epochMs: 2 * SECOND,
      leaseMs: 4 * SECOND,
      heartbeatMs: 2 * SECOND,
      demand: null,
      aicf: {
        settlementOrder: "reordered",
        mischief: {
          latencyMs: 10,
          dropShare: 0.02,
          loseAnswerShare: 0.02,
          busyShare: 0.02,
          dropSocketsEveryMs: 700,
          seed: 5,
        },
      },
    });
    onTestFinished(() => market.close());
    const growing = new GrowingLog(market.ready.logFile);
    const log = () => growing.lines();
    const { queueUrl, nodeUrl } = market.ready;
    const eavesdropped = await replayingProxy(queueUrl, 25);

    const startWorker = async (queue: string, skewMs: number) => {
      const env = {
        AICF_QUEUE_URL: queue,
        AICF_RPC_WS: `${queueUrl.replace("http", "ws")}/aicf/ws`,
        RPC_URL: nodeUrl,
        CHAIN_ID: "1",
        PROVIDER_ID: PROVIDER,
        PROVIDER_SECRET: SECRET,
        GPU_BACKEND: "cpu",
        MAX_CONCURRENCY: "200",
        BATCH_SIZE: "16",
        BELLOWS_AUTO_STAKE: "100",
        BELLOWS_STAKE_WITHOUT_BACKUP: "1",
        BELLOWS_DATA_DIR: tempFolder(),
        [PASSPHRASE_VARIABLE]: process.env[PASSPHRASE_VARIABLE],
      };
      const config = { ...loadConfig({ env, flags: {}, paths }), control: null };
      const engine = await startEngine(config, new ForkProcessHost(), { now: () => Date.now() + skewMs });
      onTestFinished(() => engine.shutdown());
      const registered = () => engine.snapshot().state.markets[0]?.state === "registered";
      await expect.poll(registered, { timeout: 30 * SECOND }).toBe(true);
      return engine;
    };
    const first = await startWorker(queueUrl, SKEW);
    const second = await startWorker(eavesdropped.url, -SKEW);
    const engines = [first, second];

    const submitting = submitJobs(queueUrl);
    await takeAndDie(queueUrl, 20);
    await submitting;
    expect(of(log(), "job-created")).toHaveLength(JOBS);
    const completed = () => new Set(accepted(log()).map(({ jobId }) => jobId)).size;
    await until(() => completed() === JOBS, `all results, ${completed()} so far`, 4 * MINUTE);
    // A result whose answer was lost is asked about again: then both sides agree that it was taken.
    const acceptedHere = () =>
      engines.reduce((sum, e) => sum + e.snapshot().state.throughput.acceptedTotal, 0);
    await until(() => acceptedHere() === JOBS, "our own books to say so", 60 * SECOND);
    const pending = () => engines.map((engine) => engine.snapshot().state.earnings[0]?.pendingTotal.minor);
    await until(() => pending().every((minor) => minor === "0"), "all money", 90 * SECOND);

    // Nothing was lost: every job has its one result, and both workers had their part of the work.
    const results = accepted(log());
    expect(results.filter(({ duplicate }) => !duplicate)).toHaveLength(JOBS);
    for (const engine of engines) {
      expect(engine.snapshot().state.throughput.acceptedTotal).toBeGreaterThan(JOBS / 10);
    }
    // Nothing went out twice: no lease ever heard two digests.
    const digests = new Map<string, Set<string | null>>();
    for (const { leaseId, claimed } of of(log(), "result")) {
      digests.set(leaseId ?? "", (digests.get(leaseId ?? "") ?? new Set()).add(claimed));
    }
    expect([...digests.values()].filter((set) => set.size > 1)).toEqual([]);

    // The same money on both sides, to the last nano, job by job.
    const paid = new Map(
      of(log(), "settled").flatMap(({ payouts }) => payouts.map((payout) => [payout.jobId, payout.amount])),
    );
    expect(paid.size).toBe(JOBS);
    const earned = new Map<string, string>();
    for (const engine of engines) {
      for (const job of await allJobs(engine)) {
        if (job.earned === null) continue;
        expect(earned.has(job.jobId), `${job.jobId} is earned once`).toBe(false);
        earned.set(job.jobId, job.earned.minor);
      }
    }
    expect([...earned].sort()).toEqual([...paid].sort());
    const share = BigInt(FEE) - (BigInt(FEE) * 1500n) / 10_000n - (BigInt(FEE) * 500n) / 10_000n;
    const claimed = of(log(), "claimed").reduce((sum, line) => sum + BigInt(line.amount), 0n);
    expect(claimed).toBe(BigInt(JOBS) * share);

    // The bad day was one: each kind of fault was met.
    const replayed = eavesdropped.replays.filter(({ first }) => first < 300);
    expect(replayed.length).toBeGreaterThan(10);
    for (const { again, body } of replayed.filter(({ again }) => again !== 503)) {
      expect({ again, body }).toMatchObject({ again: 409, body: expect.stringContaining("AICF_REPLAY") });
    }
    expect(results.some(({ duplicate }) => duplicate)).toBe(true);
    expect(of(log(), "lease-expired").length).toBeGreaterThanOrEqual(20);
  },
  9 * MINUTE,
);

type Of<E extends DevnetLogLine["event"]> = Extract<DevnetLogLine, { event: E }>;
function of<E extends DevnetLogLine["event"]>(log: readonly DevnetLogLine[], event: E): Of<E>[] {
  return log.filter((line): line is Of<E> => line.event === event);
}

function accepted(log: readonly DevnetLogLine[]): Of<"result">[] {
  return of(log, "result").filter(({ verdict }) => verdict === "accepted");
}

async function submitJobs(queueUrl: string): Promise<void> {
  const words = ["iron", "ember", "hammer", "tongs", "anvil", "quench", "bellows", "smith"];
  let next = 0;
  const submitter = async () => {
    for (let n = next++; n < JOBS; n = next++) {
      const input = [`${words[n % words.length]} ${words[(n * 5 + 3) % words.length]} number ${n}`];
      await submitOne(queueUrl, {
        kind: "embed",
        model: "text-embed-001",
        input,
        fee: FEE,
        requester: `c${n}`,
      });
    }
  };
  await Promise.all(Array.from({ length: 8 }, submitter));
}

/** Exactly one job a call: what may have arrived is looked up before it is sent again. */
async function submitOne(
  queueUrl: string,
  job: { requester: string } & Record<string, unknown>,
): Promise<void> {
  for (;;) {
    const there = await tryJson(`${queueUrl}/v1/jobs?requester=${job.requester}`);
    if (there !== null && (there.items as unknown[]).length > 0) return;
    if (there === null) continue;
    await fetch(`${queueUrl}/v1/jobs`, { method: "POST", body: JSON.stringify(job) }).catch(() => null);
  }
}

/** A third worker of the fleet that takes leases and is never heard of again. */
async function takeAndDie(queueUrl: string, leases: number): Promise<void> {
  const config = { queueUrl, rpcUrl: null, chainId: 1, providerId: PROVIDER, name: "third", region: null };
  const never = () => {
    throw new Error("this worker has no key");
  };
  const worker = createAicfAdapter(
    { ...config, workerId: "the-third", secret: SECRET, autoStakeNano: null },
    { identity: { publicKey: new Uint8Array(), address: "", providerId: PROVIDER, sign: never } },
  );
  for (let taken = 0; taken < leases; ) {
    const wish = { max: leases - taken, waitMs: 1000, models: ["text-embed-001"] };
    taken += (await worker.acquire(wish, AbortSignal.timeout(10 * SECOND)).catch(() => [])).length;
  }
}

async function tryJson(url: string): Promise<Record<string, unknown> | null> {
  const answer = await fetch(url).catch(() => null);
  return answer?.ok ? ((await answer.json().catch(() => null)) as Record<string, unknown> | null) : null;
}

async function allJobs(engine: Engine): Promise<JobRow[]> {
  const jobs: JobRow[] = [];
  for (let before: string | null = null; ; ) {
    const page: { jobs: JobRow[]; next: string | null } = await engine.handlers["jobs.list"]({
      limit: 1000,
      ...(before === null ? {} : { before }),
    });
    jobs.push(...page.jobs);
    if (page.next === null) return jobs;
    before = page.next;
  }
}

async function until(condition: () => boolean, what: string, patience: number): Promise<void> {
  const deadline = Date.now() + patience;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}`);
    await delay(500);
  }
}
