/**
 * The thirteen rules for a client of AITBC (protocols/aitbc.md §12), one test each that fails without its rule. Where the
 * rule's whole story is told elsewhere, that test is named.
 */
import { expect, onTestFinished, test, vi } from "vitest";
import type { HeldLease } from "../../../../../src/engine/ledger/leases.ts";
import { Ledger } from "../../../../../src/engine/ledger/ledger.ts";
import { createAitbcAdapter } from "../../../../../src/engine/market/aitbc/adapter.ts";
import { meantStatus } from "../../../../../src/engine/market/aitbc/answer.ts";
import { gpuEntries } from "../../../../../src/engine/market/aitbc/capabilities.ts";
import { createInventory } from "../../../../../src/engine/market/aitbc/inventory.ts";
import { priceNumber, priceOf } from "../../../../../src/engine/market/aitbc/inventory-wire.ts";
import { verifyCoordinatorReceipt } from "../../../../../src/engine/market/aitbc/receipt-coordinator.ts";
import { planStatus } from "../../../../../src/engine/market/aitbc/status-path.ts";
import { readOrder } from "../../../../../src/engine/market/aitbc/work.ts";
import { MarketSession } from "../../../../../src/engine/market/session.ts";
import { judgeLease } from "../../../../../src/engine/work/admission.ts";
import { WorkBoard } from "../../../../../src/engine/work/board.ts";
import { RunControl } from "../../../../../src/engine/work/run-control.ts";
import type { AitbcConfig } from "../../../../../src/shared/config.ts";
import { AppError } from "../../../../../src/shared/errors.ts";
import { money, parseDecimal } from "../../../../../src/shared/money.ts";
import { aLease } from "../../../../support/leases.ts";
import { ScriptedMarket } from "../../../../support/scripted-market.ts";
import { type Answer, type SeenRequest, serve } from "../../../../support/scripted-server.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";
import { recordedWith } from "./transcript.ts";

const signal = new AbortController().signal;
const ait = (amount: string | number) => parseDecimal("AIT", amount);
const profile = { name: "box", region: null, concurrency: 2, models: ["m"], devices: [] };
const GPU_KEY = "key-of-the-gpu-service";
const COORDINATOR_KEY = "key-of-the-coordinator";

/** A service that answers by "METHOD /path"; what it does not know is FastAPI's 404. */
async function service(routes: Record<string, (request: SeenRequest, nth: number) => Answer>) {
  const counts = new Map<string, number>();
  return serve((request) => {
    const call = `${request.method} ${request.url.split("?")[0]}`;
    const nth = counts.get(call) ?? 0;
    counts.set(call, nth + 1);
    return routes[call]?.(request, nth) ?? { status: 404, body: { detail: "Not Found" } };
  });
}

const word = { status: "healthy", service: "gpu-service" };
const TODAY = { "GET /health": () => ({ body: word }), "GET /v1/gpu/status": () => ({ body: word }) };
const GUIDE = { "GET /health": () => ({ body: word }), "GET /gpu/status": () => ({ body: word }) };

const config = (urls: Partial<AitbcConfig>): AitbcConfig => ({
  coordinatorUrl: null,
  coordinatorKey: COORDINATOR_KEY,
  gpuUrl: null,
  gpuKey: GPU_KEY,
  rpcUrl: null,
  minerId: "rig-7",
  nodeId: null,
  region: null,
  wallet: null,
  receiptKeyId: null,
  ...urls,
});
const inventoryAt = (gpuUrl: string) => createInventory({ config: { ...config({}), gpuUrl }, now: Date.now });

test("1: the dialect is probed, and probed again after an error; polls and errors of every era are understood", async () => {
  let era: Record<string, () => Answer> = GUIDE;
  const server = await serve(
    (request) =>
      era[`${request.method} ${request.url}`]?.() ?? { status: 404, body: { detail: "Not Found" } },
  );
  const inventory = inventoryAt(server.url);
  expect(await inventory.dialect(signal)).toBe("guide");
  era = TODAY;
  expect(await inventory.dialect(signal)).toBe("guide"); // Nothing went wrong yet.
  await expect(inventory.profiles({}, signal)).rejects.toMatchObject({ code: "MARKET_REFUSED" });
  expect(await inventory.dialect(signal)).toBe("today");
  const polls: [Answer, string][] = [
    [{ body: "null" }, "none"],
    [{ status: 204 }, "none"],
    [{ status: 501, body: { detail: "no" } }, "no-dispatch"],
    [{ body: { job_id: "j", payload: {} } }, "job"],
  ];
  for (const [answer, kind] of polls) {
    const polled = await service({ "POST /v1/miners/poll": () => answer });
    expect(await inventoryAt(polled.url).poll(signal)).toMatchObject({ kind });
  }
  expect(meantStatus(200, [{ error: "GPU not found" }, 404])).toBe(404);
});

test("2: prices are decimals from number or text, checked before they are sent, and sent as numbers", () => {
  for (const [written, amount] of [
    [35, "35"],
    ["35.00000000", "35"],
    ["0E-8", "0"],
    ["1.25e1", "12.5"],
  ] as const) {
    expect(priceOf({ price_per_hour: written })).toEqual(ait(amount));
  }
  for (const none of [-1, "abc", null, "NaN", 1e300]) expect(priceOf({ price_per_hour: none })).toBeNull();
  expect(priceNumber(ait("0.00000001"))).toBe(1e-8);
  expect(priceNumber(ait("20.5"))).toBe(20.5);
  for (const minor of [0n, -1n, 1n]) expect(() => priceNumber(money("AIT", minor))).toThrow(/no price/);
});

test("3: X-Api-Key and X-Miner-ID go along always, and no service sees the other's key", async () => {
  const coordinator = await service({
    "GET /health": () => ({ body: { status: "ok" } }),
    "GET /v1/marketplace/gpu/list": () => ({ body: [] }),
  });
  const gpu = await service({ ...TODAY, "GET /v1/miners/rig-7/gpus": () => ({ body: [] }) });
  const adapter = createAitbcAdapter(config({ coordinatorUrl: coordinator.url, gpuUrl: gpu.url }));
  await adapter.probe(signal);
  for (const board of adapter.offers?.boards ?? []) await board.listings(signal);
  await adapter.offers?.boards[0]?.abilities(signal);
  expect(coordinator.seen.length * gpu.seen.length).toBeGreaterThan(0);
  for (const { headers } of coordinator.seen)
    expect(headers).toMatchObject({ "x-api-key": COORDINATOR_KEY, "x-miner-id": "rig-7" });
  for (const { headers } of gpu.seen)
    expect(headers).toMatchObject({ "x-api-key": GPU_KEY, "x-miner-id": "rig-7" });
});

test("4: an offer's id is global, and it is looked for before it is made", async () => {
  for (const era of [GUIDE, TODAY]) {
    const there = {
      id: "rig-7-8f6d2c1e0b7a",
      miner_id: "rig-7",
      model: "X",
      status: "online",
      price_per_hour: "1.0",
    };
    const gpu = await service({
      ...era,
      "GET /v1/transactions": () => ({ body: [there] }),
      [`GET /v1/gpu/${there.id}`]: () => ({ body: there }),
    });
    const [board] = createAitbcAdapter(config({ gpuUrl: gpu.url })).offers?.boards ?? [];
    const offerId = board?.idFor("GPU-8f6d2c1e-0b7a-4c55-9d1e-aa00bb11cc22", 0) ?? "";
    expect(offerId).toBe(there.id);
    const terms = { offerId, model: "X", memoryMb: 1024, region: null, price: ait(1), otherIds: [] };
    expect(await board?.publish(terms, signal)).toEqual({ kind: "exists", offerId });
    expect(gpu.seen.filter(({ method }) => method === "POST")).toEqual([]);
  }
});

test("5: no heartbeat while a GPU is booked, in use or withdrawn (whole story: integration/offers-aitbc)", async () => {
  for (const [status, beats] of [
    ["booked", 0],
    ["in_use", 0],
    ["offline", 0],
    ["online", 1],
    ["available", 1],
  ] as const) {
    const gpu = await service({
      ...TODAY,
      "GET /v1/miners/rig-7/gpus": () => ({ body: [{ id: "g", model: "X", status, price_per_hour: "1" }] }),
      "POST /v1/miners/heartbeat": () => ({ body: { status: "ok" } }),
    });
    const adapter = createAitbcAdapter(config({ gpuUrl: gpu.url }));
    await adapter.heartbeat({ inflight: 0, capacity: 1, profile }, signal);
    expect(
      gpu.seen.filter(({ url }) => url.endsWith("/heartbeat")),
      status,
    ).toHaveLength(beats);
  }
});

test("6: status moves are planned along legal paths (every pair: status-path.test)", () => {
  expect(planStatus("online", "in_use")).toEqual([
    { kind: "put", status: "booked" },
    { kind: "put", status: "in_use" },
  ]);
  expect(planStatus("offline", "available")).toEqual([{ kind: "register-again" }]);
});

test("7: true inflight, ONLINE, a heartbeat right after /fail, and 404 and 500 mean: register again", async () => {
  const ok = () => ({ body: { status: "ok" } });
  const coordinator = await service({
    "POST /v1/miners/register": ok,
    "POST /v1/miners/heartbeat": (_request, nth) =>
      nth < 2 ? ok() : { status: 404, body: { detail: "miner not registered" } },
    "POST /v1/miners/j1/fail": ok,
    "POST /v1/miners/poll": () => ({ status: 500, body: { error: {} } }),
  });
  const adapter = createAitbcAdapter(config({ coordinatorUrl: coordinator.url }));
  await adapter.heartbeat({ inflight: 2, capacity: 4, profile }, signal);
  await adapter.fail({ leaseId: "j1", jobId: "j1" }, { code: "X", message: "y", retryable: false }, signal);
  const calls = coordinator.seen.map(({ url, json }) => [url, json]);
  expect(calls).toEqual([
    ["/v1/miners/heartbeat", expect.objectContaining({ inflight: 2, status: "ONLINE" })],
    ["/v1/miners/j1/fail", expect.anything()],
    ["/v1/miners/heartbeat", expect.objectContaining({ inflight: 1, status: "ONLINE" })],
  ]);
  const again = { code: "NOT_REGISTERED" };
  await expect(adapter.heartbeat({ inflight: 0, capacity: 4, profile }, signal)).rejects.toMatchObject(again);
  await expect(adapter.acquire({ max: 1, waitMs: 0, models: [] }, signal)).rejects.toMatchObject(again);
});

test("7: heard every 15 s, jobs or not, and whatever is told again is told whole", async () => {
  const ok = () => ({ body: { status: "ok" } });
  const coordinator = await service({ "POST /v1/miners/register": ok, "POST /v1/miners/heartbeat": ok });
  const adapter = createAitbcAdapter(config({ coordinatorUrl: coordinator.url, region: "eu" }));
  await adapter.register({ ...profile, concurrency: 3 }, signal);
  // Left out, they would fall back to one job and no region (§2.2).
  expect(coordinator.seen[0]?.json).toMatchObject({
    concurrency: 3,
    region: "eu",
    capabilities: { models: ["m"], max_concurrent_jobs: 3 },
  });
  const ack = await adapter.heartbeat({ inflight: 0, capacity: 3, profile }, signal);
  // This market names no interval, so the session's own one counts: by a clock that the test turns.
  const market = new ScriptedMarket();
  market.script.acquire.push([aLease({ leaseId: "1", expiresAt: null, maxRuntimeMs: null })]);
  const beats: number[] = [];
  const ledger = await Ledger.open(tempFolder());
  const board = new WorkBoard({ ledger, admit: () => ({ kind: "admit" }), now: Date.now });
  const control = new RunControl({ ledger, board, now: Date.now, killRuntimes: () => undefined }, "running");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  onTestFinished(() => void vi.useRealTimers());
  for (let i = 0; i < 20; i++)
    market.script.heartbeat.push(() => {
      beats.push(Date.now());
      return ack;
    });
  const deps = { adapter: market, board, control, ledger, profile: () => profile, now: Date.now };
  const session = new MarketSession({ ...deps, quota: () => 3 });
  const stop = new AbortController();
  const running = session.run(stop.signal);
  await vi.advanceTimersByTimeAsync(90_000);
  stop.abort(new DOMException("The test is over", "AbortError"));
  await vi.advanceTimersByTimeAsync(1_000);
  await running;
  expect(market.loads.at(-1)).toMatchObject({ inflight: 1 });
  const pauses = beats.slice(1).map((at, i) => at - (beats[i] ?? 0));
  expect(pauses.length).toBeGreaterThan(5);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(15_000);
  ledger.close();
});

test("8: a card is listed under the names clients ask for, with the memory it is sold with", () => {
  const card = { id: "GPU-1", name: "NVIDIA GeForce RTX 4090", memoryMb: 24_564, healthy: true };
  expect(gpuEntries({ ...profile, devices: [card] })).toContainEqual({ name: "RTX 4090", memory_mb: 24_576 });
});

test("9: unpaid, paid to somebody else, or too short: not run", async () => {
  const paidTo = async (provider: string | null) => {
    const chain = await service({
      "GET /rpc/escrow/j1": () =>
        provider === null
          ? { status: 404, body: {} }
          : { body: { state: "funded", provider, amount: "1.5" } },
    });
    const coordinator = await service({
      "POST /v1/miners/poll": (_request, nth) =>
        nth === 0
          ? { body: { job_id: "j1", payload: { type: "embeddings", model: "m", input: ["x"] } } }
          : { status: 204 },
      "POST /v1/miners/rig-7/jobs": () => ({
        body: {
          jobs: [
            {
              job_id: "j1",
              state: "RUNNING",
              assigned_miner_id: "rig-7",
              expires_at: "2026-11-21T20:05:37.984876",
              payment_status: "escrowed",
            },
          ],
        },
      }),
    });
    const adapter = createAitbcAdapter(
      config({ coordinatorUrl: coordinator.url, rpcUrl: chain.url, wallet: "ait1me" }),
    );
    const [lease] = await adapter.acquire({ max: 1, waitMs: 0, models: ["m"] }, signal);
    return lease as unknown as HeldLease;
  };
  const judge = (lease: HeldLease, now = 0) =>
    judgeLease(lease, {
      taskOf: () => "embed",
      memoryShortage: () => null,
      allowUnpaid: false,
      now: () => now,
    });
  const good = await paidTo("ait1me");
  expect(judge(good).kind).toBe("admit");
  expect(judge(await paidTo("ait1somebody-else"))).toMatchObject({
    kind: "decline",
    error: { code: "JOB_UNPAID" },
  });
  expect(judge(await paidTo(null))).toMatchObject({ kind: "decline", error: { code: "JOB_UNPAID" } });
  expect(judge(good, Date.parse("2026-11-21T20:05:37Z")).kind).toBe("expired");
});

test("10: failures go to /fail, never as a result; a result whose fate is unknown is looked up before it is sent again (adapter.test, integration/faults-aitbc)", async () => {
  const coordinator = await service({
    "POST /v1/miners/j1/fail": () => ({ body: { status: "ok" } }),
    "POST /v1/miners/heartbeat": () => ({ body: { status: "ok" } }),
  });
  const adapter = createAitbcAdapter(config({ coordinatorUrl: coordinator.url }));
  await adapter.fail(
    { leaseId: "j1", jobId: "j1" },
    { code: "OOM", message: "CUDA out of memory", retryable: true },
    signal,
  );
  await adapter.giveBack({ leaseId: "j1", jobId: "j1" }, "paused", signal);
  const paths = coordinator.seen.map(({ url }) => url);
  expect(paths.filter((path) => /\/result$|\/complete$|\/jobs\//.test(path))).toEqual([]);
  expect(paths.filter((path) => path === "/v1/miners/j1/fail")).toHaveLength(2);
});

test("11: receipts are verified with the reduced field set and a pinned key; the net is 97.5 %", () => {
  const { body } = recordedWith("POST", "/v1/miners/{job}/result", 200);
  const { text } = recordedWith("POST", "/v1/miners/{job}/result", 200);
  const receipt = text.slice(text.indexOf('{"version"'), -1);
  const keyId = (body as { receipt: { signature: { key_id: string } } }).receipt.signature.key_id;
  expect(verifyCoordinatorReceipt(receipt, keyId)).toMatchObject({ ok: true, keyId });
  expect(verifyCoordinatorReceipt(receipt, "another-key").ok).toBe(false);
  expect(verifyCoordinatorReceipt(receipt.replace('"units":2.5', '"units":9.5'), keyId).ok).toBe(false);
  expect(createAitbcAdapter(config({ coordinatorUrl: "http://c" })).expectedNet(ait(1))).toEqual(
    ait("0.975"),
  );
});

test("12: after a 429 the coordinator is left alone for as long as it asked", async () => {
  let now = 1_000_000;
  const coordinator = await service({
    "POST /v1/miners/poll": (_request, nth) =>
      nth === 0
        ? { status: 429, headers: { "retry-after": "60" }, body: { detail: "Rate limit exceeded" } }
        : { status: 204 },
    "POST /v1/miners/rig-7/jobs": () => ({ body: { jobs: [] } }),
  });
  const adapter = createAitbcAdapter(config({ coordinatorUrl: coordinator.url }), { now: () => now });
  const poll = () => adapter.acquire({ max: 1, waitMs: 0, models: [] }, signal);
  await expect(poll()).rejects.toMatchObject({ code: "RATE_LIMITED", retryAfterMs: 60_000 });
  now += 59_000;
  await expect(poll()).rejects.toMatchObject({ code: "RATE_LIMITED", retryAfterMs: 1_000 });
  expect(coordinator.seen).toHaveLength(1);
  now += 1_001;
  expect(await poll()).toEqual([]);
});

test("12: and not for hours when the clock is set back meanwhile", async () => {
  let now = 100_000_000;
  const coordinator = await service({
    "POST /v1/miners/poll": (_request, nth) =>
      nth === 0
        ? { status: 429, headers: { "retry-after": "60" }, body: { detail: "Rate limit exceeded" } }
        : { status: 204 },
    "POST /v1/miners/rig-7/jobs": () => ({ body: { jobs: [] } }),
  });
  const adapter = createAitbcAdapter(config({ coordinatorUrl: coordinator.url }), { now: () => now });
  const poll = () => adapter.acquire({ max: 1, waitMs: 0, models: [] }, signal);
  await expect(poll()).rejects.toMatchObject({ code: "RATE_LIMITED" });
  now -= 20_000_000;
  expect(await poll()).toEqual([]);
  // Jobs of ours that it was not told of are looked for again too.
  expect(coordinator.seen.map(({ url }) => url.split("?")[0])).toContain("/v1/miners/rig-7/jobs");
});

test("13: a payload is a stranger's: no address is fetched, and a missing model is declined, never replaced", () => {
  const inside = "http://169.254.169.254/";
  for (const type of ["transcribe", "reencode", "gpu_compute"])
    for (const payload of [{ url: inside }, { input: inside }, { input: [inside] }])
      expect(readOrder({ type, model: "m", ...payload }, {}).work, type).toMatchObject({
        kind: "unsupported",
        reason: expect.stringContaining(type),
      });
  const { model, work } = readOrder({ type: "embeddings", model: "a-model-we-lack", input: ["x"] }, {});
  const lease = { work, model, payment: "funded", expiresAt: null } as unknown as HeldLease;
  const missing = () => {
    throw new AppError({ code: "MODEL_UNKNOWN", message: `There is no model ${model}`, actor: "user" });
  };
  expect(
    judgeLease(lease, { taskOf: missing, memoryShortage: () => null, allowUnpaid: false, now: () => 0 }),
  ).toMatchObject({
    kind: "decline",
    error: { code: "MODEL_UNKNOWN" },
  });
});
