/** A market that takes begun jobs back one after the other, and a real engine: it stops taking them until somebody looks. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { SECOND } from "../../src/shared/durations.ts";
import { type Fault, faultProxy } from "../support/fault-proxy.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { FleetMarket, FleetWorker, PACED_MODEL, pacedResources } from "../support/worker-fleet.ts";
import { submitJob } from "./devnet-provider.ts";

const CONCURRENCY = 2;
const patience = { timeout: 30 * SECOND, interval: 50 };
const LOST: Fault = {
  kind: "answer",
  status: 409,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ code: "AICF_LEASE_LOST", message: "the lease is another's", details: {} }),
};

test("after five lost leases in a row nothing more is taken, also after a crash, until a person says so", async () => {
  const market = await FleetMarket.start({ leaseMs: 3 * SECOND, heartbeatMs: 2 * SECOND });
  let isLosing = true;
  const proxy = await faultProxy(market.ready.queueUrl, (call) =>
    isLosing && call.endsWith("/complete") ? LOST : null,
  );
  const worker = await FleetWorker.start("worker", pacedResources(), {
    queueUrl: proxy.url,
    nodeUrl: market.ready.nodeUrl,
    msPerJob: 20,
    concurrency: CONCURRENCY,
    journal: join(tempFolder(), "journal"),
  });
  const submit = async (jobs: number) => {
    for (let job = 0; job < jobs; job++)
      await submitJob(market.ready.queueUrl, { model: PACED_MODEL, kind: "embed", input: [`job ${job}`] });
  };
  const atMarket = async () => (await worker.state()).markets[0];
  const asked = () => proxy.seen.filter((call) => call === "POST /v1/leases").length;
  await submit(20);
  await expect.poll(atMarket, patience).toMatchObject({
    leasesHeld: 0,
    paused: { lost: 5 },
    error: { code: "MARKET_PAUSED" },
  });
  const lost = (await worker.jobs()).filter(({ state }) => state === "lost").length;
  expect(lost).toBeGreaterThanOrEqual(5);
  expect(lost).toBeLessThanOrEqual(5 * CONCURRENCY);
  expect((await worker.state()).headline).toMatchObject({
    level: "attention",
    reasons: [{ screen: "reliability" }],
  });

  await worker.kill();
  const before = asked();
  await worker.run();
  await expect.poll(atMarket, patience).toMatchObject({ state: "registered", paused: { lost: 5 } });
  const beats = () => market.log().filter(({ event }) => event === "heartbeat").length;
  const heard = beats();
  await expect.poll(beats, patience).toBeGreaterThan(heard + 1);
  expect(asked(), "no question for work while it is paused").toBe(before);

  isLosing = false;
  await worker.client.invoke("market.resume", { market: "aicf" });
  expect((await atMarket())?.paused).toBeUndefined();
  const done = async () => (await worker.state()).throughput.acceptedTotal;
  await expect.poll(done, patience).toBeGreaterThan(0);
});
