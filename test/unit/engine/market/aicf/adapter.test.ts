import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressOf, providerIdOf } from "../../../../../src/engine/identity/address.ts";
import { keyPairFromSeed, verifySignature } from "../../../../../src/engine/identity/ml-dsa.ts";
import {
  type AicfAdapter,
  createAicfAdapter,
  INLINE_OUTPUT_BYTES,
} from "../../../../../src/engine/market/aicf/adapter.ts";
import { signBytes } from "../../../../../src/engine/market/aicf/sign.ts";
import type { Load, Submission } from "../../../../../src/engine/market/port.ts";
import { sha3_256, sha3_512 } from "../../../../../src/shared/digest.ts";
import { AppError } from "../../../../../src/shared/errors.ts";
import { money } from "../../../../../src/shared/money.ts";
import { type Answer, type SeenRequest, serve } from "../../../../support/scripted-server.ts";

const signal = new AbortController().signal;
const keys = keyPairFromSeed(new Uint8Array(32).fill(5));
const providerId = providerIdOf(keys.publicKey);
const identity = { ...keys, address: addressOf(keys.publicKey), providerId };
const CHAIN_ID = 1337;
const MINIMUM = 100_000_000_000;
const profile = { name: "box", region: "eu", concurrency: 2, models: ["text-embed-001"], devices: [] };
const load: Load = { inflight: 1, capacity: 2, profile };

type Routes = Record<string, (request: SeenRequest, nth: number) => Answer>;

async function against(
  routes: Routes,
  overrides: Partial<{
    autoStakeNano: string;
    rpc: boolean;
    heartbeatMs: number;
    leaseMs: number;
    now: () => number;
  }> = {},
) {
  const counts = new Map<string, number>();
  const server = await serve((request) => {
    const path = `${request.method} ${request.url.split("?")[0] ?? ""}`;
    const nth = counts.get(path) ?? 0;
    counts.set(path, nth + 1);
    return routes[path]?.(request, nth) ?? { status: 404, body: { detail: "Not Found" } };
  });
  const config = {
    queueUrl: server.url,
    rpcUrl: overrides.rpc ? server.url : null,
    chainId: CHAIN_ID,
    providerId: null,
    name: "box",
    region: null,
    workerId: "w1",
    autoStakeNano: overrides.autoStakeNano ?? null,
    ...(overrides.heartbeatMs === undefined ? {} : { heartbeatMs: overrides.heartbeatMs }),
    ...(overrides.leaseMs === undefined ? {} : { leaseMs: overrides.leaseMs }),
  };
  const adapter = createAicfAdapter(config, { identity, now: overrides.now });
  const asked = (path: string) =>
    server.seen.filter((request) => `${request.method} ${request.url.split("?")[0]}` === path);
  return { adapter, server, asked };
}

const detail = (effective: number | string, more: object = {}): Answer => ({
  status: 201,
  body: {
    ...more,
    id: providerId,
    status: "active",
    stake: { total: effective, effective, pending_release: [], minimum: MINIMUM },
    eligible: true,
  },
});
const refusal = (status: number, code: string, details = {}): Answer => ({
  status,
  body: { code, message: `no: ${code}`, details },
});
const fields = (request: SeenRequest | undefined) => request?.json as Record<string, unknown>;
const PROVIDER = `/v1/providers/${providerId}`;

function wireLease(overrides: Record<string, unknown> = {}) {
  return {
    lease_id: "lease_1",
    job_id: "0xabc",
    attempt: 1,
    kind: "embed",
    model: "text-embed-001",
    model_version: null,
    model_sha256: null,
    input: ["a"],
    params: {},
    fee: 850_000,
    units: 1,
    tier: "standard",
    granted_at_ms: 1_000,
    expires_at_ms: 121_000,
    max_runtime_ms: 90_000,
    worker_id: "w1",
    ...overrides,
  };
}

function submission(size = 40): Submission {
  const output = new Uint8Array(size).fill(7);
  return {
    leaseId: "lease_1",
    jobId: "0xabc",
    model: "text-embed-001",
    idempotencyKey: "key",
    output,
    sha3_512: sha3_512(output),
    sha3_256: sha3_256(output),
    shape: [1, 10],
    receipt: Uint8Array.of(0xa1),
    computeMs: 12,
    device: "cpu",
    resend: false,
  };
}
const completed = (request: SeenRequest): Answer => ({
  body: {
    ok: true,
    job_id: "0xabc",
    output_digest: fields(request).output_digest,
    proof_refs: [],
    completed_at: "now",
  },
});

describe("a signed call", () => {
  test("carries who, what and when, with a fresh nonce each time, and its signature fits the raw body", async () => {
    const { adapter, asked } = await against({
      [`POST ${PROVIDER}/heartbeat`]: () => ({ body: { health_state: "HEALTHY", interval_ms: 15_000 } }),
    });
    await adapter.heartbeat(load, signal);
    await adapter.heartbeat(load, signal);
    const calls = asked(`POST ${PROVIDER}/heartbeat`);
    const nonces = calls.map((call) => fields(call).nonce);
    expect(new Set(nonces).size).toBe(2);
    for (const call of calls) {
      expect(fields(call)).toMatchObject({
        op: "heartbeat",
        provider_id: providerId,
        nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      expect(Math.abs(Number(fields(call).timestamp_ms) - Date.now())).toBeLessThan(60_000);
      const signature = Buffer.from(String(call.headers["x-signature"]).replace("dilithium3=", ""), "base64");
      const context = new TextEncoder().encode("heartbeat");
      const signed = signBytes({
        domain: "aicf/provider/v1",
        chainId: CHAIN_ID,
        algorithm: 4097,
        context,
        message: call.body,
      });
      expect(verifySignature(keys.publicKey, signed, signature)).toBe(true);
    }
  });

  test("a machine whose clock is an hour off is answered after one refusal, and knows it", async () => {
    const HOUR = 3_600_000;
    const { adapter, asked } = await against(
      {
        [`POST ${PROVIDER}/heartbeat`]: (request) =>
          Math.abs(Number(fields(request).timestamp_ms) - Date.now()) > 300_000
            ? refusal(401, "AICF_UNAUTHORIZED", { now_ms: Date.now() })
            : { body: { health_state: "HEALTHY", interval_ms: 15_000 } },
        "POST /v1/leases": () => ({ body: { leases: [wireLease({ expires_at_ms: Date.now() + 120_000 })] } }),
      },
      { now: () => Date.now() - HOUR },
    );
    expect(adapter.clockSkewMs()).toBeNull();
    expect(await adapter.heartbeat(load, signal)).toEqual({ health: "HEALTHY", intervalMs: 15_000 });
    expect(asked(`POST ${PROVIDER}/heartbeat`)).toHaveLength(2);
    expect(Math.abs((adapter.clockSkewMs() ?? 0) - HOUR)).toBeLessThan(2_000);
    // The lease ends in two minutes of our own clock, not an hour from now.
    const [lease] = await adapter.acquire({ max: 1, waitMs: 0, models: [] }, signal);
    expect(Math.abs((lease?.expiresAt ?? 0) - (Date.now() - HOUR + 120_000))).toBeLessThan(3_000);
  });

  test("a signature refused for good is the user's to mend", async () => {
    const { adapter, asked } = await against({
      [`POST ${PROVIDER}/heartbeat`]: () => refusal(401, "AICF_UNAUTHORIZED"),
    });
    await expect(adapter.heartbeat(load, signal)).rejects.toMatchObject({
      code: "NOT_AUTHORIZED",
      actor: "user",
    });
    expect(asked(`POST ${PROVIDER}/heartbeat`)).toHaveLength(1);
  });
});

describe("registration", () => {
  test("tells key, address and what the provider can do; an old acquaintance is as welcome as a new one", async () => {
    const { adapter, asked } = await against({
      "POST /v1/providers": (_r, nth) => ({ ...detail(MINIMUM), status: nth === 0 ? 201 : 200 }),
    });
    expect(await adapter.register(profile, signal)).toEqual({ providerId });
    expect(await adapter.register(profile, signal)).toEqual({ providerId });
    expect(fields(asked("POST /v1/providers")[0])).toMatchObject({
      op: "register",
      name: "box",
      region: "eu",
      capabilities: ["AI"],
      address: identity.address,
      public_key: `0x${Buffer.from(keys.publicKey).toString("hex")}`,
    });
  });

  test("an id that belongs to another key is the user's to mend", async () => {
    const { adapter } = await against({ "POST /v1/providers": () => refusal(409, "AICF_REGISTRY_ERROR") });
    await expect(adapter.register(profile, signal)).rejects.toMatchObject({
      code: "PROVIDER_ID_TAKEN",
      actor: "user",
    });
  });

  test("only what is missing is staked, and only as far as allowed", async () => {
    const routes: Routes = {
      "POST /v1/providers": () => detail("40000000000"),
      [`POST ${PROVIDER}/stake`]: () => detail(MINIMUM),
    };
    const generous = await against(routes, { autoStakeNano: "60000000000" });
    await generous.adapter.register(profile, signal);
    expect(fields(generous.asked(`POST ${PROVIDER}/stake`)[0])).toMatchObject({
      op: "stake",
      amount: 60_000_000_000,
    });

    const mean = await against(routes, { autoStakeNano: "59999999999" });
    const never = await against(routes);
    for (const { adapter, asked } of [mean, never]) {
      // The provider is known all the same: its books are read, and its standing says what is missing.
      expect(await adapter.register(profile, signal)).toEqual({ providerId });
      expect(asked(`POST ${PROVIDER}/stake`)).toHaveLength(0);
    }
  });

  test("after a penalty nothing is staked again by itself", async () => {
    const slashes = [{ reason: "traps", amount: 1_000_000_000, height: 7, job_id: "0xab" }];
    const { adapter, asked } = await against(
      { "POST /v1/providers": () => detail("99000000000", { slashes }) },
      { autoStakeNano: String(MINIMUM) },
    );
    await adapter.register(profile, signal);
    expect(asked(`POST ${PROVIDER}/stake`)).toHaveLength(0);
  });

  test("a stake whose answer was lost is not staked twice: the next registration sees it", async () => {
    let staked = 0;
    const { adapter, asked } = await against(
      {
        "POST /v1/providers": () => detail(staked),
        [`POST ${PROVIDER}/stake`]: (request) => {
          staked += Number(fields(request).amount);
          return { status: 503, body: {} };
        },
      },
      { autoStakeNano: "100000000000" },
    );
    await expect(adapter.register(profile, signal)).rejects.toMatchObject({
      code: "MARKET_ERROR",
      retryable: true,
    });
    await adapter.register(profile, signal);
    expect(asked(`POST ${PROVIDER}/stake`)).toHaveLength(1);
    expect(staked).toBe(MINIMUM);
  });
});

describe("is it an AICF queue", () => {
  test.each([
    ["that knows us", detail(0).body, 200],
    ["that does not know us yet", { code: "AICF_REGISTRY_ERROR", message: "unknown", details: {} }, 404],
  ])("one %s", async (_what, body, status) => {
    const { adapter } = await against({ [`GET ${PROVIDER}`]: () => ({ status, body }) });
    await adapter.probe(signal);
  });

  test("some other service, or one that is down", async () => {
    await expect((await against({})).adapter.probe(signal)).rejects.toMatchObject({
      code: "WRONG_SERVICE",
      actor: "user",
    });
    const down = await against({ [`GET ${PROVIDER}`]: () => ({ status: 503, body: {} }) });
    await expect(down.adapter.probe(signal)).rejects.toMatchObject({ code: "MARKET_ERROR", retryable: true });
  });
});

describe("heartbeat", () => {
  test.each([
    [15_000, undefined, 15_000],
    [15_000, 10_000, 10_000],
    [5_000, 10_000, 5_000],
    [15, undefined, 1_000],
    [null, undefined, 15_000],
    [null, 10_000, 10_000],
  ])("the market asks for %j, HEARTBEAT_SEC for %j ms: every %j ms", async (asks, heartbeatMs, every) => {
    const { adapter } = await against(
      { [`POST ${PROVIDER}/heartbeat`]: () => ({ body: { interval_ms: asks } }) },
      heartbeatMs === undefined ? {} : { heartbeatMs },
    );
    expect(await adapter.heartbeat(load, signal)).toMatchObject({ intervalMs: every });
  });

  test("tells load and devices, and learns interval and health", async () => {
    const { adapter, asked } = await against({
      [`POST ${PROVIDER}/heartbeat`]: () => ({
        body: { health: 0.5, health_state: "DEGRADED", interval_ms: 5_000, jailed_until_ms: null },
      }),
    });
    const devices = [{ id: "GPU-1", name: "NVIDIA A", memoryMb: 8192, healthy: true }];
    expect(await adapter.heartbeat({ ...load, profile: { ...profile, devices } }, signal)).toEqual({
      intervalMs: 5_000,
      health: "DEGRADED",
    });
    expect(fields(asked(`POST ${PROVIDER}/heartbeat`)[0])).toMatchObject({
      capacity_ai: 2,
      load: { leases_active: 1, leases_capacity: 2 },
      devices: [{ uuid: "GPU-1", model: "NVIDIA A", vram_mb: 8192, healthy: true }],
      models: ["text-embed-001"],
    });
  });

  test("jail is said, an unknown provider is NOT_REGISTERED", async () => {
    const { adapter } = await against({
      [`POST ${PROVIDER}/heartbeat`]: (_r, nth) =>
        nth === 0
          ? { body: { health_state: "HEALTHY", interval_ms: 1, jailed_until_ms: 9 } }
          : refusal(404, "AICF_REGISTRY_ERROR"),
    });
    expect((await adapter.heartbeat(load, signal)).health).toBe("JAILED");
    await expect(adapter.heartbeat(load, signal)).rejects.toMatchObject({
      code: "NOT_REGISTERED",
      retryable: true,
    });
  });
});

describe("taking work", () => {
  const wish = { max: 2, waitMs: 20_000, models: ["text-embed-001"] };

  test("a lease is parsed, sized and typed", async () => {
    const sha = "ab".repeat(32);
    const { adapter, asked } = await against({
      "POST /v1/leases": () => ({
        body: {
          leases: [
            wireLease({ model_sha256: `0x${sha}` }),
            wireLease({
              lease_id: "lease_2",
              kind: "generate",
              input: { prompt: "hi" },
              params: { max_tokens: 9 },
            }),
            wireLease({ lease_id: "lease_3", kind: "dream" }),
            { broken: true },
          ],
        },
      }),
    });
    const leases = await adapter.acquire(wish, signal);
    expect(leases).toHaveLength(3);
    expect(leases[0]).toEqual({
      market: "aicf",
      leaseId: "lease_1",
      jobId: "0xabc",
      attempt: 1,
      model: "text-embed-001",
      modelSha256: sha,
      work: { kind: "embed", texts: ["a"] },
      fee: money("ANM", 850_000n),
      grantedAt: 1_000,
      expiresAt: 121_000,
      maxRuntimeMs: 90_000,
      payment: null,
    });
    expect(leases[1]?.work).toMatchObject({ kind: "generate", prompt: "hi", maxTokens: 9, temperature: 0 });
    expect(leases[2]?.work).toEqual({
      kind: "unsupported",
      reason: 'Jobs of kind "dream" are not run here',
    });
    expect(fields(asked("POST /v1/leases")[0])).toMatchObject({
      worker_id: "w1",
      max: 2,
      wait_ms: 20_000,
      kinds: ["embed", "vector", "rerank", "clip", "generate"],
    });
  });

  test("204 is no work", async () => {
    const { adapter } = await against({ "POST /v1/leases": () => ({ status: 204 }) });
    expect(await adapter.acquire(wish, signal)).toEqual([]);
  });

  test("a long poll ends at once when it is aborted", async () => {
    const server = await serve(() => undefined);
    const config = {
      ...{ queueUrl: server.url, rpcUrl: null, chainId: 1, providerId: null, name: "n", region: null },
      ...{ workerId: "w", autoStakeNano: null },
    };
    const adapter = createAicfAdapter(config, { identity });
    const stop = new AbortController();
    const pending = adapter.acquire(wish, stop.signal);
    await expect.poll(() => server.seen.length).toBe(1);
    const reason = new Error("stop");
    const abortedAt = performance.now();
    stop.abort(reason);
    await expect(pending).rejects.toBe(reason);
    expect(performance.now() - abortedAt).toBeLessThan(1_000);
  });

  test.each([
    [403, "AICF_INSUFFICIENT_STAKE", {}, { code: "NOT_ELIGIBLE", retryable: true }],
    [404, "AICF_REGISTRY_ERROR", {}, { code: "NOT_REGISTERED", retryable: true }],
    [
      409,
      "AICF_REGISTRY_ERROR",
      { ineligible_reasons: ["no_heartbeat"] },
      { code: "NOT_ELIGIBLE", retryable: true },
    ],
    [409, "AICF_REPLAY", {}, { code: "MARKET_REFUSED", actor: "market" }],
  ])("%d %s is told as what it is", async (status, code, details, expected) => {
    const { adapter } = await against({ "POST /v1/leases": () => refusal(status, code, details) });
    await expect(adapter.acquire(wish, signal)).rejects.toMatchObject(expected);
  });

  test("open leases are those of this worker", async () => {
    const { adapter, asked } = await against({
      "GET /v1/leases": () => ({
        body: { leases: [wireLease(), wireLease({ lease_id: "lease_2", worker_id: "w2" })] },
      }),
    });
    expect((await adapter.openLeases(signal))?.map(({ leaseId }) => leaseId)).toEqual(["lease_1"]);
    expect(asked("GET /v1/leases")[0]?.url).toBe(`/v1/leases?provider_id=${providerId}&worker_id=w1`);
  });

  test("JOB_LEASE_SEC says by how much a lease is extended", async () => {
    const { adapter, asked } = await against(
      { "POST /v1/leases/lease_1/renew": () => ({ body: { expires_at_ms: 241_000 } }) },
      { leaseMs: 45_000 },
    );
    await adapter.renew({ leaseId: "lease_1", jobId: "0xabc" }, 120_000, signal);
    expect(fields(asked("POST /v1/leases/lease_1/renew")[0])).toMatchObject({ extend_ms: 45_000 });
  });

  test("renewing gives the new end, or says that the lease is lost", async () => {
    const { adapter, asked } = await against({
      "POST /v1/leases/lease_1/renew": (_r, nth) =>
        nth === 0 ? { body: { expires_at_ms: 241_000 } } : refusal(409, "AICF_LEASE_LOST"),
    });
    const lease = { leaseId: "lease_1", jobId: "0xabc" };
    expect(await adapter.renew(lease, 120_000, signal)).toBe(241_000);
    expect(fields(asked("POST /v1/leases/lease_1/renew")[0])).toMatchObject({
      extend_ms: 120_000,
      worker_id: "w1",
    });
    await expect(adapter.renew(lease, 120_000, signal)).rejects.toMatchObject({
      code: "LEASE_LOST",
      actor: "market",
    });
  });
});

describe("a lease that can't be read", () => {
  const odd = [
    wireLease({ lease_id: "no-times", granted_at_ms: null }),
    wireLease({ lease_id: "absurd", fee: "9".repeat(30) }),
    wireLease({ lease_id: "theirs", worker_id: "w2", expires_at_ms: "soon" }),
    { job_id: "no name" },
    "no lease",
  ];
  const readings = [
    ["granted", (adapter: AicfAdapter) => adapter.acquire({ max: 4, waitMs: 0, models: [] }, signal)],
    ["held", (adapter: AicfAdapter) => adapter.openLeases(signal)],
  ] as const;

  test.each(readings)(
    "and is %s goes back instead of running out; an absurd fee is none",
    async (_, leases) => {
      const answer = () => ({ body: { leases: odd } });
      const { adapter } = await against({ "POST /v1/leases": answer, "GET /v1/leases": answer });
      expect(await leases(adapter)).toMatchObject([
        { leaseId: "no-times", jobId: "0xabc", work: { kind: "unsupported" }, expiresAt: null },
        { leaseId: "absurd", work: { kind: "embed" }, fee: null },
      ]);
    },
  );
});

describe("a result", () => {
  const COMPLETE = "POST /v1/leases/lease_1/complete";

  test("small: goes inline with its digest, receipt and timing", async () => {
    const { adapter, asked } = await against({ [COMPLETE]: completed });
    const sent = submission();
    const outcome = await adapter.submit(sent, signal);
    expect(outcome).toMatchObject({ kind: "accepted" });
    expect(JSON.parse(outcome.kind === "accepted" ? (outcome.marketReceipt ?? "") : "")).toMatchObject({
      output_digest: `0x${sent.sha3_512}`,
    });
    expect(fields(asked(COMPLETE)[0])).toMatchObject({
      op: "complete",
      job_id: "0xabc",
      output_digest: `0x${sent.sha3_512}`,
      proof_refs: [{ kind: "attestation", bundle_digest: `0x${sha3_256(sent.receipt)}` }],
      meta: {
        compute_ms: 12,
        device: "cpu",
        shape: [1, 10],
        ai_proof: {
          nullifier: expect.stringMatching(/^0x[0-9a-f]{64}$/),
          output_digest: `0x${sent.sha3_256}`,
        },
      },
      receipt: "0xa1",
      output: Buffer.from(sent.output).toString("base64"),
    });
  });

  test.each(["AICF_SLASHED", "AICF_INSUFFICIENT_STAKE"])(
    "refused with %s is not lost: a jail may end, a stake come, before the lease does",
    async (code) => {
      const { adapter } = await against({
        [COMPLETE]: (request, nth) => (nth === 0 ? refusal(403, code) : completed(request)),
      });
      const sent = submission();
      await expect(adapter.submit(sent, signal)).rejects.toMatchObject({ retryable: true });
      expect(await adapter.submit({ ...sent, resend: true }, signal)).toMatchObject({ kind: "accepted" });
    },
  );

  test("bigger than 256 KiB: is stored first and then named", async () => {
    const sent = submission(INLINE_OUTPUT_BYTES + 1);
    const { adapter, server, asked } = await against({
      [`PUT /v1/outputs/${sent.sha3_512}`]: () => ({ status: 201, body: {} }),
      [COMPLETE]: completed,
    });
    expect(await adapter.submit(sent, signal)).toMatchObject({ kind: "accepted" });
    expect(server.seen.map(({ method }) => method)).toEqual(["PUT", "POST"]);
    expect(Buffer.compare(server.seen[0]?.body ?? Buffer.alloc(0), sent.output)).toBe(0);
    expect(fields(asked(COMPLETE)[0])).not.toHaveProperty("output");
  });

  test("one byte less goes inline", async () => {
    const { adapter, server } = await against({ [COMPLETE]: completed });
    await adapter.submit(submission(INLINE_OUTPUT_BYTES), signal);
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    [409, "AICF_LEASE_LOST", { kind: "lost" }],
    [410, "AICF_JOB_EXPIRED", { kind: "expired" }],
    [409, "AICF_ERROR", { kind: "rejected", code: "AICF_ERROR", message: "no: AICF_ERROR" }],
    [400, "AICF_ERROR", { kind: "rejected" }],
    [413, "AICF_TOO_LARGE", { kind: "rejected", code: "AICF_TOO_LARGE" }],
  ])("refused with %d %s", async (status, code, expected) => {
    const { adapter } = await against({ [COMPLETE]: () => refusal(status, code) });
    expect(await adapter.submit(submission(), signal)).toMatchObject(expected);
  });

  test.each([
    [409, "AICF_REPLAY"],
    [404, "AICF_REGISTRY_ERROR"],
    [429, "AICF_ERROR"],
    [500, "AICF_ERROR"],
  ])("%d %s is no verdict on the result: it is tried again", async (status, code) => {
    const { adapter } = await against({ [COMPLETE]: () => refusal(status, code) });
    await expect(adapter.submit(submission(), signal)).rejects.toBeInstanceOf(AppError);
  });

  test("confirmed under another digest is not accepted", async () => {
    const { adapter } = await against({
      [COMPLETE]: () => ({ body: { ok: true, job_id: "0xabc", output_digest: `0x${"0".repeat(128)}` } }),
    });
    expect(await adapter.submit(submission(), signal)).toMatchObject({
      kind: "rejected",
      code: "OTHER_RESULT",
    });
  });
});

describe("ending a lease without a result", () => {
  const lease = { leaseId: "lease_1", jobId: "0xabc" };

  test("fail and return say why", async () => {
    const { adapter, asked } = await against({
      "POST /v1/leases/lease_1/fail": () => ({ body: { ok: true, requeued: true } }),
      "POST /v1/leases/lease_1/return": () => ({ body: { ok: true } }),
    });
    await adapter.fail(lease, { code: "internal_error", message: "m", retryable: true }, signal);
    await adapter.giveBack(lease, "paused", signal);
    expect(fields(asked("POST /v1/leases/lease_1/fail")[0])).toMatchObject({
      op: "fail",
      code: "internal_error",
      retryable: true,
    });
    expect(fields(asked("POST /v1/leases/lease_1/return")[0])).toMatchObject({
      op: "return",
      reason: "paused",
    });
  });

  test("saying it twice, or too late, is no error", async () => {
    for (const gone of [
      refusal(409, "AICF_LEASE_LOST", { reason: "returned" }),
      refusal(410, "AICF_JOB_EXPIRED"),
    ]) {
      const { adapter } = await against({
        "POST /v1/leases/lease_1/return": () => gone,
        "POST /v1/leases/lease_1/fail": () => gone,
      });
      await adapter.giveBack(lease, "again", signal);
      await adapter.fail(lease, { code: "x", message: "", retryable: false }, signal);
    }
  });
});

describe("money", () => {
  const rpc = (result: unknown): Answer => ({ body: { jsonrpc: "2.0", id: 1, result } });
  const payout = (job_id: string, claimed: number | null) => ({
    ...{ seq: 1, job_id, amount: 800, gross: 1_000, epoch: 3, settled_at_ms: 5_000 },
    claimed_at_ms: claimed,
  });
  const credit = (jobId: string) => ({
    jobId,
    net: money("ANM", 800n),
    gross: money("ANM", 1_000n),
    settledAt: 5_000,
    reference: "epoch 3",
  });

  test("what is pending is claimed, then the payout rows of our jobs are the credits", async () => {
    const { adapter, asked } = await against(
      {
        "POST /rpc": (request) =>
          fields(request).method === "aicf.getBalance"
            ? rpc({ providerId, available: 0, pending: 800, escrow: 0, lastSettlementEpoch: null })
            : rpc({
                providerId,
                totalPaid: 800,
                epochFrom: 3,
                epochTo: 3,
                payouts: [{ jobId: "a", amount: 800 }],
                txHash: null,
              }),
        [`GET ${PROVIDER}/payouts`]: () => ({
          body: { items: [payout("a", 6_000), payout("b", null), payout("other", 6_000)], next_after: 1 },
        }),
      },
      { rpc: true },
    );
    expect(await adapter.credits(["a", "b"], signal)).toEqual([credit("a")]);
    expect(asked("POST /rpc").map((request) => fields(request).method)).toEqual([
      "aicf.getBalance",
      "aicf.claimPayout",
    ]);
    expect(asked(`GET ${PROVIDER}/payouts`)[0]?.url).toContain("job_id=a%2Cb");
  });

  test("a claim whose answer is lost costs nothing: the rows tell it", async () => {
    const { adapter } = await against(
      {
        "POST /rpc": (request) =>
          fields(request).method === "aicf.getBalance"
            ? rpc({ available: 0, pending: 800 })
            : { status: 502, body: {} },
        [`GET ${PROVIDER}/payouts`]: () => ({ body: { items: [payout("a", 6_000)], next_after: 1 } }),
      },
      { rpc: true },
    );
    expect(await adapter.credits(["a"], signal)).toEqual([credit("a")]);
  });

  test("where a market shows no rows, the claim's answer is taken", async () => {
    const { adapter } = await against(
      {
        "POST /rpc": (request) =>
          fields(request).method === "aicf.getBalance"
            ? rpc({ available: 0, pending: 800 })
            : rpc({
                epochTo: 4,
                payouts: [
                  { jobId: "a", amount: 800 },
                  { jobId: "x", amount: 1 },
                ],
              }),
      },
      { rpc: true, now: () => 99 },
    );
    expect(await adapter.credits(["a"], signal)).toEqual([
      { jobId: "a", net: money("ANM", 800n), gross: null, settledAt: 99, reference: "epoch 4" },
    ]);
  });

  const claimOf = (payouts: unknown[], more: object = {}) => ({
    "POST /rpc": (request: SeenRequest, nth: number) =>
      fields(request).method === "aicf.getBalance"
        ? rpc({ available: 0, pending: nth === 0 ? 800 : 0 })
        : rpc({ epochTo: 4, payouts, ...more }),
  });
  const claimed = (jobId: string, nano: bigint) => ({
    jobId,
    net: money("ANM", nano),
    gross: null,
    settledAt: 99,
    reference: "epoch 4",
  });

  test("a claim pays for jobs nobody asked about: what it said of them is there when they are asked about", async () => {
    const payouts = Array.from({ length: 1_200 }, (_, n) => ({ jobId: `j${n}`, amount: n }));
    const { adapter } = await against(claimOf(payouts), { rpc: true, now: () => 99 });
    expect(await adapter.credits(["j0"], signal)).toEqual([claimed("j0", 0n)]);
    expect(await adapter.credits(["j600", "j1199", "other"], signal)).toEqual([
      claimed("j600", 600n),
      claimed("j1199", 1_199n),
    ]);
  });

  test("a person's own claim is kept like the worker's, with the market's total", async () => {
    const { adapter } = await against(claimOf([{ jobId: "a", amount: 800 }], { totalPaid: 900 }), {
      rpc: true,
      now: () => 99,
    });
    const report = await adapter.account?.claim(signal);
    expect(report).toMatchObject({ total: { minor: "900" }, payouts: [{ jobId: "a" }] });
    expect(await adapter.credits(["a"], signal)).toEqual([claimed("a", 800n)]);
  });

  test("a row of a claim that can't be read hides no other, and two rows of a job are one sum", async () => {
    const rows = [
      { jobId: "a", amount: 500 },
      { jobId: "b", amount: "9".repeat(40) },
      { jobId: "c" },
      "no row",
      { jobId: "a", amount: "300" },
    ];
    const { adapter } = await against(claimOf(rows), { rpc: true, now: () => 99 });
    expect(await adapter.credits(["a", "b", "c"], signal)).toEqual([claimed("a", 800n)]);
  });

  test.each([404, 405, 501])(
    "a market that answers %i has no such list: the claim counts",
    async (status) => {
      const { adapter } = await against(
        {
          ...claimOf([{ jobId: "a", amount: 800 }]),
          [`GET ${PROVIDER}/payouts`]: () => ({ status, body: { detail: "no" } }),
        },
        { rpc: true, now: () => 99 },
      );
      expect(await adapter.credits(["a"], signal)).toEqual([claimed("a", 800n)]);
    },
  );

  test("what was claimed is kept although the list can't be read just then", async () => {
    const { adapter } = await against(
      {
        ...claimOf([{ jobId: "a", amount: 800 }]),
        [`GET ${PROVIDER}/payouts`]: (_request, nth) =>
          nth === 0 ? { status: 503, body: {} } : { body: { items: [], next_after: 0 } },
      },
      { rpc: true, now: () => 99 },
    );
    await expect(adapter.credits(["a"], signal)).rejects.toMatchObject({ code: "MARKET_ERROR" });
    expect(await adapter.credits(["a"], signal)).toEqual([claimed("a", 800n)]);
  });

  const noBooks = { error: { code: -32601, message: "Method not found" } };
  test.each([
    ["has no AICF module", () => ({ body: { jsonrpc: "2.0", id: 1, ...noBooks } })],
    ["serves no JSON-RPC", () => ({ status: 404, body: { detail: "Not Found" } })],
  ])("a node that %s claims nothing, ever: what is settled counts", async (_, answer) => {
    const { adapter } = await against(
      {
        "POST /rpc": answer,
        [`GET ${PROVIDER}/payouts`]: () => ({ body: { items: [payout("a", null)], next_after: 1 } }),
      },
      { rpc: true },
    );
    expect(await adapter.credits(["a"], signal)).toEqual([credit("a")]);
    expect(
      adapter
        .limits?.()
        .map(({ text }) => text)
        .join(),
    ).toContain("no AICF module");
  });

  test("a claim whose answer is lost where no list is kept is told, once, and keeps no other credit", async () => {
    const balances = [800, 0, 700];
    const { adapter } = await against(
      {
        "POST /rpc": (request, nth) => {
          if (fields(request).method === "aicf.getBalance")
            return rpc({ available: 0, pending: balances.shift() ?? 0 });
          return nth === 1 ? { status: 502, body: {} } : rpc({ payouts: [{ jobId: "b", amount: 700 }] });
        },
      },
      { rpc: true, now: () => 99 },
    );
    await expect(adapter.credits(["a", "b"], signal)).rejects.toMatchObject({
      code: "CLAIM_UNHEARD",
      message: expect.stringContaining("0.0000008 ANM"),
    });
    expect(await adapter.credits(["a", "b"], signal)).toEqual([]);
    expect(await adapter.credits(["a", "b"], signal)).toMatchObject([{ jobId: "b" }]);
  });

  test("a row says more than the claim, also before it says that it was claimed", async () => {
    const { adapter } = await against(
      {
        ...claimOf([{ jobId: "a", amount: 800 }]),
        [`GET ${PROVIDER}/payouts`]: () => ({ body: { items: [payout("a", null)], next_after: 1 } }),
      },
      { rpc: true, now: () => 99 },
    );
    expect(await adapter.credits(["a"], signal)).toMatchObject([{ jobId: "a", gross: money("ANM", 1_000n) }]);
  });

  test("without a node, settled is as good as it gets", async () => {
    const { adapter } = await against({
      [`GET ${PROVIDER}/payouts`]: () => ({ body: { items: [payout("a", null)], next_after: 1 } }),
    });
    expect(await adapter.credits(["a"], signal)).toEqual([credit("a")]);
  });

  test("many jobs are asked for in hundreds", async () => {
    const { adapter, asked } = await against({
      [`GET ${PROVIDER}/payouts`]: () => ({ body: { items: [], next_after: 0 } }),
    });
    await adapter.credits(
      Array.from({ length: 250 }, (_, n) => `j${n}`),
      signal,
    );
    expect(asked(`GET ${PROVIDER}/payouts`)).toHaveLength(3);
  });

  test("the provider's share is what treasury and miner leave, and never less than 80 %", async () => {
    const { adapter } = await against({});
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), (gross) => {
        const share = adapter.expectedNet(money("ANM", gross)).minor;
        expect(share).toBe(gross - (gross * 15n) / 100n - (gross * 5n) / 100n);
        expect(share * 10n >= gross * 8n && share <= gross).toBe(true);
      }),
    );
  });
});

test("random answers to any call are an AppError or a proper value", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(200, 201, 204, 400, 404, 409, 410, 500),
      fc.jsonValue(),
      async (status, body) => {
        const answer = async () => new Response(status === 204 ? null : JSON.stringify(body), { status });
        const config = {
          ...{
            queueUrl: "http://127.0.0.1:1",
            rpcUrl: "http://127.0.0.1:2",
            chainId: 1,
            providerId: "p",
            name: "n",
            region: null,
          },
          ...{ workerId: "w", autoStakeNano: "1" },
        };
        const adapter = createAicfAdapter(config, {
          identity: { ...identity, sign: () => new Uint8Array(3309) },
          fetch: answer,
        });
        const calls = [
          adapter.probe(signal),
          adapter.register(profile, signal),
          adapter.heartbeat(load, signal),
          adapter.acquire({ max: 1, waitMs: 0, models: [] }, signal),
          adapter.renew({ leaseId: "l", jobId: "j" }, 1, signal),
          adapter.submit(submission(), signal),
          adapter.openLeases(signal),
          adapter.credits(["j"], signal),
          adapter.giveBack({ leaseId: "l", jobId: "j" }, "r", signal),
        ];
        for (const outcome of await Promise.allSettled(calls)) {
          if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(AppError);
        }
      },
    ),
  );
});
