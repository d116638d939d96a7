import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAitbcAdapter } from "../../../../../src/engine/market/aitbc/adapter.ts";
import { openWallet } from "../../../../../src/engine/market/aitbc/wallet.ts";
import type { Load, MarketAdapter, Submission } from "../../../../../src/engine/market/port.ts";
import { encodeEmbedResult } from "../../../../../src/shared/canonical.ts";
import { sha3_256, sha3_512 } from "../../../../../src/shared/digest.ts";
import { AppError } from "../../../../../src/shared/errors.ts";
import { money } from "../../../../../src/shared/money.ts";
import { type Answer, type SeenRequest, serve } from "../../../../support/scripted-server.ts";
import { recorded, recordedWith } from "./transcript.ts";

const signal = new AbortController().signal;
const API_KEY = "miner-key-one-0123456789";
const profile = { name: "box", region: null, concurrency: 2, models: ["text-embed-001"], devices: [] };
const load = (inflight: number): Load => ({ inflight, capacity: 2, profile });
const EMPTY_PAGE = { jobs: [], total: 0, limit: 100, offset: 0, miner_id: "m1" };

type Routes = Record<string, (request: SeenRequest, nth: number) => Answer>;

/** A coordinator (and chain) that answers by path, and the adapter in front of it. */
async function against(
  routes: Routes,
  options: {
    wallet?: string;
    walletKey?: string;
    chain?: boolean;
    now?: () => number;
    receiptKeyId?: string;
  } = {},
) {
  const counts = new Map<string, number>();
  const server = await serve((request) => {
    const path = request.url.split("?")[0] ?? "";
    const nth = counts.get(path) ?? 0;
    counts.set(path, nth + 1);
    return routes[path]?.(request, nth) ?? { status: 404, body: { detail: "Not Found" } };
  });
  const config = {
    coordinatorUrl: server.url,
    rpcUrl: options.chain ? server.url : null,
    coordinatorKey: API_KEY,
    gpuUrl: null,
    gpuKey: null,
    nodeId: null,
    receiptKeyId: options.receiptKeyId ?? null,
    minerId: "m1",
    region: "eu",
    wallet: options.wallet ?? null,
    walletKey: options.walletKey ?? null,
  };
  const debug: string[] = [];
  const adapter = createAitbcAdapter(config, { now: options.now, onDebug: (message) => debug.push(message) });
  const asked = (path: string) => server.seen.filter(({ url }) => url.split("?")[0] === path);
  return { adapter, server, asked, debug };
}

test("a machine whose clock is an hour off knows it from any answer", async () => {
  const HOUR = 3_600_000;
  const routes: Routes = { "/v1/miners/heartbeat": () => ({ body: { status: "ok" } }) };
  const { adapter } = await against(routes, { now: () => Date.now() - HOUR });
  expect(adapter.clockSkewMs?.()).toBeNull();
  await adapter.heartbeat(load(0), signal).catch(() => undefined); // Any answer tells the time.
  expect(Math.abs((adapter.clockSkewMs?.() ?? 0) - HOUR)).toBeLessThan(2_000);
});

test("the chain's clock is another one, and says nothing of the coordinator's", async () => {
  const answers: Record<string, () => Answer> = {
    "/v1/miners/heartbeat": () => ({ body: { status: "ok" } }),
    "/rpc/transactions": () => ({
      body: [],
      headers: { date: new Date(Date.now() + 7_200_000).toUTCString() },
    }),
  };
  const { adapter } = await against(answers, { chain: true, wallet: "ait1me" });
  await adapter.credits(["a"], signal);
  expect(adapter.clockSkewMs?.()).toBeNull();
  await adapter.heartbeat(load(0), signal);
  expect(adapter.clockSkewMs?.()).toBe(0);
});

/** The recorded answer, as it came over the wire. */
function replay(method: string, pattern: string, status: number): () => Answer {
  const { text } = recordedWith(method, pattern, status);
  return () => ({ status, ...(text === "" ? {} : { body: text }) });
}

function submission(overrides: Partial<Submission> = {}): Submission {
  const output = encodeEmbedResult({ shape: [1, 3], data: Float32Array.of(0.25, -1, 2) });
  return {
    leaseId: "job1",
    jobId: "job1",
    model: "text-embed-001",
    idempotencyKey: "key",
    output,
    sha3_512: sha3_512(output),
    sha3_256: sha3_256(output),
    shape: [1, 3],
    receipt: Uint8Array.of(0xa1, 0x01),
    computeMs: 42,
    device: "cpu",
    resend: false,
    ...overrides,
  };
}

describe("is it the coordinator", () => {
  test("the recorded health answer says so", async () => {
    const { adapter } = await against({ "/health": () => ({ body: recorded("GET", "/health")[0]?.text }) });
    await adapter.probe(signal);
  });

  test("the gpu service is not", async () => {
    const { adapter } = await against({
      "/health": () => ({ body: { status: "healthy", service: "gpu-service" } }),
    });
    await expect(adapter.probe(signal)).rejects.toMatchObject({ code: "WRONG_SERVICE", actor: "user" });
  });
});

describe("registration and heartbeat", () => {
  test("both headers go with every call", async () => {
    const { adapter, asked } = await against({
      "/v1/miners/register": replay("POST", "/v1/miners/register", 200),
      "/v1/miners/heartbeat": replay("POST", "/v1/miners/heartbeat", 200),
    });
    expect(await adapter.register(profile, signal)).toEqual({ providerId: "m1" });
    expect(await adapter.heartbeat(load(1), signal)).toEqual({ intervalMs: 15_000, health: null });
    expect(asked("/v1/miners/register")[0]?.json).toMatchObject({
      concurrency: 2,
      region: "eu",
      capabilities: { models: ["text-embed-001"] },
    });
    expect(asked("/v1/miners/heartbeat")[0]?.json).toMatchObject({ inflight: 1, status: "ONLINE" });
    for (const path of ["/v1/miners/register", "/v1/miners/heartbeat"]) {
      expect(asked(path)[0]?.headers).toMatchObject({ "x-api-key": API_KEY, "x-miner-id": "m1" });
    }
  });

  test("a provider that takes no work says so, and keeps no job from others", async () => {
    const { adapter, asked } = await against({
      "/v1/miners/heartbeat": replay("POST", "/v1/miners/heartbeat", 200),
    });
    await adapter.heartbeat({ ...load(1), capacity: 0 }, signal);
    expect(asked("/v1/miners/heartbeat")[0]?.json).toMatchObject({ inflight: 1, status: "DRAINING" });
  });

  test("a refused key is the user's to mend, and is not repeated", async () => {
    const { adapter } = await against({
      "/v1/miners/register": () => ({ status: 401, body: { detail: `Invalid API key ${API_KEY}` } }),
    });
    const refusal = adapter.register(profile, signal);
    await expect(refusal).rejects.toMatchObject({ code: "NOT_AUTHORIZED", actor: "user", retryable: false });
    await expect(refusal).rejects.not.toThrow(API_KEY);
  });

  test("a recorded validation error is told in words", async () => {
    const { adapter } = await against({ "/v1/miners/register": replay("POST", "/v1/miners/register", 422) });
    await expect(adapter.register(profile, signal)).rejects.toThrow("Request validation failed");
  });

  test("an unknown miner is NOT_REGISTERED: 404 on heartbeat, 500 on poll, 404 in a pair", async () => {
    const { adapter } = await against({
      "/v1/miners/heartbeat": (_request, nth) =>
        nth === 0
          ? replay("POST", "/v1/miners/heartbeat", 404)()
          : { body: [{ error: "miner not registered" }, 404] },
      "/v1/miners/poll": replay("POST", "/v1/miners/poll", 500),
    });
    const unknown = { code: "NOT_REGISTERED", retryable: true };
    await expect(adapter.heartbeat(load(0), signal)).rejects.toMatchObject(unknown);
    await expect(adapter.heartbeat(load(0), signal)).rejects.toMatchObject(unknown);
    await expect(adapter.acquire({ max: 1, waitMs: 0, models: [] }, signal)).rejects.toMatchObject(unknown);
  });

  test("a 500 that a registration does not cure is the coordinator's fault, so nobody registers for ever", async () => {
    const { adapter } = await against({
      "/v1/miners/register": replay("POST", "/v1/miners/register", 200),
      "/v1/miners/poll": replay("POST", "/v1/miners/poll", 500),
    });
    await adapter.register(profile, signal);
    await expect(adapter.acquire({ max: 1, waitMs: 0, models: [] }, signal)).rejects.toMatchObject({
      code: "MARKET_ERROR",
      retryable: true,
    });
  });
});

describe("taking work", () => {
  const embedJob = (job_id: string) => ({
    job_id,
    payload: { type: "embeddings", model: "text-embed-001", input: ["a"] },
    constraints: {},
  });
  const wish = { max: 4, waitMs: 0, models: ["text-embed-001"] };

  test.each([
    ["204", { status: 204 }],
    ["200 null", { body: "null" }],
  ])("%s is no work", async (_name, answer) => {
    const { adapter, server } = await against({ "/v1/miners/poll": () => answer });
    expect(await adapter.acquire(wish, signal)).toEqual([]);
    expect(server.seen).toHaveLength(1);
  });

  test("501 means that jobs come from elsewhere", async () => {
    const { adapter } = await against({
      "/v1/miners/poll": () => ({ status: 501, body: { detail: "not implemented" } }),
    });
    await expect(adapter.acquire(wish, signal)).rejects.toMatchObject({
      code: "WRONG_SERVICE",
      actor: "user",
    });
  });

  test("the recorded job becomes a lease with its end, with its work read", async () => {
    const { adapter, asked } = await against({
      "/v1/miners/poll": (_request, nth) =>
        nth === 0 ? replay("POST", "/v1/miners/poll", 200)() : { status: 204 },
      "/v1/miners/m1/jobs": replay("POST", "/v1/miners/m1/jobs", 200),
    });
    expect(await adapter.acquire(wish, signal)).toEqual([
      expect.objectContaining({
        market: "aitbc",
        leaseId: "1ecf3cf0ced34925aafa47cebda56137",
        jobId: "1ecf3cf0ced34925aafa47cebda56137",
        model: "llama3.2:3b",
        work: { kind: "generate", prompt: "hi", maxTokens: 256, temperature: 0, seed: 0, stop: [] },
        expiresAt: Date.parse("2026-11-21T20:05:37.984Z"),
        payment: "unfunded",
        fee: null,
      }),
    ]);
    expect(asked("/v1/miners/m1/jobs")[0]?.url).toContain("job_status=RUNNING");
  });

  test("escrows are read once for each job, the job list once for all", async () => {
    const jobs = ["j1", "j2", "j3"];
    const { adapter, asked } = await against(
      {
        "/v1/miners/poll": (_request, nth) =>
          nth < 3 ? { body: embedJob(jobs[nth] ?? "") } : { status: 204 },
        "/v1/miners/m1/jobs": () => ({
          body: {
            ...EMPTY_PAGE,
            jobs: jobs.map((job_id) => ({ job_id, state: "RUNNING", payment_status: "escrowed" })),
          },
        }),
        "/rpc/escrow/j1": () => ({ body: { state: "funded", provider: "ait1me", amount: "0.30000000" } }),
        "/rpc/escrow/j2": () => ({ status: 404, body: { detail: "Escrow not found" } }),
        "/rpc/escrow/j3": () => ({ status: 500, body: {} }),
      },
      { chain: true, wallet: "ait1me" },
    );
    const leases = await adapter.acquire(wish, signal);
    expect(leases.map(({ jobId, payment, fee }) => ({ jobId, payment, fee }))).toEqual([
      { jobId: "j1", payment: "funded", fee: money("AIT", 270_000_000n) },
      { jobId: "j2", payment: "unfunded", fee: null },
      { jobId: "j3", payment: "funded", fee: null },
    ]);
    expect(asked("/v1/miners/m1/jobs")).toHaveLength(1);
  });

  test("a job in hand is handed over where neither list nor chain can ever say whether it is paid", async () => {
    const { adapter } = await against({
      "/v1/miners/poll": (_request, nth) =>
        nth === 0 ? { body: embedJob("j1") } : { status: 503, body: {} },
      "/v1/miners/m1/jobs": () => ({ status: 404, body: { detail: "Not Found" } }),
    });
    expect(await adapter.acquire(wish, signal)).toEqual([
      expect.objectContaining({ jobId: "j1", expiresAt: null, payment: null }),
    ]);
  });

  describe("a poll that is cut short with jobs in hand says so: whoever holds them for us is asked then", () => {
    const wanted = ["j1", "j2"];
    const rows = wanted.map((job_id) => ({
      ...{ job_id, state: "RUNNING", assigned_miner_id: "m1", payment_status: "escrowed" },
      payload: embedJob(job_id).payload,
    }));

    test.each([
      ["the next question", "/v1/miners/poll", 2],
      ["the look at who pays", "/v1/miners/m1/jobs", 0],
    ])("during %s", async (_what, path, at) => {
      const stop = new AbortController();
      const pause = new DOMException("Paused", "AbortError");
      const cut = (place: string, nth: number) => {
        if (place === path && nth === at && !stop.signal.aborted) stop.abort(pause);
      };
      const { adapter } = await against({
        "/v1/miners/poll": (_request, nth) => {
          cut("/v1/miners/poll", nth);
          const id = wanted[nth];
          return id === undefined ? { status: 204 } : { body: embedJob(id) };
        },
        "/v1/miners/m1/jobs": (_request, nth) => {
          cut("/v1/miners/m1/jobs", nth);
          return { body: { ...EMPTY_PAGE, jobs: rows } };
        },
      });
      await expect(adapter.acquire(wish, stop.signal)).rejects.toBe(pause);
      expect((await adapter.openLeases(signal))?.map(({ jobId }) => jobId)).toEqual(wanted);
    });
  });

  test.each([
    ["an hour fast", 3_600_000],
    ["an hour slow", -3_600_000],
  ])("a job ends by the coordinator's clock, on a machine %s too", async (_what, ahead) => {
    const TTL = 900_000;
    const { adapter } = await against(
      {
        "/v1/miners/poll": (_request, nth) => (nth === 0 ? { body: embedJob("j1") } : { status: 204 }),
        "/v1/miners/m1/jobs": () => {
          const expires_at = new Date(Date.now() + TTL).toISOString().replace("Z", "");
          const row = { job_id: "j1", state: "RUNNING", assigned_miner_id: "m1", expires_at };
          return { body: { ...EMPTY_PAGE, jobs: [row] } };
        },
      },
      { now: () => Date.now() + ahead },
    );
    const [lease] = await adapter.acquire(wish, signal);
    const left = (lease?.expiresAt ?? 0) - (Date.now() + ahead);
    expect(Math.abs(left - TTL)).toBeLessThan(3_000);
  });

  test("a job whose payment can't be learnt just now waits, and comes with the list of open jobs", async () => {
    const row = {
      job_id: "j1",
      state: "RUNNING",
      assigned_miner_id: "m1",
      payment_status: "none",
      payload: { type: "embeddings", model: "text-embed-001", input: ["a"] },
    };
    const listed = { body: { ...EMPTY_PAGE, jobs: [row] } };
    let limited = true;
    let now = Date.now();
    const { adapter } = await against(
      {
        "/v1/miners/poll": (_request, nth) => (nth === 0 ? { body: embedJob("j1") } : { status: 204 }),
        "/v1/miners/m1/jobs": () =>
          limited ? { status: 429, headers: { "retry-after": "60" }, body: {} } : listed,
      },
      { now: () => now },
    );
    expect(await adapter.acquire(wish, signal)).toEqual([]);
    limited = false;
    now += 3_000;
    expect(await adapter.acquire(wish, signal)).toEqual([
      expect.objectContaining({ jobId: "j1", payment: "unfunded" }),
    ]);
    expect(await adapter.acquire(wish, signal)).toEqual([]);
  });

  test("a limiter that asks for a second is given it", async () => {
    const { adapter, asked } = await against(
      {
        "/v1/miners/poll": (_request, nth) => (nth === 0 ? { body: embedJob("j1") } : { status: 204 }),
        "/v1/miners/m1/jobs": () => ({ status: 404, body: { detail: "Not Found" } }),
        "/rpc/escrow/j1": (_request, nth) =>
          nth === 0 ? { status: 429, headers: { "retry-after": "1" }, body: {} } : { status: 404, body: {} },
      },
      { chain: true, wallet: "ait1me" },
    );
    expect(await adapter.acquire(wish, signal)).toEqual([
      expect.objectContaining({ jobId: "j1", payment: "unfunded" }),
    ]);
    expect(asked("/rpc/escrow/j1")).toHaveLength(2);
  });

  test("after a 429 the coordinator is left alone for as long as it asked", async () => {
    let now = 1_000;
    const { adapter, server } = await against(
      {
        "/v1/miners/poll": (_request, nth) =>
          nth === 0 ? { status: 429, headers: { "retry-after": "60" }, body: {} } : { status: 204 },
      },
      { now: () => now },
    );
    await expect(adapter.acquire(wish, signal)).rejects.toMatchObject({
      code: "RATE_LIMITED",
      retryAfterMs: 60_000,
    });
    now += 59_000;
    await expect(adapter.acquire(wish, signal)).rejects.toMatchObject({
      code: "RATE_LIMITED",
      retryAfterMs: 1_000,
    });
    expect(server.seen).toHaveLength(1);
    now += 1_000;
    expect(await adapter.acquire(wish, signal)).toEqual([]);
  });

  test.each([
    [
      "given back",
      (adapter: MarketAdapter) => adapter.giveBack({ leaseId: "j", jobId: "j" }, "paused", signal),
    ],
    [
      "gone from the coordinator's list",
      async (adapter: MarketAdapter) => expect(await adapter.openLeases(signal)).toEqual([]),
    ],
  ])("a job that is %s is no longer ours to remember: should it come again, it is taken", async (_, end) => {
    let time = 0;
    let listed: string[] = ["j"];
    const running = () => ({
      ...EMPTY_PAGE,
      jobs: listed.map((job_id) => ({
        ...{ job_id, state: "RUNNING", assigned_miner_id: "m1", payment_status: "escrowed" },
        payload: embedJob(job_id).payload,
      })),
    });
    const { adapter } = await against(
      {
        "/v1/miners/poll": (_request, nth) => (nth === 0 ? { body: embedJob("j") } : { status: 204 }),
        "/v1/miners/m1/jobs": () => ({ body: running() }),
        "/v1/miners/j/fail": () => ({ body: { status: "ok" } }),
        "/v1/miners/heartbeat": () => ({ body: { status: "ok" } }),
      },
      { now: () => time },
    );
    const taken = async () => {
      time += 60_000; // Past the next look at the list.
      return (await adapter.acquire(wish, signal)).map(({ jobId }) => jobId);
    };
    expect(await taken()).toEqual(["j"]);
    expect(await taken(), "it is in hand").toEqual([]);
    listed = [];
    await end(adapter);
    listed = ["j"];
    expect(await taken()).toEqual(["j"]);
  });

  test("a page too big to read is asked for in smaller ones", async () => {
    const all = Array.from({ length: 30 }, (_, n) => ({
      ...{ job_id: `j${n}`, state: "RUNNING", assigned_miner_id: "m1", payment_status: "escrowed" },
      payload: { type: "embeddings", model: "text-embed-001", input: ["a".repeat(2_000_000)] },
    }));
    const { adapter } = await against({
      "/v1/miners/m1/jobs": ({ url }) => {
        const { searchParams } = new URL(url, "http://localhost");
        const [limit, offset] = ["limit", "offset"].map((name) => Number(searchParams.get(name)));
        return { body: { ...EMPTY_PAGE, jobs: all.slice(offset, (offset ?? 0) + (limit ?? 0)) } };
      },
    });
    expect((await adapter.openLeases(signal))?.map(({ jobId }) => jobId)).toEqual(
      all.map(({ job_id }) => job_id),
    );
  });

  test("open leases are this miner's running jobs, over all pages", async () => {
    const row = (n: number, miner = "m1", state = "RUNNING") => ({
      job_id: `j${n}`,
      state,
      assigned_miner_id: miner,
      expires_at: "2026-11-21T20:05:37.984876",
      payment_status: "escrowed",
      payload: { type: "embeddings", model: "text-embed-001", input: ["a"] },
    });
    const pages = [
      Array.from({ length: 100 }, (_, n) => row(n)),
      [row(100), row(101, "m2"), row(102, "m1", "EXPIRED")],
    ];
    const { adapter, asked } = await against({
      "/v1/miners/m1/jobs": (_request, nth) => ({ body: { ...EMPTY_PAGE, jobs: pages[nth] } }),
    });
    const leases = (await adapter.openLeases(signal)) ?? [];
    expect(leases).toHaveLength(101);
    expect(leases[100]).toMatchObject({
      jobId: "j100",
      payment: "funded",
      work: { kind: "embed", texts: ["a"] },
    });
    expect(
      asked("/v1/miners/m1/jobs").map(({ url }) => new URL(url, "http://x").searchParams.get("offset")),
    ).toEqual(["0", "100"]);
  });
});

describe("a result", () => {
  const listed = (row: Record<string, unknown>) => () => ({
    body: { ...EMPTY_PAGE, jobs: [{ job_id: "job1", state: "RUNNING", assigned_miner_id: "m1", ...row }] },
  });

  test("is sent in the agreed shape, and the coordinator's receipt is kept as it came and verified", async () => {
    const { adapter, asked } = await against({
      "/v1/miners/job1/result": replay("POST", "/v1/miners/{job}/result", 200),
    });
    const outcome = await adapter.submit(submission(), signal);
    expect(outcome.kind).toBe("accepted");
    const recordedText = recordedWith("POST", "/v1/miners/{job}/result", 200).text;
    expect(recordedText).toContain(outcome.kind === "accepted" ? outcome.marketReceipt : "no receipt");
    expect(outcome).toMatchObject({
      receiptCheck: { ok: true, detail: "The coordinator's signature holds" },
    });
    expect(asked("/v1/miners/job1/result")[0]?.json).toEqual({
      result: {
        status: "completed",
        model: "text-embed-001",
        output: {
          dtype: "f32",
          shape: [1, 3],
          data_base64: Buffer.from("0000803e000080bf00000040", "hex").toString("base64"),
        },
        output_sha3_512: submission().sha3_512,
        receipt: "a101",
        execution_time: 0.042,
      },
      metrics: { duration_ms: 42, units: 0.042 },
    });
  });

  test("signed with another key than the pinned one is accepted, kept, and told of", async () => {
    const { adapter } = await against(
      { "/v1/miners/job1/result": replay("POST", "/v1/miners/{job}/result", 200) },
      { receiptKeyId: "another-key" },
    );
    const outcome = await adapter.submit(submission(), signal);
    expect(outcome).toMatchObject({
      kind: "accepted",
      marketReceipt: expect.stringContaining("receipt_id"),
      receiptCheck: { ok: false, detail: expect.stringMatching(/another key/) },
    });
  });

  test("whose answer was lost: the receipt is asked for once more, and only that job's own is taken", async () => {
    const answered = recordedWith("POST", "/v1/miners/{job}/result", 200).text;
    const text = answered.slice(answered.indexOf('{"version"'), -1);
    const { job_id: jobId } = JSON.parse(text) as { job_id: string };
    const done = listed({ job_id: jobId, state: "COMPLETED" });
    const path = `/v1/jobs/${jobId}/receipt`;
    const found = await against({ "/v1/miners/m1/jobs": done, [path]: () => ({ body: text }) });
    expect(await found.adapter.submit(submission({ jobId, resend: true }), signal)).toMatchObject({
      kind: "accepted",
      marketReceipt: text,
      receiptCheck: { ok: true },
    });
    for (const answer of [
      { status: 403, body: { detail: "Forbidden" } },
      { body: text.replace(jobId, "another-job") },
      { body: "[]" },
    ]) {
      const refused = await against({ "/v1/miners/m1/jobs": done, [path]: () => answer });
      expect(await refused.adapter.submit(submission({ jobId, resend: true }), signal)).toEqual({
        kind: "accepted",
        marketReceipt: null,
      });
      expect(refused.asked(path)).toHaveLength(1);
      expect(refused.asked(`/v1/miners/${jobId}/result`)).toHaveLength(0);
    }
  });

  test("of a job the coordinator does not know is lost; a malformed one is rejected; an expired one expired", async () => {
    const { adapter } = await against({
      "/v1/miners/gone/result": replay("POST", "/v1/miners/nojob/result", 404),
      "/v1/miners/bad/result": replay("POST", "/v1/miners/{job}/result", 422),
      "/v1/miners/late/result": () => ({ status: 410, body: { detail: "job expired" } }),
    });
    expect(await adapter.submit(submission({ jobId: "gone" }), signal)).toMatchObject({ kind: "lost" });
    expect(await adapter.submit(submission({ jobId: "bad" }), signal)).toMatchObject({
      kind: "rejected",
      code: "RESULT_REFUSED",
    });
    expect(await adapter.submit(submission({ jobId: "late" }), signal)).toMatchObject({ kind: "expired" });
  });

  test.each([500, 503, 429, 401])("an answer of %d leaves it unsent, to be tried again", async (status) => {
    const { adapter } = await against({ "/v1/miners/job1/result": () => ({ status, body: {} }) });
    await expect(adapter.submit(submission(), signal)).rejects.toMatchObject({ name: "AppError" });
  });

  test.each([
    [
      "completed with this digest",
      { state: "COMPLETED", result: { output_sha3_512: submission().sha3_512 } },
      "accepted",
    ],
    ["completed, without saying with what", { state: "COMPLETED" }, "accepted"],
    ["completed with another digest", { state: "COMPLETED", result: { output_sha3_512: "ff" } }, "rejected"],
    ["given to another miner", { state: "RUNNING", assigned_miner_id: "m2" }, "lost"],
    ["canceled", { state: "CANCELED", assigned_miner_id: null }, "lost"],
    ["failed", { state: "FAILED" }, "lost"],
    ["expired in nobody's hands", { state: "EXPIRED", assigned_miner_id: null }, "expired"],
  ])("a resend finds the job %s, and sends nothing", async (_what, row, kind) => {
    const { adapter, asked } = await against({ "/v1/miners/m1/jobs": listed(row) });
    expect(await adapter.submit(submission({ resend: true }), signal)).toMatchObject({ kind });
    expect(asked("/v1/miners/job1/result")).toHaveLength(0);
  });

  // Our own look is what turns an overdue job EXPIRED, and its result is taken and paid (protocols/aitbc.md §2.5).
  test.each([
    ["still runs", {}],
    ["expired in our hands", { state: "EXPIRED", error: "job expired" }],
  ])("a resend sends when the job %s", async (_what, row) => {
    const { adapter, asked } = await against({
      "/v1/miners/m1/jobs": listed(row),
      "/v1/miners/job1/result": replay("POST", "/v1/miners/{job}/result", 200),
    });
    expect(await adapter.submit(submission({ resend: true }), signal)).toMatchObject({ kind: "accepted" });
    expect(asked("/v1/miners/job1/result")).toHaveLength(1);
  });
});

describe("a failure", () => {
  test("goes to /fail, and the freed slot is told by a heartbeat right after", async () => {
    const { adapter, server } = await against({
      "/v1/miners/heartbeat": replay("POST", "/v1/miners/heartbeat", 200),
      "/v1/miners/job1/fail": replay("POST", "/v1/miners/{job}/fail", 200),
    });
    await adapter.heartbeat(load(2), signal);
    await adapter.fail(
      { leaseId: "job1", jobId: "job1" },
      { code: "OOM", message: "out of memory", retryable: true },
      signal,
    );
    expect(server.seen.map(({ url }) => url)).toEqual([
      "/v1/miners/heartbeat",
      "/v1/miners/job1/fail",
      "/v1/miners/heartbeat",
    ]);
    expect(server.seen[1]?.json).toEqual({ error_code: "OOM", error_message: "out of memory", metrics: {} });
    expect(server.seen[2]?.json).toMatchObject({ inflight: 1, status: "ONLINE" });
  });

  test("of a job that is gone is no error, and giving back is failing", async () => {
    const { adapter, asked } = await against({
      "/v1/miners/heartbeat": replay("POST", "/v1/miners/heartbeat", 200),
      "/v1/miners/job1/fail": () => ({ status: 404, body: { detail: "job not found" } }),
    });
    await adapter.giveBack({ leaseId: "job1", jobId: "job1" }, "paused", signal);
    expect(asked("/v1/miners/job1/fail")[0]?.json).toMatchObject({
      error_code: "RETURNED",
      error_message: "paused",
    });
  });

  test("jobs can't be renewed, which the capabilities say", async () => {
    const { adapter } = await against({});
    expect(adapter.capabilities).toEqual({
      renewableLeases: false,
      returnsLeases: false,
      longPoll: false,
      stake: false,
      jobs: true,
    });
    await expect(adapter.renew({ leaseId: "j", jobId: "j" }, 1000, signal)).rejects.toMatchObject({
      code: "NOT_SUPPORTED",
    });
  });
});

describe("money", () => {
  const release = (job_id: string, overrides: Record<string, unknown> = {}) => ({
    transaction_id: 1,
    tx_hash: `0x${job_id}`,
    sender: "escrow",
    recipient: "ait1me",
    payload: { job_id, contract_id: "c", amount: "1.00000000" },
    type: "ESCROW_RELEASE",
    status: "confirmed",
    created_at: "2026-11-21T19:55:37.984000",
    timestamp: 1_795_290_937,
    nonce: 0,
    value: 3510,
    fee: 0,
    ...overrides,
  });
  const oneAit = money("AIT", 900_000_000n);
  const net = money("AIT", 877_500_000n);

  test("the chain's releases to our wallet are the credits, net to the compute-second", async () => {
    const rows = [
      release("a"),
      release("b", { recipient: "ait1other" }),
      release("c", { status: "pending" }),
      release("d", { type: "TRANSFER" }),
      release("e", { payload: {} }),
      release("f", { created_at: null, timestamp: 1e300 }),
      release("unasked"),
      "not a row",
    ];
    const { adapter, asked } = await against(
      { "/rpc/transactions": () => ({ body: rows }) },
      { chain: true, wallet: "ait1me", now: () => 77 },
    );
    expect(await adapter.credits(["a", "b", "c", "d", "e", "f"], signal)).toEqual([
      { jobId: "a", net, gross: oneAit, settledAt: Date.parse("2026-11-21T19:55:37.984Z"), reference: "0xa" },
      // What is no time is the time it was read.
      { jobId: "f", net, gross: oneAit, settledAt: 77, reference: "0xf" },
    ]);
    expect(asked("/rpc/transactions")[0]?.url).toContain("address=ait1me&transaction_type=ESCROW_RELEASE");
  });

  test("whose key is here, that wallet is ours: its releases are the credits, and jobs must pay to it", async () => {
    const walletKey = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
    const { address } = openWallet(walletKey);
    const { adapter, asked } = await against(
      {
        "/rpc/transactions": () => ({ body: [release("a", { recipient: address })] }),
        "/v1/miners/poll": (_request, nth) =>
          nth === 0
            ? { body: { job_id: "b", payload: { model: "m", prompt: "hi" }, constraints: {} } }
            : { status: 204 },
        "/v1/miners/m1/jobs": () => ({ body: EMPTY_PAGE }),
        "/rpc/escrow/b": () => ({ body: escrow("b", { state: "funded", provider: `0x${"1".repeat(40)}` }) }),
      },
      { chain: true, walletKey },
    );
    expect(await adapter.credits(["a"], signal)).toMatchObject([{ jobId: "a", reference: "0xa" }]);
    expect(asked("/rpc/transactions")[0]?.url).toContain(address);
    expect(await adapter.acquire({ max: 1, waitMs: 0, models: [] }, signal)).toMatchObject([
      { jobId: "b", payment: "unfunded" },
    ]);
  });

  const older = (count: number) => Array.from({ length: count }, (_, n) => release(`old${n}`));
  const escrow = (job_id: string, overrides: Record<string, unknown> = {}) => ({
    ...{ job_id, contract_id: "c", state: "released", buyer: "b", provider: "ait1me", amount: "1.00000000" },
    ...{ released_amount: "0.97500000", released_at: "2026-11-21T19:55:37.984000" },
    ...{ refunded_at: null, refund_tx_hash: null },
    ...overrides,
  });
  const escrows = (found: Record<string, object>): Routes =>
    Object.fromEntries(
      Object.entries(found).map(([id, body]) => [`/rpc/escrow/${id}`, () => ({ body })] as const),
    );
  const LATER = Date.parse("2026-11-22T00:00:00Z");

  test("a job that a long list does not show is looked for in its escrow", async () => {
    const { adapter, asked } = await against(
      {
        // One row of the thousand can't be read: the list is long all the same.
        "/rpc/transactions": () => ({ body: [...older(999), "not a row", release("listed")] }),
        ...escrows({
          a: escrow("a"),
          held: escrow("held", { state: "funded" }),
          theirs: escrow("theirs", { provider: "ait1other" }),
          back: escrow("back", { state: "refunded", refunded_at: "2026-11-21T20:00:00" }),
          fresh: escrow("fresh", { released_at: "2026-11-21T23:59:00" }),
        }),
      },
      { chain: true, wallet: "ait1me", now: () => LATER },
    );
    const settledAt = Date.parse("2026-11-21T19:55:37.984Z");
    const nothing = money("AIT", 0n);
    const credits = await adapter.credits(["listed", "a", "held", "theirs", "back", "fresh", "gone"], signal);
    expect(credits).toEqual([
      { jobId: "listed", net, gross: oneAit, settledAt, reference: "0xlisted" },
      { jobId: "a", net, gross: oneAit, settledAt, reference: null },
      ...[{ jobId: "back", net: nothing, gross: nothing, settledAt: Date.parse("2026-11-21T20:00:00Z") }].map(
        (credit) => ({ ...credit, reference: "refunded" }),
      ),
    ]);
    expect(asked("/rpc/transactions"), "the whole history is never read").toHaveLength(1);
    expect(asked("/rpc/escrow/listed")).toHaveLength(0);
  });

  test("of many such jobs each escrow gets its turn, and none is asked for again at once", async () => {
    let time = LATER;
    const { adapter, server } = await against(
      { "/rpc/transactions": () => ({ body: older(1000) }) },
      { chain: true, wallet: "ait1me", now: () => time },
    );
    const wanted = Array.from({ length: 120 }, (_, n) => `j${n}`);
    const looked = () => server.seen.filter(({ url }) => url.startsWith("/rpc/escrow/"));
    for (let look = 0; look < 4; look++) await adapter.credits(wanted, signal);
    expect(new Set(looked().map(({ url }) => url)).size).toBe(120);
    expect(looked()).toHaveLength(120);
    time += 60_000;
    await adapter.credits(wanted, signal);
    expect(looked()).toHaveLength(168);
  });

  test("escrows that can't be read are told, but never instead of what is known", async () => {
    const routes: Routes = {
      "/rpc/transactions": (_request, nth) => ({
        body: nth === 0 ? older(1000) : [...older(1000), release("b")],
      }),
      "/rpc/escrow/a": () => ({ status: 503, body: {} }),
    };
    const { adapter } = await against(routes, { chain: true, wallet: "ait1me", now: () => LATER });
    await expect(adapter.credits(["a", "b"], signal)).rejects.toMatchObject({ code: "MARKET_ERROR" });
    expect((await adapter.credits(["a", "b"], signal)).map(({ jobId }) => jobId)).toEqual(["b"]);
  });

  test("without a chain the coordinator's gross less 2.5 % is the estimate", async () => {
    const history = [
      { job_id: "a", amount: "1.00000000", currency: "AITBC", payment_status: "released" },
      { job_id: "b", amount: 1, currency: "AITBC", payment_status: "escrowed" },
    ];
    const { adapter } = await against(
      { "/v1/miners/m1/earnings": () => ({ body: { earnings_history: history } }) },
      { now: () => 77 },
    );
    expect(await adapter.credits(["a", "b"], signal)).toEqual([
      { jobId: "a", net, gross: oneAit, settledAt: 77, reference: null },
    ]);
    expect(adapter.expectedNet(oneAit)).toEqual(net);
  });

  const row = (job_id: string) => ({
    job_id,
    amount: "1.00000000",
    currency: "AITBC",
    payment_status: "released",
  });
  const view = (job_id: string, payment_status: string) => ({
    ...{ job_id, state: "COMPLETED", assigned_miner_id: "m1", payment_status, payload: {}, result: {} },
  });

  test("a coordinator that shows twenty rows is read before twenty more results, and remembered", async () => {
    const books: ReturnType<typeof row>[] = [];
    const { adapter, asked } = await against(
      {
        "/v1/miners/m1/earnings": () => ({ body: { earnings_history: books.slice(0, 20) } }),
        ...Object.fromEntries(
          Array.from({ length: 60 }, (_, n) => [
            `/v1/miners/j${n}/result`,
            () => {
              books.unshift(row(`j${n}`));
              return { body: { status: "ok", receipt: null } };
            },
          ]),
        ),
      },
      { now: () => 77 },
    );
    const ids = Array.from({ length: 60 }, (_, n) => `j${n}`);
    for (const id of ids) await adapter.submit(submission({ leaseId: id, jobId: id }), signal);
    const credits = await adapter.credits(ids, signal);
    expect(credits).toEqual(
      ids.map((jobId) => ({ jobId, net, gross: oneAit, settledAt: 77, reference: null })),
    );
    expect(asked("/v1/miners/m1/earnings")).toHaveLength(6);
  });

  test("books that can't be read hold up no result", async () => {
    const { adapter, asked } = await against({
      "/v1/miners/m1/earnings": () => ({ status: 500, body: {} }),
      "/v1/miners/job1/result": () => ({ body: { status: "ok", receipt: null } }),
    });
    for (let n = 0; n < 25; n++) expect((await adapter.submit(submission(), signal)).kind).toBe("accepted");
    expect(asked("/v1/miners/m1/earnings")).toHaveLength(2);
  });

  test("a job released unseen is paid, and its amount is told nowhere", async () => {
    let time = LATER;
    const rows = Array.from({ length: 20 }, (_, n) => row(`newer${n}`));
    const jobs = [
      view("a", "released"),
      view("b", "escrowed"),
      view("late", "released"),
      view("newer3", "released"),
    ];
    const { adapter, asked } = await against(
      {
        // "late" is released between the two looks: the second shows its amount.
        "/v1/miners/m1/earnings": (_request, nth) => ({
          body: { earnings_history: nth === 0 ? rows : [row("late"), ...rows.slice(1)] },
        }),
        "/v1/miners/m1/jobs": () => ({ body: { ...EMPTY_PAGE, jobs } }),
      },
      { now: () => time },
    );
    const credit = (jobId: string) => ({ jobId, net, gross: oneAit, settledAt: LATER, reference: null });
    expect(await adapter.credits(["a", "b", "late", "newer3", "c"], signal)).toEqual([
      credit("late"),
      credit("newer3"),
      { ...credit("a"), net: money("AIT", 0n), gross: null, untold: true },
    ]);
    await adapter.credits(["b", "c"], signal);
    expect(asked("/v1/miners/m1/jobs"), "not in every look").toHaveLength(1);
    time += 2 * 60_000;
    await adapter.credits(["b", "c"], signal);
    expect(asked("/v1/miners/m1/jobs")).toHaveLength(2);
  });

  test("of a short list nothing is hidden: nothing else is asked", async () => {
    const { adapter, asked } = await against({
      "/v1/miners/m1/earnings": () => ({ body: { earnings_history: [row("x")] } }),
    });
    expect(await adapter.credits(["a"], signal)).toEqual([]);
    expect(asked("/v1/miners/m1/jobs")).toHaveLength(0);
  });

  test("with nothing unsettled nothing is asked", async () => {
    const { adapter, server } = await against({});
    expect(await adapter.credits([], signal)).toEqual([]);
    expect(server.seen).toHaveLength(0);
  });
});

test("random answers to any call are an AppError or a proper value", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(200, 204, 400, 404, 409, 422, 500, 501),
      fc.jsonValue(),
      async (status, body) => {
        const answer = async () => new Response(status === 204 ? null : JSON.stringify(body), { status });
        const [coordinatorUrl, rpcUrl] = ["http://127.0.0.1:1", "http://127.0.0.1:2"];
        const adapter = createAitbcAdapter(
          {
            coordinatorUrl,
            rpcUrl,
            coordinatorKey: API_KEY,
            gpuUrl: null,
            gpuKey: null,
            nodeId: null,
            receiptKeyId: null,
            minerId: "m1",
            region: null,
            wallet: "ait1me",
          },
          { fetch: answer },
        );
        const calls = [
          adapter.probe(signal),
          adapter.register(profile, signal),
          adapter.heartbeat(load(0), signal),
          adapter.acquire({ max: 2, waitMs: 0, models: [] }, signal),
          adapter.submit(submission(), signal),
          adapter.submit(submission({ resend: true }), signal),
          adapter.openLeases(signal),
          adapter.credits(["job1"], signal),
          adapter.giveBack({ leaseId: "job1", jobId: "job1" }, "r", signal),
        ];
        for (const outcome of await Promise.allSettled(calls)) {
          if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(AppError);
        }
      },
    ),
  );
});
