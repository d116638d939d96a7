/**
 * Many workers as real processes at one market in its own: work spreads evenly, a rolling restart and a market that is
 * killed in the middle cost nothing, no lease is anybody else's, no job is computed twice unless a process or a cable was
 * cut, and the books of all workers together are the market's.
 *
 * Four workers always; with BELLOWS_LONG_TESTS=1 fifty, in network namespaces with addresses of their own where root
 * may make them, with cables cut and workers killed besides. Its figures go to test-results/fleet-scale.json.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { DevnetLogLine } from "../../src/devnet/log.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { canMakeNetwork, type Machine, Network, publish } from "../support/name-spaces.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { FleetMarket, FleetWorker, PACED_MODEL, pacedResources } from "../support/worker-fleet.ts";

const FEE = 1_000_003; // Odd, so that every split has a remainder.
const RESULTS = fileURLToPath(new URL("../../test-results", import.meta.url));
/** How far a worker's share may be from the mean; where few jobs meet a busy machine, chance has more of a say. */
const FAIR = 0.1;
const FAIR_ENOUGH = 0.3;
/** Of what so many workers could do, this much is done at least, however many they are. */
const LINEAR = 0.8;
/** Of processor time, in /proc. */
const TICKS_PER_SECOND = 100;
const LEASE = 20 * SECOND;
const LONG = process.env.BELLOWS_LONG_TESTS === "1";

test(
  "four workers: even shares, a rolling restart, a market killed in the middle, equal books",
  async () => {
    const fleet = await Fleet.start({ msPerJob: 60, network: null });
    await fleet.grow(4);
    const counts = await fleet.work(4 * 50);
    expectFair(counts, FAIR_ENOUGH);
    await fleet.work(300, () => fleet.restartOneByOne(fleet.workers.slice(0, 2)));
    fleet.expectComputedOnce();
    await fleet.work(80, async () => {
      await fleet.restartMarket();
    });
    await fleet.expectBooksEqual();
  },
  4 * MINUTE,
);

describe.skipIf(!LONG)("the long test (BELLOWS_LONG_TESTS=1)", () => {
  // Its ledgers are in memory where there is room; with TMPDIR=/tmp the disk is measured too.
  test(
    "fifty workers: throughput as the fleet grows, a rolling restart, cut cables, killed workers, a killed market, equal books",
    async () => {
      const network = canMakeNetwork() ? new Network() : null;
      const fleet = await Fleet.start({ msPerJob: 1_000, network });
      const figures: ({ workers: number } & ReturnType<Fleet["lastPace"]> & { accepted: object })[] = [];
      const shares: ReadonlyMap<string, number>[] = [];
      for (const size of [10, 25, 50]) {
        await fleet.grow(size);
        const counts = await fleet.work(size * 60);
        figures.push({ workers: size, ...fleet.lastPace(), accepted: spread(counts) });
        fleet.write(figures);
        shares.push(counts);
      }
      await fleet.work(50 * 20, () => fleet.restartOneByOne(fleet.workers.slice(0, 10)));
      fleet.expectComputedOnce();
      await fleet.work(50 * 20, async () => {
        const [cut, killed] = [fleet.workers.slice(0, 5), fleet.workers.slice(5, 10)];
        await fleet.cutOff(cut, async () => {
          for (const worker of killed) {
            await worker.kill();
            await worker.run();
          }
          await fleet.restartMarket();
        });
      });
      await fleet.expectBooksEqual();
      for (const counts of shares) expectFair(counts, FAIR);
      // Each worker can do one job a second: twice the workers do twice the work.
      const share = figures.map(({ workers, perSecond }) => ({ workers, share: perSecond / workers }));
      expect(share.filter((each) => each.share < LINEAR)).toEqual([]);
    },
    30 * MINUTE,
  );
});

type Of<E extends DevnetLogLine["event"]> = Extract<DevnetLogLine, { event: E }>;

class Fleet {
  readonly workers: (FleetWorker & { machine?: Machine | undefined })[] = [];
  readonly #market: FleetMarket;
  readonly #network: Network | null;
  readonly #resources = pacedResources();
  readonly #journal = join(tempFolder(), "computed");
  readonly #msPerJob: number;
  readonly #urls: { queueUrl: string; nodeUrl: string };
  #jobs = 0;
  #pace = { jobs: 0, seconds: 0, perSecond: 0 };

  private constructor(
    market: FleetMarket,
    network: Network | null,
    msPerJob: number,
    urls: { queueUrl: string; nodeUrl: string },
  ) {
    this.#market = market;
    this.#network = network;
    this.#msPerJob = msPerJob;
    this.#urls = urls;
  }

  static async start({ msPerJob, network }: { msPerJob: number; network: Network | null }): Promise<Fleet> {
    const market = await FleetMarket.start({
      leaseMs: LEASE,
      heartbeatMs: 5 * SECOND,
      aicf: { slashing: false },
    });
    const { queueUrl, nodeUrl } = market.ready;
    const urls =
      network === null
        ? { queueUrl, nodeUrl }
        : { queueUrl: await publish(network, queueUrl), nodeUrl: await publish(network, nodeUrl) };
    return new Fleet(market, network, msPerJob, urls);
  }

  /** Until there are `size` workers, each known to the market; a few start at a time. */
  async grow(size: number): Promise<void> {
    while (this.workers.length < size) {
      const few = Math.min(4, size - this.workers.length);
      const fresh = await Promise.all(
        Array.from({ length: few }, async (_, index) => {
          const machine = this.#network?.machine();
          const worker = await FleetWorker.start(`worker ${this.workers.length + index}`, this.#resources, {
            ...this.#urls,
            msPerJob: this.#msPerJob,
            concurrency: 3,
            journal: this.#journal,
            ...(machine === undefined ? {} : { machine }),
          });
          return Object.assign(worker, { machine });
        }),
      );
      this.workers.push(...fresh);
    }
    await this.#registered();
  }

  /** Offers so many jobs, sees them all accepted, and says how many of them each worker had. */
  async work(jobs: number, meanwhile?: () => Promise<void>): Promise<Map<string, number>> {
    const from = this.#market.log().length;
    const before = accepted(this.#market.log()).length;
    // Shares are counted over a queue that is full from the first moment; trouble comes while it fills.
    if (meanwhile === undefined) await this.#tell("run.pause");
    const offering = this.#offer(jobs);
    if (meanwhile === undefined) {
      await offering;
      await this.#tell("run.start");
    } else {
      const begun = () => accepted(this.#market.log()).length - before;
      await expect.poll(begun, { timeout: 5 * MINUTE, interval: 200 }).toBeGreaterThan(jobs / 4);
      await meanwhile();
    }
    await offering;
    const done = () => accepted(this.#market.log()).length - before;
    await expect
      .poll(done, { timeout: 10 * MINUTE, interval: 500, message: "every job accepted" })
      .toBe(jobs);
    const log = this.#market.log().slice(from);
    // Who had nothing at all had least.
    const counts = new Map((await this.providers()).map((providerId) => [providerId, 0]));
    for (const { providerId } of accepted(log)) counts.set(providerId, (counts.get(providerId) ?? 0) + 1);
    const times = accepted(log).map(({ at }) => at);
    const first = of(log, "leased")[0]?.at ?? 0;
    const seconds = (Math.max(...times) - first) / SECOND;
    this.#pace = { jobs, seconds: round(seconds), perSecond: round(jobs / seconds) };
    return counts;
  }

  /** What the market calls each worker: each has a key of its own, and so an id. */
  async providers(): Promise<string[]> {
    await this.#registered(); // Who was restarted a moment ago may not be yet.
    const states = await Promise.all(this.workers.map((worker) => worker.state()));
    const ids = states.flatMap(({ markets }) => markets[0]?.providerId ?? []);
    expect(new Set(ids).size, "an id for each worker").toBe(this.workers.length);
    return ids;
  }

  lastPace() {
    return this.#pace;
  }

  async restartMarket(): Promise<void> {
    await this.#market.kill();
    await this.#market.run();
  }

  /**
   * Without their cables until the market has taken a lease of theirs away: shorter, and each would have gone on as if
   * nothing had been. Does nothing to workers that are all on one machine.
   */
  async cutOff(workers: Fleet["workers"], meanwhile: () => Promise<void>): Promise<void> {
    const states = await Promise.all(workers.map((worker) => worker.state()));
    const providers = new Set(states.map(({ markets }) => markets[0]?.providerId));
    const from = this.#market.log().length;
    for (const { machine } of workers) machine?.cut();
    await meanwhile();
    const expired = () =>
      of(this.#market.log().slice(from), "lease-expired").filter(({ providerId }) =>
        providers.has(providerId),
      ).length;
    if (this.#network !== null)
      await expect
        .poll(expired, { timeout: 3 * LEASE, interval: 200, message: "a lease of a worker cut off" })
        .toBeGreaterThan(0);
    for (const { machine } of workers) machine?.mend();
  }

  /** As an update goes through a fleet: each drained, ended and up again before the next is touched. */
  async restartOneByOne(workers: readonly FleetWorker[]): Promise<void> {
    let held = 0;
    for (const worker of workers) {
      const before = worker.pid;
      held += await worker.drain();
      await worker.run();
      expect(worker.pid).not.toBe(before);
      const intent = async () => (await worker.state()).engine.intent;
      await expect.poll(intent, { timeout: MINUTE, message: worker.name }).toBe("running");
    }
    expect(held, "leases held by those that were told to end").toBeGreaterThan(0);
  }

  /** As the runtimes themselves wrote it down: each job offered so far, and none a second time by anybody. */
  expectComputedOnce(): void {
    const computed = readFileSync(this.#journal, "utf8").trimEnd().split("\n");
    expect(new Set(computed).size).toBe(this.#jobs);
    expect(computed).toHaveLength(this.#jobs);
    const results = of(this.#market.log(), "result");
    expect(results.filter(({ duplicate, verdict }) => duplicate || verdict !== "accepted")).toEqual([]);
  }

  /** What was measured so far. */
  write(figures: readonly object[]): void {
    const used = this.workers.map(({ pid }) => processUse(pid));
    const mean = (of: (use: (typeof used)[number]) => number) =>
      round(used.reduce((sum, use) => sum + of(use), 0) / used.length);
    const engine = { memoryMb: mean((use) => use.memoryMb), cpuSeconds: mean((use) => use.cpuSeconds) };
    const place = this.#network === null ? "loopback" : "network namespaces";
    mkdirSync(RESULTS, { recursive: true });
    const text = JSON.stringify({ place, msPerJob: this.#msPerJob, figures, engine }, null, 2);
    writeFileSync(join(RESULTS, "fleet-scale.json"), `${text}\n`);
  }

  async expectBooksEqual(): Promise<void> {
    const settled = async () =>
      (await Promise.all(this.workers.map((worker) => worker.state()))).every(
        ({ earnings, markets }) => earnings[0]?.pendingTotal.minor === "0" && markets[0]?.leasesHeld === 0,
      );
    await expect.poll(settled, { timeout: 3 * MINUTE, interval: 500, message: "all money" }).toBe(true);
    const log = this.#market.log();
    expect(accepted(log)).toHaveLength(this.#jobs);
    expect(new Set(accepted(log).map(({ jobId }) => jobId)).size).toBe(this.#jobs);

    // No lease ever heard two digests, and none is in two ledgers.
    const digests = new Map<string | null, Set<string | null>>();
    for (const { leaseId, claimed } of of(log, "result")) {
      digests.set(leaseId, (digests.get(leaseId) ?? new Set()).add(claimed));
    }
    expect([...digests.values()].filter((claims) => claims.size > 1)).toEqual([]);
    const ledgers = await Promise.all(this.workers.map((worker) => worker.jobs()));
    const leases = ledgers.flat().map(({ leaseId }) => leaseId);
    expect(new Set(leases).size).toBe(leases.length);

    // The same money on both sides, to the last nano, job by job.
    const paid = of(log, "settled").flatMap(({ payouts }) =>
      payouts.map((p) => [p.jobId, p.amount] as const),
    );
    const earned = ledgers
      .flat()
      .flatMap(({ jobId, earned }) => (earned === null ? [] : [[jobId, earned.minor] as const]));
    expect(paid).toHaveLength(this.#jobs);
    expect(earned.toSorted()).toEqual(paid.toSorted());
  }

  async #registered(): Promise<void> {
    for (const worker of this.workers) {
      const state = async () => (await worker.state()).markets[0]?.state;
      await expect.poll(state, { timeout: 2 * MINUTE, message: worker.name }).toBe("registered");
    }
  }

  async #tell(command: "run.pause" | "run.start"): Promise<void> {
    await Promise.all(this.workers.map(({ client }) => client.invoke(command, {})));
  }

  /** Exactly so many: what may have arrived is looked up before it is sent again. */
  async #offer(jobs: number): Promise<void> {
    let next = this.#jobs;
    this.#jobs += jobs;
    const last = this.#jobs;
    const { queueUrl } = this.#market.ready;
    const lane = async () => {
      for (let n = next++; n < last; n = next++) {
        const job = { kind: "embed", model: PACED_MODEL, input: [`job ${n}`], fee: FEE, requester: `c${n}` };
        for (;;) {
          const there = await asked(`${queueUrl}/v1/jobs?requester=${job.requester}`);
          if (there !== null && there.items.length > 0) break;
          if (there === null) continue;
          await fetch(`${queueUrl}/v1/jobs`, { method: "POST", body: JSON.stringify(job) }).catch(() => null);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, lane));
  }
}

/** null: no answer, after a moment. */
async function asked(url: string): Promise<{ items: unknown[] } | null> {
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok) return (await answer.json().catch(() => null)) as { items: unknown[] } | null;
  await new Promise((resolve) => setTimeout(resolve, 50));
  return null;
}

function of<E extends DevnetLogLine["event"]>(log: readonly DevnetLogLine[], event: E): Of<E>[] {
  return log.filter((line): line is Of<E> => line.event === event);
}

function accepted(log: readonly DevnetLogLine[]): Of<"result">[] {
  return of(log, "result").filter(({ verdict, duplicate }) => verdict === "accepted" && !duplicate);
}

/** Each worker had its share, up to `tolerance` of it. */
function expectFair(counts: ReadonlyMap<string, number>, tolerance: number): void {
  const { mean, least, most } = spread(counts);
  expect({ least, most, mean }).toMatchObject({
    least: expect.toSatisfy((n: number) => n >= mean * (1 - tolerance)),
    most: expect.toSatisfy((n: number) => n <= mean * (1 + tolerance)),
  });
}

function spread(counts: ReadonlyMap<string, number>) {
  const values = [...counts.values()];
  const mean = values.reduce((sum, n) => sum + n, 0) / values.length;
  return { mean, least: Math.min(...values), most: Math.max(...values) };
}

/** Of a process and what it had waited for; Linux only, else zeros. */
function processUse(pid: number): { memoryMb: number; cpuSeconds: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
    const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    return { memoryMb: kib / 1024, cpuSeconds: ticks / TICKS_PER_SECOND };
  } catch {
    return { memoryMb: 0, cpuSeconds: 0 };
  }
}

const round = (value: number) => Math.round(value * 10) / 10;
