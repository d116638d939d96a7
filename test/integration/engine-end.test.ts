/** How an engine ends: in order and in time, whoever asks for it or has gone, and whatever hangs meanwhile. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { ENGINE_STOP } from "../../src/host/work-processes.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { descendants, isAlive } from "../support/bellows.ts";
import { expect, onTestFinished, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { FleetMarket, FleetWorker, PACED_MODEL, pacedResources } from "../support/worker-fleet.ts";
import { submitJob } from "./devnet-provider.ts";

sideBySide();

const RELAY = fileURLToPath(new URL("../fixtures/host/relay.ts", import.meta.url));
const patience = { timeout: 30 * SECOND, interval: 50 };

/** An engine below a parent of its own, that has taken three jobs: one runs, for a minute, two wait. */
async function engineAtWork() {
  const market = await FleetMarket.start();
  const { queueUrl, nodeUrl } = market.ready;
  const worker = await FleetWorker.start("worker", pacedResources(), {
    queueUrl,
    nodeUrl,
    msPerJob: MINUTE,
    concurrency: 3,
    journal: join(tempFolder(), "journal"),
    machine: {
      address: "127.0.0.1",
      exec: [process.execPath, RELAY],
      cut: () => undefined,
      mend: () => undefined,
    },
  });
  const [pid = 0] = descendants(worker.pid);
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  for (let job = 0; job < 5; job++)
    await submitJob(queueUrl, { model: PACED_MODEL, kind: "embed", input: [`job ${job}`] });
  const counts = async () => {
    const { devices, markets } = await worker.state();
    return { running: devices[0]?.runningJobs, held: markets[0]?.leasesHeld };
  };
  await expect.poll(counts, patience).toEqual({ running: 1, held: 3 });
  return { market, worker, pid };
}

/** What the ledger says after the end: it was closed in order, and nothing is held any more. */
async function afterwards({ dataFolder }: FleetWorker) {
  const file = join(dataFolder, "ledger.sqlite");
  const closed = existsSync(`${file}.clean`) && !existsSync(`${file}-wal`);
  const ledger = await Ledger.open(dataFolder);
  onTestFinished(() => ledger.close());
  const [last] = ledger.activity.list({}, { limit: 1 }).events;
  return { closed, last: last?.type, held: ledger.leases.held().length, unsent: ledger.outbox.size() };
}

const returned = (market: FleetMarket) => market.log().filter(({ event }) => event === "returned").length;

test.concurrent("whose parent is killed gives back what it holds and closes its ledger", async () => {
  const { market, worker, pid } = await engineAtWork();
  const family = [pid, ...descendants(pid)];
  process.kill(worker.pid, "SIGKILL");
  await expect.poll(() => family.filter(isAlive), { ...patience, timeout: ENGINE_STOP }).toEqual([]);
  expect(returned(market)).toBe(3);
  expect(await afterwards(worker)).toEqual({ closed: true, last: "engine-stopped", held: 0, unsent: 0 });
});

test.concurrent("whose parent is killed does not keep the ledger from one that is started at once", async () => {
  const { worker } = await engineAtWork();
  await worker.kill();
  await worker.run();
  expect((await worker.state()).engine.intent).toBe("running");
});

test.concurrent("that is asked to end gives back what does not end in its time, however often it is asked", async () => {
  const { market, worker, pid } = await engineAtWork();
  // A terminal that closes tells the whole group: what that means is its parent's to say.
  process.kill(pid, "SIGHUP");
  // As a service manager does that tells the whole group, and then the parent, which had the same order.
  process.kill(pid, "SIGTERM");
  const waiting = () => market.log().filter(({ event }) => event === "returned").length;
  await expect.poll(waiting, patience).toBe(2);
  process.kill(pid, "SIGTERM");
  await expect.poll(() => isAlive(pid), { ...patience, timeout: ENGINE_STOP }).toBe(false);
  expect(returned(market)).toBe(3);
  expect(await afterwards(worker)).toEqual({ closed: true, last: "engine-stopped", held: 0, unsent: 0 });
});

test.concurrent("whose market and runtime hang closes its ledger before it is killed", async () => {
  const { market, worker, pid } = await engineAtWork();
  market.freeze();
  process.kill(pid, "SIGTERM");
  await expect.poll(() => isAlive(pid), { ...patience, timeout: ENGINE_STOP }).toBe(false);
  expect(await afterwards(worker)).toEqual({ closed: true, last: "engine-stopped", held: 0, unsent: 3 });
});

test.concurrent("that ends to begin anew keeps what runs for the next start", async () => {
  const { market, worker, pid } = await engineAtWork();
  await worker.client.invoke("engine.restart", {});
  await expect.poll(() => isAlive(pid), { ...patience, timeout: ENGINE_STOP }).toBe(false);
  expect(returned(market)).toBe(2);
  expect(await afterwards(worker)).toEqual({ closed: true, last: "engine-stopped", held: 1, unsent: 0 });
});
