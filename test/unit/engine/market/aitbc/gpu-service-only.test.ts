/** A provider that only offers GPUs: seen at the gpu service by one heartbeat, and not asking it for jobs it never has. */
import { expect, test } from "vitest";
import { createAitbcAdapter } from "../../../../../src/engine/market/aitbc/adapter.ts";
import { aSessionAt } from "../../../../support/one-session.ts";
import { serve } from "../../../../support/scripted-server.ts";

const signal = new AbortController().signal;
const WORD = { status: "healthy", service: "gpu-service" };
const ANSWERS: Readonly<Record<string, unknown>> = {
  "GET /health": WORD,
  "GET /v1/gpu/status": WORD,
  "GET /v1/miners/rig-7/gpus": [],
  "POST /v1/miners/register": { miner_id: "rig-7", status: "registered", gpu_count: 0 },
  "POST /v1/miners/heartbeat": { status: "ok" },
};

async function gpuService() {
  const server = await serve(({ method, url }) => {
    const body = ANSWERS[`${method} ${url}`];
    return body === undefined ? { status: 404, body: { detail: "Not Found" } } : { body };
  });
  const asked = (path: string) => server.seen.filter(({ url }) => url === `/v1/miners/${path}`).length;
  return { url: server.url, asked };
}

const adapterFor = (gpuUrl: string, coordinatorUrl: string | null) =>
  createAitbcAdapter({
    ...{ gpuUrl, coordinatorUrl, coordinatorKey: "coordinator-key", gpuKey: "gpu-key", rpcUrl: null },
    ...{ minerId: "rig-7", nodeId: null, region: null, wallet: null, receiptKeyId: null },
  });

test("the session is heard and asks for no jobs, and the board adds no heartbeat of its own", async () => {
  const { url, asked } = await gpuService();
  const adapter = adapterFor(url, null);
  const { session, eventually } = await aSessionAt(adapter);
  await eventually(() => session.view().state).toBe("registered");
  expect(session.view()).toMatchObject({ givesJobs: false, lastPollAt: null, heartbeatIntervalMs: 15_000 });
  expect(session.view().lastHeartbeatAckAt).not.toBeNull();
  for (const offers of adapter.offers?.boards ?? []) await offers.keepAlive(signal);
  // A question of the session's would have gone out before these answers came.
  await adapter.probe(signal);
  expect([asked("register"), asked("heartbeat"), asked("poll")]).toEqual([1, 1, 0]);
});

test("beside a coordinator, which hears the session, the board registers and sends the heartbeats", async () => {
  const { url, asked } = await gpuService();
  const adapter = adapterFor(url, "http://127.0.0.1:9");
  const inventory = adapter.offers?.boards.find(({ id }) => id === "gpu-service");
  await inventory?.keepAlive(signal);
  await inventory?.keepAlive(signal);
  expect([asked("register"), asked("heartbeat")]).toEqual([1, 2]);
});
