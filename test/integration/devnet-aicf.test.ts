/** A provider's whole life at AICF over real HTTP, with a real ML-DSA-65 key, in the real devnet process. */
import { createHash } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import WebSocket from "ws";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { readDevnetLog } from "../../src/devnet/log.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { CHAIN_ID, devnetConfig, runDevnet } from "./devnet-process.ts";
import { getJson, rpc, submitJob, TestProvider } from "./devnet-provider.ts";

const OUTPUT = Buffer.from("canonical result bytes");
const sha3_512 = (bytes: Uint8Array) => createHash("sha3-512").update(bytes).digest("hex");

/** A market in this process: quicker, and its clock can be set. */
async function market(clock?: () => number) {
  const devnet = await startDevnet(devnetConfig(tempFolder()), clock ? { clock } : {});
  onTestFinished(() => devnet.close());
  const { queueUrl, nodeUrl, logFile } = devnet.ready;
  const provider = new TestProvider(queueUrl, CHAIN_ID);
  return {
    provider,
    queueUrl,
    nodeUrl,
    log: () => readDevnetLog(logFile),
    path: `/v1/providers/${provider.id}`,
  };
}

describe("a provider's life", () => {
  it("leads from registration to money", async () => {
    const { ready } = await runDevnet(devnetConfig(tempFolder()));
    const { queueUrl, nodeUrl } = ready;
    const provider = new TestProvider(queueUrl, CHAIN_ID);

    expect(await provider.register()).toMatchObject({
      status: 201,
      body: {
        id: provider.id,
        status: "active",
        eligible: false,
        ineligible_reasons: ["insufficient_stake", "no_heartbeat"],
      },
    });
    expect((await provider.register()).status).toBe(200);
    const unstaked = await provider.call("acquire", "/v1/leases", { worker_id: "w1" });
    expect(unstaked).toMatchObject({
      status: 403,
      body: { code: "AICF_INSUFFICIENT_STAKE", details: { required_nano: 100_000_000_000, actual_nano: 0 } },
    });
    expect((await provider.stake(100_000_000_000)).body).toMatchObject({
      stake: { effective: 100_000_000_000 },
    });
    expect((await provider.heartbeat()).body).toMatchObject({
      health: 0.5,
      health_state: "DEGRADED",
      interval_ms: 15_000,
    });
    expect((await provider.heartbeat()).body).toMatchObject({ health_state: "HEALTHY" });

    const text = {
      kind: "generate",
      model: "a-text-model",
      input: { prompt: "go on" },
      params: { max_tokens: 3 },
    };
    const textId = await submitJob(queueUrl, text);
    const jobId = await submitJob(queueUrl, { input: "one text" });
    expect(await provider.acquire({ kinds: ["embed"], models: ["a-text-model"] })).toEqual([]);
    const granted = await provider.call("acquire", "/v1/leases", { worker_id: "w1", kinds: ["generate"] });
    expect(granted.body).toMatchObject({
      leases: [{ job_id: textId, kind: "generate", input: { prompt: "go on" }, params: { max_tokens: 3 } }],
    });
    const [{ lease_id: textLease }] = (granted.body as { leases: [{ lease_id: string }] }).leases;
    const given = await provider.call("return", `/v1/leases/${textLease}/return`, { reason: "not mine" });
    expect(given.status).toBe(200);
    const [lease] = await provider.acquire({ models: ["text-embed-001"], kinds: ["embed"] });
    if (!lease) throw new Error("no lease");
    expect(lease).toMatchObject({ job_id: jobId, attempt: 1, input: ["one text"], fee: 1_000_000 });
    const renewed = await provider.call("renew", `/v1/leases/${lease.lease_id}/renew`, {
      worker_id: "w1",
      extend_ms: 60_000,
    });
    expect(renewed.body).toEqual({ expires_at_ms: lease.expires_at_ms + 60_000 });
    const held = await getJson(`${queueUrl}/v1/leases?provider_id=${provider.id}&worker_id=w1`);
    expect(held.body).toMatchObject({
      leases: [{ lease_id: lease.lease_id, expires_at_ms: lease.expires_at_ms + 60_000 }],
    });

    const first = await provider.complete(lease, OUTPUT);
    expect(first).toMatchObject({
      status: 200,
      body: { ok: true, job_id: jobId, output_digest: `0x${sha3_512(OUTPUT)}` },
    });
    const again = await provider.complete(lease, OUTPUT);
    expect(again).toMatchObject({
      status: 200,
      body: { idempotent: true, completed_at: first.body.completed_at },
    });
    const other = await provider.complete(lease, Buffer.from("other bytes"));
    expect(other).toMatchObject({
      status: 409,
      body: { code: "AICF_ERROR", details: { reason: "different_digest" } },
    });
    const result = await getJson(`${queueUrl}/v1/jobs/${jobId}/result`);
    expect(result.body).toMatchObject({
      receipt: "0xa0",
      output: OUTPUT.toString("base64"),
      provider_id: provider.id,
    });

    const balance = () => rpc(nodeUrl, "aicf.getBalance", { providerId: provider.id });
    expect(await balance()).toMatchObject({ escrow: 800_000, pending: 0, available: 0 });
    const settled = await fetch(`${queueUrl}/v1/epochs/settle`, { method: "POST" });
    expect(await settled.json()).toEqual({ epoch: 1, payouts: 1, amount: 800_000, height: 1 });
    expect(await balance()).toMatchObject({ escrow: 0, pending: 800_000, available: 0 });
    expect(await rpc(nodeUrl, "aicf.claimPayout", { providerId: provider.id })).toMatchObject({
      totalPaid: 800_000,
      payouts: [{ jobId, amount: 800_000 }],
    });
    expect(await balance()).toMatchObject({ pending: 0, available: 800_000, lastSettlementEpoch: 1 });
    const payouts = await getJson(`${queueUrl}/v1/providers/${provider.id}/payouts?job_id=${jobId}`);
    expect(payouts.body).toMatchObject({
      items: [
        { job_id: jobId, amount: 800_000, gross: 1_000_000, epoch: 1, claimed_at_ms: expect.any(Number) },
      ],
    });

    const results = readDevnetLog(ready.logFile).filter((line) => line.event === "result");
    expect(results.map(({ verdict, duplicate, sha3_512: digest }) => [verdict, duplicate, digest])).toEqual([
      ["accepted", false, sha3_512(OUTPUT)],
      ["accepted", true, sha3_512(OUTPUT)],
      ["refused", true, sha3_512(Buffer.from("other bytes"))],
    ]);
  });

  it("settles epochs by itself", async () => {
    const { ready } = await runDevnet(devnetConfig(tempFolder(), { epochMs: 700 }));
    const provider = new TestProvider(ready.queueUrl, CHAIN_ID);
    await provider.enter();
    await submitJob(ready.queueUrl);
    const [lease] = await provider.acquire();
    if (!lease) throw new Error("no lease");
    await provider.complete(lease, OUTPUT);
    const balance = () => rpc(ready.nodeUrl, "aicf.getBalance", { providerId: provider.id });
    await expect.poll(balance, { timeout: 10 * SECOND }).toMatchObject({ escrow: 0, pending: 800_000 });
  });
});

describe("who may speak for a provider", () => {
  it("only its key, freshly, once", async () => {
    const { provider, path } = await market();
    await provider.register();
    const body = provider.body("heartbeat", {});
    const signature = provider.signature("heartbeat", body);
    const url = `${path}/heartbeat`;
    expect((await provider.send(url, body, null)).status).toBe(401);
    expect((await provider.send(url, `${body} `, signature)).status).toBe(401);
    expect((await provider.send(url, body, provider.signature("renew", body))).status).toBe(401);
    expect((await provider.send("/v1/providers/prov_other/heartbeat", body, signature)).status).toBe(401);
    expect((await provider.send(url, body, signature)).status).toBe(200);
    expect(await provider.send(url, body, signature)).toMatchObject({
      status: 409,
      body: { code: "AICF_REPLAY" },
    });
    expect((await provider.call("renew", url)).status).toBe(401);
    expect(
      await provider.call("heartbeat", "/v1/providers/prov_01ce5b7f/heartbeat", { qos: 2 }),
    ).toMatchObject({
      status: 400,
      body: { details: { issues: [expect.stringContaining("qos")] } },
    });
  });

  it("another key can't take its name, and an address must belong to its key", async () => {
    const { provider, queueUrl } = await market();
    expect((await provider.register()).status).toBe(201);
    const impostor = new TestProvider(queueUrl, CHAIN_ID, provider.id);
    expect(await impostor.register()).toMatchObject({ status: 409, body: { code: "AICF_REGISTRY_ERROR" } });
    expect((await impostor.heartbeat()).status).toBe(401);
    const stranger = new TestProvider(queueUrl, CHAIN_ID, "prov_stranger");
    expect((await stranger.register({ address: provider.address })).status).toBe(400);
    expect(await stranger.heartbeat()).toMatchObject({ status: 404, body: { code: "AICF_REGISTRY_ERROR" } });
    expect((await new TestProvider(queueUrl, CHAIN_ID + 1, "prov_other_chain").register()).status).toBe(401);
  });

  it("its secret, for everything but identity and stake", async () => {
    const { provider, path } = await market();
    const secret = "a secret of the provider";
    await provider.register({ secret });
    await provider.stake(100_000_000_000);
    expect((await provider.callWithSecret(secret, "heartbeat", `${path}/heartbeat`)).status).toBe(200);
    expect((await provider.callWithSecret(secret, "acquire", "/v1/leases", { worker_id: "w" })).status).toBe(
      204,
    );
    expect((await provider.callWithSecret(`${secret}!`, "heartbeat", `${path}/heartbeat`)).status).toBe(401);
    expect((await provider.callWithSecret(secret, "stake", `${path}/stake`, { amount: 1 })).status).toBe(401);
  });

  it("nobody whose clock is more than five minutes off", async () => {
    const { provider, path } = await market(() => Date.now() + 5 * MINUTE + 10 * SECOND);
    expect(await provider.register()).toMatchObject({
      status: 401,
      body: { code: "AICF_UNAUTHORIZED", details: { now_ms: expect.any(Number) } },
    });
    expect((await getJson((await market()).queueUrl + path)).status).toBe(404);
  });
});

describe("a long poll", () => {
  it("answers when a job arrives", async () => {
    const { provider, queueUrl } = await market();
    await provider.enter();
    const waiting = provider.acquire({ wait_ms: 20_000 });
    const jobId = await submitJob(queueUrl);
    expect((await waiting).map((lease) => lease.job_id)).toEqual([jobId]);
  });

  it("of a caller that hangs up takes no lease along", async () => {
    const { provider, queueUrl, log } = await market();
    await provider.enter();
    const caller = new AbortController();
    const body = provider.body("acquire", { worker_id: "w1", wait_ms: 20_000 });
    const waiting = provider.send("/v1/leases", body, provider.signature("acquire", body), caller.signal);
    await expect.poll(async () => (await provider.heartbeat()).status).toBe(200); // The poll is in by now.
    caller.abort();
    await expect(waiting).rejects.toThrow();
    const next = provider.acquire({ wait_ms: 20_000, worker_id: "w2" });
    const jobId = await submitJob(queueUrl);
    expect((await next).map((lease) => lease.job_id)).toEqual([jobId]);
    expect(log().filter((line) => line.event === "leased")).toMatchObject([{ workerId: "w2", attempt: 1 }]);
  });

  it("of two workers shares out the work", async () => {
    const { provider, queueUrl } = await market();
    await provider.enter();
    const [a, b] = ["a", "b"].map((worker_id) => provider.acquire({ wait_ms: 20_000, worker_id }));
    const ids = [await submitJob(queueUrl), await submitJob(queueUrl)];
    const leases = [...((await a) ?? []), ...((await b) ?? [])];
    expect(leases.map((lease) => lease.job_id).sort()).toEqual(ids.sort());
  });
});

describe("leases over HTTP", () => {
  it("are failed, returned, and lost to others", async () => {
    const { provider, queueUrl } = await market();
    await provider.enter();
    await submitJob(queueUrl);
    const [first] = await provider.acquire();
    const path = `/v1/leases/${first?.lease_id}`;
    const foreign = await provider.call("return", `${path}/return`, { worker_id: "w2", reason: "x" });
    expect(foreign).toMatchObject({
      status: 409,
      body: { code: "AICF_LEASE_LOST", details: { reason: "not_holder" } },
    });
    expect((await provider.call("return", `${path}/return`, { reason: "no room" })).body).toEqual({
      ok: true,
    });
    const [second] = await provider.acquire();
    const failure = { code: "job_too_large", message: "does not fit", retryable: true };
    const failed = await provider.call("fail", `/v1/leases/${second?.lease_id}/fail`, failure);
    expect(failed.body).toEqual({ ok: true, requeued: false });
    const unknown = await provider.call("renew", "/v1/leases/lease_nope/renew", { extend_ms: 1 });
    expect(unknown).toMatchObject({ status: 409, body: { details: { reason: "unknown" } } });
  });

  it("take big outputs by their digest", async () => {
    const { provider, queueUrl } = await market();
    await provider.enter();
    await submitJob(queueUrl);
    const [lease] = await provider.acquire();
    if (!lease) throw new Error("no lease");
    const big = Buffer.alloc(300 * 1024, 7);
    expect((await provider.complete(lease, big)).body).toMatchObject({ code: "AICF_TOO_LARGE" });
    const put = (digest: string) => fetch(`${queueUrl}/v1/outputs/${digest}`, { method: "PUT", body: big });
    expect((await put("ab".repeat(64))).status).toBe(400);
    expect((await put(sha3_512(big))).status).toBe(201);
    expect(await (await put(`0x${sha3_512(big)}`)).json()).toEqual({
      digest: `0x${sha3_512(big)}`,
      bytes: big.length,
    });
    expect((await provider.complete(lease, big, { output: undefined })).status).toBe(200);
  });

  it("refuse bodies over a megabyte", async () => {
    const { provider } = await market();
    const body = provider.body("register", { name: "x".repeat(1024 * 1024) });
    expect((await provider.send("/v1/providers", body, "dilithium3=AA==")).status).toBe(413);
  });
});

describe("events", () => {
  it("are pushed on the node and on the queue port, by topic", async () => {
    const { provider, queueUrl, nodeUrl } = await market();
    await provider.enter();
    const everything = await listen(`${nodeUrl}/aicf/ws`);
    const some = await listen(`${queueUrl}/aicf/ws?topics=aicf.epochSettled,aicf.unheardOf`);
    const jobId = await submitJob(queueUrl);
    const [lease] = await provider.acquire();
    if (!lease) throw new Error("no lease");
    await provider.complete(lease, OUTPUT);
    await fetch(`${queueUrl}/v1/epochs/settle`, { method: "POST" });
    some.socket.send("ping");
    await expect.poll(() => [everything.heard.length, some.heard.length]).toEqual([3, 2]);
    const about = { jobId, providerId: provider.id, height: 1 };
    expect(everything.heard).toMatchObject([
      { event: "aicf.jobAssigned", ts: expect.any(Number), data: { ...about, leaseId: lease.lease_id } },
      { event: "aicf.jobCompleted", data: { ...about, success: true, digest: `0x${sha3_512(OUTPUT)}` } },
      { event: "aicf.epochSettled", data: { epoch: 1, payouts: 1, amount: 800_000, height: 1 } },
    ]);
    expect(some.heard.map((message) => message.event)).toEqual(["aicf.epochSettled", "pong"]);
  });
});

async function listen(url: string) {
  const socket = new WebSocket(url.replace("http", "ws"));
  const heard: { event: string }[] = [];
  socket.on("message", (message) => heard.push(JSON.parse(String(message)) as { event: string }));
  onTestFinished(() => socket.terminate());
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return { socket, heard };
}
