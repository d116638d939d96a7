import { rmSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Readiness } from "../../../../src/engine/control/readiness.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { BusyTime } from "../../../../src/engine/metrics/busy-time.ts";
import { EnergyMeter } from "../../../../src/engine/metrics/energy-meter.ts";
import { Metrics, type MetricsSources } from "../../../../src/engine/metrics/metrics.ts";
import { startMetricsServer } from "../../../../src/engine/metrics/metrics-server.ts";
import { type BoardChange, WorkBoard } from "../../../../src/engine/work/board.ts";
import type { DeviceView, EarningsView, MarketView } from "../../../../src/shared/contract/views.ts";
import { HOUR, SECOND } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { earningPeriods } from "../../../support/earning-sums.ts";
import { aLease } from "../../../support/leases.ts";
import { ODD_TARGETS, statusOf } from "../../../support/odd-targets.ts";
import { ScriptedMarket } from "../../../support/scripted-market.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

class GuidedMarket extends ScriptedMarket {
  readonly guideNames = { worker: "aicf_provider", heartbeat: "aicf_heartbeat" };
}

const CPU: DeviceView = {
  id: "cpu",
  kind: "cpu",
  name: "CPU",
  backend: "cpu",
  backendReason: null,
  state: "ready",
  enabled: true,
  paused: null,
  stateReason: null,
  runtimePid: process.pid,
  runningJobs: 2,
  temperatureC: null,
  powerW: null,
  utilisationPct: null,
  memoryUsedMb: null,
  memoryTotalMb: null,
  textsPerSecond: null,
};
const MARKET: MarketView = {
  id: "aicf",
  name: "AICF",
  currency: "ANM",
  endpoint: "scripted:",
  state: "registered",
  providerId: "prov_scripted",
  lastHeartbeatAckAt: 1_700_000_000_500,
  heartbeatIntervalMs: 15_000,
  lastPollAt: null,
  lastPollAnswer: null,
  lastAcceptedAt: null,
  leasesHeld: 3,
  error: null,
};
const EARNINGS: EarningsView = {
  market: "aicf",
  currency: "ANM",
  settledToday: { currency: "ANM", minor: "0" },
  pendingToday: { currency: "ANM", minor: "0" },
  settledTotal: { currency: "ANM", minor: "1500000000" },
  pendingTotal: { currency: "ANM", minor: "250000000" },
  periods: earningPeriods({ currency: "ANM", minor: "0" }, { currency: "ANM", minor: "1500000000" }),
  rate: null,
  acceptedToday: 0,
  failedToday: 0,
  reconciledAt: null,
};

interface State {
  devices?: DeviceView[];
  markets?: MarketView[];
  earnings?: EarningsView[];
  energy?: ReadonlyMap<string, number>;
  isUnsettled?: boolean;
  keyBackup?: boolean | null;
}

async function metricsOf(state: State = {}, folder = tempFolder()) {
  const ledger = await Ledger.open(folder);
  const market = new GuidedMarket();
  const deps = {
    ledger,
    dataFolder: folder,
    modelId: (name: string) => (name === "text-embed-001" ? "all-MiniLM-L6-v2" : null),
    providerId: () => "prov_scripted",
  };
  const metrics = new Metrics([market], deps);
  onTestFinished(() => metrics.close());
  let now = 1_000;
  const board = new WorkBoard({ ledger, now: () => now, admit: () => ({ kind: "admit" }) });
  board.onChange((change) => metrics.noteJob(change));
  const sources: MetricsSources = {
    slices: {
      engine: () => ({
        version: "1.2.3",
        mode: "live",
        startedAt: 0,
        pid: 1,
        intent: "running",
        dataFolder: folder,
        notices: [],
      }),
      headline: () => ({
        level: "idle",
        sentence: "",
        reasons: [],
        lastAcceptedAt: null,
        lastAcceptedMarket: null,
        lastHeartbeatAckAt: null,
      }),
      markets: () => state.markets ?? [],
      devices: () => state.devices ?? [],
      earnings: () => state.earnings ?? [],
      models: () => [],
    },
    board,
    level: () => null,
    offers: () => [],
    energy: () => state.energy ?? new Map(),
    backend: "auto",
    isUnsettled: () => state.isUnsettled ?? false,
    keyBackup: async () => state.keyBackup ?? null,
  };
  metrics.readFrom(sources);
  return { metrics, ledger, board, market, folder, at: (ms: number) => (now = ms) };
}

/** Samples of one series, `{labels} value`. */
async function samples(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.scrape();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length).trim());
}

describe("jobs", () => {
  it("are counted once each, by how they ended, and again from the ledger after a restart", async () => {
    const { metrics, ledger, board, folder, at } = await metricsOf();
    board.grant([aLease({ leaseId: "good" }), aLease({ leaseId: "bad" }), aLease({ leaseId: "back" })]);
    at(1_250);
    const [good, bad] = board.takeBatch({
      device: "cpu",
      others: [],
      limit: () => 2,
      modelOf: ({ model }) => model,
      canRun: () => true,
    });
    if (good === undefined || bad === undefined) throw new Error("nothing to run");
    at(1_750);
    const result = {
      sha3_512: "a".repeat(128),
      sha3_256: "a".repeat(64),
      inputSha3_256: "0".repeat(64),
      shape: [1],
      computeMs: 500,
      receipt: new Uint8Array([9]),
    };
    board.completeBatch([{ lease: good, result, output: new Uint8Array([1]) }]);
    board.fail(bad, new AppError({ code: "INFERENCE_FAILED", message: "It broke", actor: "machine" }));
    board.giveBack("Not taking work", { running: false });
    board.markSubmitting(good.row);
    at(2_000);
    board.settleSubmission(good.row, { kind: "accepted", marketReceipt: null });

    const jobs = await samples(metrics, "bellows_jobs_total");
    expect(jobs).toContain('{market="aicf",kind="embed",status="accepted"} 1');
    expect(jobs).toContain('{market="aicf",kind="embed",status="failed"} 1');
    expect(jobs).toContain('{market="aicf",kind="embed",status="returned"} 1');
    expect(await samples(metrics, "aicf_provider_jobs_total")).toContain(
      '{kind="embed",status="accepted"} 1',
    );
    expect(await samples(metrics, "aicf_provider_errors_total")).toEqual(['{stage="compute"} 1']);
    expect(await samples(metrics, "bellows_model_jobs_total")).toEqual(['{model="all-MiniLM-L6-v2"} 1']);
    expect(await samples(metrics, "bellows_job_seconds_sum")).toEqual([
      '{market="aicf",phase="queue"} 0.25',
      '{market="aicf",phase="compute"} 0.5',
      '{market="aicf",phase="submit"} 0.25',
      '{market="aicf",phase="total"} 1',
    ]);
    expect(await samples(metrics, "aicf_provider_job_duration_seconds_count")).toEqual(['{kind="embed"} 2']);

    ledger.close();
    const again = await metricsOf({}, folder);
    expect((await samples(again.metrics, "bellows_jobs_total")).sort()).toEqual(jobs.sort());
    again.ledger.close();
  });

  it("say 0 for every way of ending before the first ends so: what appears with its first job never rose", async () => {
    const { metrics, ledger, board } = await metricsOf();
    const before = await samples(metrics, "bellows_jobs_total");
    for (const status of ["accepted", "returned", "failed", "expired", "lost", "rejected"])
      for (const kind of ["embed", "generate", "other"])
        expect(before).toContain(`{market="aicf",kind="${kind}",status="${status}"} 0`);
    const guide = await samples(metrics, "aicf_provider_jobs_total");
    expect(guide).toContain('{kind="embed",status="lost"} 0');
    board.grant([aLease()]);
    board.giveBack("Not taking work", { running: false });
    expect(await samples(metrics, "bellows_jobs_total")).toHaveLength(before.length);
    ledger.close();
  });

  it("fail at the stage compute when they ran and failed: not when they ran again, were put back or were declined", async () => {
    const { metrics, ledger, board } = await metricsOf();
    const broken = (retryable: boolean) =>
      new AppError({ code: "INFERENCE_FAILED", message: "It broke", actor: "machine", retryable });
    const taker = { device: "cpu", others: [], limit: () => 1, modelOf: () => "m", canRun: () => true };
    const run = () => {
      const [lease] = board.takeBatch(taker);
      if (lease === undefined) throw new Error("nothing to run");
      return lease;
    };
    board.grant([aLease({ leaseId: "declined" })]);
    const [declined] = board.held();
    if (declined === undefined) throw new Error("nothing is held");
    board.fail(declined, broken(false));
    board.grant([aLease({ leaseId: "ran" })]);
    board.putBack([run()], "The device rests");
    board.requeue([run()], broken(true));
    expect(await samples(metrics, "aicf_provider_errors_total")).toEqual([]);
    board.fail(run(), broken(false));
    expect(await samples(metrics, "aicf_provider_errors_total")).toEqual(['{stage="compute"} 1']);
    ledger.close();
  });

  it("take no negative time where the clock was set back while they ran", async () => {
    const { metrics, ledger, board, at } = await metricsOf();
    board.grant([aLease({ leaseId: "odd" })]);
    at(5_000);
    const [lease] = board.takeBatch({
      ...{ device: "cpu", others: [], limit: () => 1, modelOf: () => "m", canRun: () => true },
    });
    if (lease === undefined) throw new Error("nothing to run");
    at(2_000);
    board.fail(lease, new AppError({ code: "INFERENCE_FAILED", message: "It broke", actor: "machine" }));
    expect(await samples(metrics, "aicf_provider_job_duration_seconds_sum")).toEqual(['{kind="embed"} 0']);
    ledger.close();
  });

  it("of kinds and models nobody catalogued make no series of their own", async () => {
    const { metrics, ledger, board } = await metricsOf();
    for (let n = 0; n < 30; n++) {
      board.grant([aLease({ model: `made-up-${n}`, work: { kind: "unsupported", reason: `kind ${n}` } })]);
    }
    board.giveBack("Not taking work", { running: false });
    const jobs = await samples(metrics, "bellows_jobs_total");
    expect(jobs).toContain('{market="aicf",kind="other",status="returned"} 30');
    expect(jobs.filter((line) => !line.endsWith(" 0"))).toHaveLength(1);
    expect(await metrics.scrape()).not.toContain("made-up");
    ledger.close();
  });
});

describe("calls to a market", () => {
  it("are counted by outcome, and what the adapter answers or throws is not changed", async () => {
    const { metrics, ledger, market } = await metricsOf();
    const [adapter] = metrics.adapters;
    if (adapter === undefined) throw new Error("no adapter");
    const signal = new AbortController();
    const load = {
      inflight: 0,
      capacity: 1,
      profile: { name: "p", region: null, concurrency: 1, models: [], devices: [] },
    };
    expect(await adapter.heartbeat(load, signal.signal)).toEqual({ intervalMs: 20, health: null });
    const refusal = new AppError({ code: "MARKET_REFUSED", message: "no", actor: "market" });
    market.script.heartbeat.push(() => Promise.reject(refusal));
    await expect(adapter.heartbeat(load, signal.signal)).rejects.toBe(refusal);
    market.script.acquire.push([], []);
    const wish = { max: 1, waitMs: 0, models: [] };
    await adapter.acquire(wish, signal.signal);
    await adapter.acquire(wish, signal.signal);
    const waiting = adapter.acquire(wish, signal.signal);
    signal.abort();
    await expect(waiting).rejects.toThrow();
    expect(await adapter.renew({ leaseId: "l", jobId: "j" }, 60_000, signal.signal)).toBeGreaterThan(0);
    expect(adapter.expectedNet({ currency: "ANM", minor: 5n })).toEqual({ currency: "ANM", minor: 5n });

    const requests = await samples(metrics, "bellows_market_requests_total");
    expect(requests).toContain('{market="aicf",call="heartbeat",outcome="ok"} 1');
    expect(requests).toContain('{market="aicf",call="heartbeat",outcome="error"} 1');
    expect(requests).toContain('{market="aicf",call="acquire",outcome="ok"} 2');
    expect(requests).toContain('{market="aicf",call="acquire",outcome="cancelled"} 1');
    expect(await samples(metrics, "aicf_provider_errors_total")).toEqual(['{stage="heartbeat"} 1']);
    expect(await samples(metrics, "aicf_provider_lease_renew_total")).toEqual(["1"]);
    expect(await samples(metrics, "aicf_provider_queue_poll_interval_seconds")).toHaveLength(1);
    expect(await samples(metrics, "aicf_heartbeat_total")).toEqual([
      '{provider_id="prov_scripted",outcome="ok"} 1',
      '{provider_id="prov_scripted",outcome="fail"} 1',
    ]);
    ledger.close();
  });
});

describe("the state", () => {
  it("has no sample where nothing is known, and no more than one where it was", async () => {
    const state: State = { devices: [CPU], markets: [MARKET], earnings: [EARNINGS], energy: new Map() };
    const { metrics, ledger } = await metricsOf(state);
    expect(await samples(metrics, "bellows_device_running_jobs")).toEqual(['{device="cpu"} 2']);
    expect(await samples(metrics, "bellows_device_texts_per_second")).toEqual([]);
    expect(await samples(metrics, "bellows_market_last_poll_timestamp_seconds")).toEqual([]);
    expect(await samples(metrics, "bellows_market_last_heartbeat_timestamp_seconds")).toEqual([
      '{market="aicf"} 1700000000.5',
    ]);
    expect(await samples(metrics, "bellows_earnings_settled_total")).toEqual([
      '{market="aicf",currency="ANM"} 1.5',
    ]);
    expect(await samples(metrics, "bellows_earnings_unclaimed")).toEqual([]);
    expect(await samples(metrics, "bellows_market_paused")).toEqual(['{market="aicf"} 0']);
    state.markets = [{ ...MARKET, paused: { since: 5, lost: 5 } }];
    expect(await samples(metrics, "bellows_market_paused")).toEqual(['{market="aicf"} 1']);
    expect(await samples(metrics, "bellows_device_energy_joules_total")).toEqual([]);

    const gpu: DeviceView = {
      ...CPU,
      id: "GPU-1",
      kind: "gpu",
      name: 'A "quoted" card',
      temperatureC: 0,
      powerW: 212.5,
      memoryUsedMb: 1024,
      utilisationPct: 50,
    };
    state.devices = [gpu];
    state.energy = new Map([["GPU-1", 3_600]]);
    expect(await samples(metrics, "bellows_device_running_jobs")).toEqual(['{device="GPU-1"} 2']);
    expect(await samples(metrics, "bellows_gpu_temperature_celsius")).toEqual(['{device="GPU-1"} 0']);
    expect(await samples(metrics, "bellows_gpu_power_watts")).toEqual(['{device="GPU-1"} 212.5']);
    expect(await samples(metrics, "bellows_gpu_utilization_ratio")).toEqual(['{device="GPU-1"} 0.5']);
    expect(await samples(metrics, "bellows_gpu_memory_used_bytes")).toEqual(['{device="GPU-1"} 1073741824']);
    expect(await samples(metrics, "bellows_gpu_throttled")).toEqual([]);
    expect(await samples(metrics, "bellows_device_energy_joules_total")).toEqual(['{device="GPU-1"} 3600']);
    // Asked twice, a total is still a total.
    expect(await samples(metrics, "bellows_device_energy_joules_total")).toEqual(['{device="GPU-1"} 3600']);
    ledger.close();
  });

  it("tells what waits for a person: whose machine this is, and a key that nobody has a backup of", async () => {
    const state: State = {};
    const { metrics } = await metricsOf(state);
    const told = async () => [
      await samples(metrics, "bellows_machine_unsettled"),
      await samples(metrics, "bellows_key_backup_checked"),
    ];
    expect(await told()).toEqual([["0"], []]);
    Object.assign(state, { isUnsettled: true, keyBackup: false });
    expect(await told()).toEqual([["1"], ["0"]]);
    state.keyBackup = true;
    expect(await told()).toEqual([["1"], ["1"]]);
  });

  it("tells of its own process, of the runtimes' and of the ledger's files", async () => {
    const { metrics, ledger } = await metricsOf({ devices: [CPU] });
    const value = async (name: string) => Number((await samples(metrics, name))[0]?.split(" ").at(-1));
    expect(await value("process_resident_memory_bytes")).toBeGreaterThan(1e7);
    expect(await value("process_cpu_seconds_total")).toBeGreaterThan(0);
    expect(await value("bellows_ledger_size_bytes")).toBeGreaterThan(0);
    expect(await value("bellows_ledger_free_bytes")).toBeGreaterThan(0);
    expect(await value("bellows_runtime_processes")).toBe(1);
    if (process.platform === "linux") {
      expect(await value("bellows_runtime_resident_memory_bytes")).toBeGreaterThan(1e7);
    }
    ledger.close();
  });
});

describe("copies of the ledger", () => {
  it("tell how old the newest is, and whether the last try failed", async () => {
    const { metrics, ledger, folder } = await metricsOf();
    const copies = async () => [
      await samples(metrics, "bellows_ledger_copy_age_seconds"),
      await samples(metrics, "bellows_ledger_copy_failed"),
    ];
    expect(await copies()).toEqual([[], ["0"]]);
    await ledger.snapshot(Date.now() - HOUR);
    const [age, failed] = await copies();
    expect(Number(age?.[0])).toBeGreaterThanOrEqual(HOUR / SECOND);
    expect(Number(age?.[0])).toBeLessThan((2 * HOUR) / SECOND);
    expect(failed).toEqual(["0"]);
    rmSync(join(folder, "snapshots"), { recursive: true });
    writeFileSync(join(folder, "snapshots"), "in its place");
    await ledger.snapshot(Date.now());
    expect(await copies()).toEqual([[], ["1"]]);
  });
});

describe("an account that several workers may share", () => {
  const money = (minor: string) => ({ currency: "ANM" as const, minor });
  const market: MarketView = {
    ...MARKET,
    standing: {
      ...{ market: "aicf", providerId: "prov_scripted", at: 0, state: "eligible", jailedUntil: null },
      health: { score: 0.9, word: "healthy" },
      stake: {
        total: money("5000000000"),
        effective: money("4000000000"),
        minimum: money("1000000000"),
        releases: [],
      },
      ...{ reasons: [], slashes: [] },
      service: { traps: 1, availability: null, latencyP95Ms: null, qos: null },
    },
  };

  it("is named with what is told of it, so that nobody counts it once per worker", async () => {
    const { metrics, ledger } = await metricsOf({ markets: [market], earnings: [EARNINGS] });
    const whose = 'market="aicf",provider_id="prov_scripted"';
    expect(await samples(metrics, "bellows_market_eligible")).toEqual([`{${whose}} 1`]);
    expect(await samples(metrics, "bellows_stake")).toContain(`{${whose},currency="ANM",part="total"} 5`);
    const unclaimed = await samples(metrics, "bellows_earnings_unclaimed");
    expect(unclaimed, "nobody has asked the market yet").toEqual([]);
    // What this worker itself earned is its own, whoever's account it goes to.
    expect(await samples(metrics, "bellows_earnings_pending")).toEqual([
      '{market="aicf",currency="ANM"} 0.25',
    ]);
    ledger.close();
  });
});

it("what lies unclaimed is that of the account, named with it", async () => {
  const { metrics, ledger, market } = await metricsOf({ markets: [MARKET] });
  const pending = { currency: "ANM", minor: "2500000000" } as const;
  Object.assign(market, { account: { balance: async () => ({ pending }) } });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const stop = new AbortController();
  const running = metrics.run(stop.signal).catch(() => undefined);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await samples(metrics, "bellows_earnings_unclaimed")).toEqual([
    '{market="aicf",provider_id="prov_scripted",currency="ANM"} 2.5',
  ]);
  stop.abort();
  await running;
  ledger.close();
});

describe("the time a device had work", () => {
  const change = (row: number, event: BoardChange["event"], device = "cpu") => ({ row, event, device });

  it("is that of all its jobs together, counted once, up to the moment of asking", () => {
    const busy = new BusyTime();
    busy.note(change(1, "lease"), 0);
    busy.note(change(1, "run"), 1_000);
    busy.note(change(2, "run"), 2_000);
    busy.note(change(3, "run", "GPU-1"), 2_500);
    expect([...busy.seconds(3_000)]).toEqual([
      ["cpu", 2],
      ["GPU-1", 0.5],
    ]);
    busy.note(change(1, "compute"), 4_000);
    busy.note(change(2, "requeue"), 5_000);
    busy.note(change(2, "fail"), 9_000);
    busy.note(change(3, "lose", "GPU-1"), 3_500);
    expect(Object.fromEntries(busy.seconds(60_000))).toEqual({ cpu: 4, "GPU-1": 1 });
    busy.note(change(4, "run"), 60_000);
    expect(busy.seconds(60_500).get("cpu")).toBe(4.5);
  });

  it("never shrinks, whatever happens to the jobs", () => {
    const step = fc.record({
      row: fc.integer({ min: 1, max: 4 }),
      event: fc.constantFrom("run", "compute", "requeue", "fail"),
      device: fc.constantFrom("a", "b"),
      ms: fc.integer({ min: 0, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const busy = new BusyTime();
        let now = 0;
        let before = 0;
        for (const { row, event, device, ms } of steps) {
          now += ms;
          busy.note({ row, event: event as BoardChange["event"], device }, now);
          const total = busy.seconds(now).get("a") ?? 0;
          expect(total).toBeGreaterThanOrEqual(before);
          expect(total).toBeLessThanOrEqual(now / 1_000 + 1e-9);
          before = total;
        }
      }),
    );
  });
});

describe("energy", () => {
  it("is each reading times the time until the next, but not over a gap in the readings", () => {
    const meter = new EnergyMeter();
    meter.note("GPU-1", 100, 0);
    meter.note("GPU-1", 200, 10_000);
    meter.note("GPU-1", null, 15_000);
    meter.note("GPU-1", 50, 20_000);
    meter.note("GPU-1", 50, 3_600_000);
    meter.note("cpu", null, 0);
    expect([...meter.joules]).toEqual([["GPU-1", 100 * 10 + 200 * 5]]);
  });
});

describe("the server", () => {
  const config = { host: "127.0.0.1", port: 0, explicit: true };
  const ready = (): Readiness => ({ ready: true, reasons: [] });
  const answers = { contentType: "text/plain", scrape: async () => "bellows 1\n", readiness: ready };
  const ask = (url: string, init: { method?: string; headers?: Record<string, string> } = {}) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      get(url, init, (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, body }));
      }).on("error", reject);
    });

  it("answers GET /metrics and nothing else, and on loopback only under a name of loopback", async () => {
    const server = await startMetricsServer(config, answers);
    onTestFinished(() => server.close());
    expect(await ask(server.url)).toEqual({ status: 200, body: "bellows 1\n" });
    expect((await ask(server.url.replace("/metrics", "/"))).status).toBe(404);
    expect((await ask(server.url, { method: "POST" })).status).toBe(405);
    expect((await ask(server.url, { headers: { host: "evil.example" } })).status).toBe(403);
    expect((await ask(server.url, { headers: { host: "localhost:1" } })).status).toBe(200);
  });

  it("answers probes with the words of the control API, so that nobody starts a program to ask", async () => {
    let state: Readiness = { ready: true, reasons: [] };
    const server = await startMetricsServer(config, { ...answers, readiness: () => state });
    onTestFinished(() => server.close());
    const probe = async (path: string) => {
      const { status, body } = await ask(server.url.replace("/metrics", path));
      return { status, body: JSON.parse(body) as unknown };
    };
    expect(await probe("/healthz")).toEqual({ status: 200, body: { status: "ok" } });
    expect(await probe("/readyz")).toEqual({ status: 200, body: { status: "ready", reasons: [] } });
    state = { ready: false, reasons: ["Work is not taken: paused."] };
    expect(await probe("/readyz?verbose")).toEqual({
      status: 503,
      body: { status: "not ready", reasons: ["Work is not taken: paused."] },
    });
    expect((await probe("/healthz")).status).toBe(200);
  });

  it.each(ODD_TARGETS)("answers a request for %s like any other that is not for it", async (target) => {
    const server = await startMetricsServer(config, answers);
    onTestFinished(() => server.close());
    expect(await statusOf(server.url, target)).toBe(404);
    expect((await ask(server.url)).status).toBe(200);
  });

  it("takes another port where the usual one is taken, and says so; one that was asked for it does not replace", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void blocker.close());
    await new Promise((resolve) => blocker.once("listening", resolve));
    const { port } = blocker.address() as AddressInfo;
    const usual = { ...config, port, explicit: false };
    const server = await startMetricsServer(usual, answers);
    onTestFinished(() => server.close());
    expect(server.notice).toMatchObject({ code: "METRICS_PORT_IN_USE", actor: "user" });
    expect(server.notice?.message).toContain(new URL(server.url).port);
    await expect(startMetricsServer({ ...usual, explicit: true }, answers)).rejects.toMatchObject({
      code: "METRICS_PORT_IN_USE",
    });
    await expect(startMetricsServer({ ...config, host: "192.0.2.1" }, answers)).rejects.toMatchObject({
      code: "METRICS_ADDRESS_REFUSED",
    });
  });
});
