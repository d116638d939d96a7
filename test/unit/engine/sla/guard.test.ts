/**
 * The guard against the market itself: both on one clock, the market counting what it is told, the guard what its own
 * ledger says. Their numbers are equal, and the guard's warning comes first.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { Traps } from "../../../../src/devnet/aicf/traps.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { AICF_SERVICE } from "../../../../src/engine/market/aicf/service-rules.ts";
import { standingOf } from "../../../../src/engine/market/aicf/standing.ts";
import { ProviderDetailSchema } from "../../../../src/engine/market/aicf/wire.ts";
import type { FailedModel } from "../../../../src/engine/self-test/failed-models.ts";
import { ServiceGuard } from "../../../../src/engine/sla/guard.ts";
import { encodeEmbedResult } from "../../../../src/shared/canonical.ts";
import type { ServiceMeasure } from "../../../../src/shared/contract/service-level.ts";
import { sha3_512 } from "../../../../src/shared/digest.ts";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { aicf, HEARTBEAT_MS } from "../../devnet/support.ts";

const PROVIDER = "prov_test";
const STAKE = 100_000_000_000;
const MAX_RUNTIME = 90 * SECOND;
const RIGHT = encodeEmbedResult({ shape: [1, 2], data: Float32Array.of(1, 0) });
const WRONG = encodeEmbedResult({ shape: [1, 2], data: Float32Array.of(0, 1) });
const traps = new Traps({
  version: 1,
  models: ["m"],
  manifest_sha256: "00".repeat(32),
  tolerance: { cosine: 0.999, max_abs: 0.005 },
  dimensions: 2,
  references: [{ text: "east", f32: Buffer.from(Float32Array.of(1, 0).buffer).toString("base64") }],
});

/** One provider, known to the market and to its own ledger alike. */
async function provider() {
  const { market, clock } = aicf({ traps });
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  market.registry.register({
    id: PROVIDER,
    name: "Test",
    capabilities: ["AI"],
    endpoint: null,
    region: null,
    address: "anim1test",
    publicKey: Buffer.alloc(1952, 1),
    secret: null,
  });
  ledger.rememberProvider("aicf", PROVIDER, clock());
  market.registry.stake(PROVIDER, STAKE);

  const standing = () =>
    standingOf(
      ProviderDetailSchema.parse(market.registry.detail(PROVIDER)),
      { toLocal: (at) => at },
      clock(),
    );
  let lastWord = standing();
  const failedModels: FailedModel[] = [];
  const excused = new Set<ServiceMeasure["name"]>();
  const quota = { full: 8 };
  const guard = new ServiceGuard({
    market: {
      id: "aicf",
      rules: AICF_SERVICE,
      standing: () => lastWord,
      heartbeatIntervalMs: () => HEARTBEAT_MS,
      fullQuota: () => quota.full,
      failedModels: () => failedModels,
      excused: () => excused,
    },
    ledger,
    now: clock,
    onChange: () => undefined,
  });

  const beat = () => {
    market.registry.heartbeat(PROVIDER, { qos: null, leasesActive: 0, leasesCapacity: 8 });
    ledger.service.recordHeartbeat("aicf", clock(), 8);
    lastWord = standing();
  };
  /** A second at a time; the guard looks as often, the market ticks as often. */
  const pass = (ms: number, beating = true) => {
    for (let at = 0; at < ms; at += SECOND) {
      if (beating && at % HEARTBEAT_MS === 0) beat();
      clock.advance(SECOND);
      market.queue.sweep();
      market.inspector.inspect();
      guard.look();
    }
  };
  const lease = async () => {
    market.queue.submit({
      model: "m",
      input: ["east"],
      params: {},
      requester: null,
      region: null,
      fee: 1000,
      tier: "standard",
      ttlMs: 30 * MINUTE,
      maxRuntimeMs: MAX_RUNTIME,
    });
    const wish = { providerId: PROVIDER, workerId: "w1", max: 1, waitMs: 0, models: null };
    const [granted] = await market.queue.acquire(wish, null, new AbortController().signal);
    if (granted === undefined) throw new Error("nothing was granted");
    const row = ledger.leases.insert(
      {
        market: "aicf",
        leaseId: granted.lease.id,
        jobId: granted.job.id,
        attempt: 1,
        model: "m",
        modelSha256: null,
        work: { kind: "embed", texts: ["east"] },
        fee: null,
        grantedAt: granted.lease.grantedAt,
        expiresAt: granted.lease.expiresAt,
        maxRuntimeMs: MAX_RUNTIME,
        payment: null,
      },
      clock(),
    );
    return { ...granted, row: row ?? 0 };
  };
  const complete = ({ lease, job, row }: Awaited<ReturnType<typeof lease_>>, output = RIGHT) => {
    market.receiver.complete({
      leaseId: lease.id,
      holder: { providerId: PROVIDER, workerId: "w1" },
      jobId: job.id,
      outputDigest: sha3_512(output),
      output,
      proofRefs: [],
      meta: {},
      receipt: "",
    });
    for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
      ledger.leases.apply(row, event, clock());
  };
  const lease_ = lease;
  return {
    quota,
    market,
    clock,
    ledger,
    guard,
    failedModels,
    excused,
    standing,
    beat,
    pass,
    lease,
    complete,
    detail: () => market.registry.detail(PROVIDER),
  };
}

type Parts = Awaited<ReturnType<typeof provider>>;

function measure({ guard }: Parts, name: ServiceMeasure["name"]): ServiceMeasure {
  const found = guard.look().measures.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no measure ${name}`);
  return found;
}

function expectEqualToTheMarkets(parts: Parts): void {
  const { sla, health } = parts.detail();
  const value = (name: ServiceMeasure["name"]) => measure(parts, name).value;
  expect({
    health: value("health"),
    availability: value("availability"),
    p95: value("latency-p95"),
    qos: value("qos"),
    traps: value("traps"),
  }).toEqual({
    health: expect.closeTo(health, 12),
    availability: expect.closeTo(sla.availability ?? -1, 12),
    p95: sla.latency_p95_ms,
    qos: sla.qos,
    traps: sla.traps,
  });
}

const kinds = ({ guard }: Parts) => guard.level.actions.map(({ kind, measure }) => `${kind} ${measure}`);

describe("the guard's numbers are the market's", () => {
  test("with one trap of fifty answered wrongly; the warning is there at once, the market does nothing yet", async () => {
    const parts = await provider();
    parts.pass(MINUTE);
    for (let n = 0; n < 50; n++) {
      const held = await parts.lease();
      parts.clock.advance(200);
      parts.complete(held, n === 20 ? WRONG : RIGHT);
      if (n === 20) {
        parts.beat();
        expect(measure(parts, "traps").state).toBe("warning");
        expect(parts.detail().slashes).toEqual([]);
      }
    }
    parts.beat();
    expectEqualToTheMarkets(parts);
    expect(measure(parts, "traps")).toMatchObject({
      value: 0.98,
      limit: 0.66,
      distance: expect.closeTo(0.32),
      breachCost: { currency: "ANM", minor: "10000000000" },
    });
  });

  test("with a late heartbeat; it warns before the market counts a miss or a gap", async () => {
    const parts = await provider();
    parts.pass(5 * MINUTE);
    parts.beat();
    const before = parts.detail();
    parts.pass(24 * SECOND, false);
    expect(kinds(parts)).toEqual(["warn health"]);
    expect(parts.detail()).toMatchObject({ health_state: "HEALTHY", sla: { availability: 1 } });
    expect(before.health - parts.detail().health).toBeLessThan(0.05); // Fading, no miss counted.

    parts.pass(22 * SECOND, false);
    expect(kinds(parts)).toEqual(["warn health", "warn availability"]);
    expect(parts.detail().sla.availability).toBe(1);
    parts.pass(30 * SECOND, false);
    expect(parts.detail().sla.availability).toBeLessThan(1);
    expectEqualToTheMarkets(parts);

    parts.pass(2 * MINUTE);
    expectEqualToTheMarkets(parts);
    expect(measure(parts, "health").state).toBe("good");
  });

  test("with a missed deadline; it warns and halves the concurrency while the job still runs", async () => {
    const parts = await provider();
    parts.pass(MINUTE);
    for (let n = 0; n < 9; n++) {
      const held = await parts.lease();
      parts.clock.advance(300 * (n + 1));
      parts.complete(held);
    }
    const late = await parts.lease();
    parts.pass(64 * SECOND);
    expect(parts.guard.quota).toBe(4);
    expect(kinds(parts)).toContain("lower-concurrency qos");
    expect(parts.detail().sla.qos).toBe(1);

    parts.pass(30 * SECOND);
    parts.complete(late);
    parts.beat();
    expectEqualToTheMarkets(parts);
    expect(measure(parts, "qos")).toMatchObject({ value: 0.9, limit: 0.95, state: "breached" });
    // One slow job among few is shown, and not yet taken for a slow provider.
    expect(measure(parts, "latency-p95")).toMatchObject({ state: "unknown", value: expect.any(Number) });
  });
});

describe("the guard acts before the market", () => {
  test("takes nothing more while answers are found wrong, and before the penalty that would jail", async () => {
    const parts = await provider();
    parts.pass(MINUTE);
    for (let n = 0; n < 4; n++) parts.complete(await parts.lease(), n < 2 ? WRONG : RIGHT);
    parts.beat();
    parts.guard.look();
    expect(parts.guard.quota).toBe(0);
    expect(parts.guard.level.actions.map(({ text }) => text).join(" ")).toContain(
      "this machine's answers are found wrong",
    );
    expect(parts.detail().slashes).toEqual([]);

    const punished = await provider();
    punished.pass(MINUTE);
    const { inspector, registry } = punished.market;
    for (let n = 0; n < 2; n++) inspector.slash(registry.get(PROVIDER), "availability", null);
    punished.beat();
    punished.guard.look();
    expect(punished.guard.quota).toBe(0);
    expect(measure(punished, "jail")).toMatchObject({ value: 2, limit: 3, distance: 1, state: "warning" });
    expect(punished.detail().jailed_until_ms).toBeNull();
  });

  test("takes a provider for slow only when there are jobs enough to tell", async () => {
    const parts = await provider();
    parts.pass(MINUTE);
    for (let n = 1; n <= 20; n++) {
      const held = await parts.lease();
      parts.pass(4 * SECOND);
      parts.complete(held);
      parts.guard.look();
      if (n < 20) expect([n, measure(parts, "latency-p95").state]).toEqual([n, "unknown"]);
    }
    expect(measure(parts, "latency-p95").state).toBe("breached");
    expect(parts.guard.quota).toBe(4);
  });

  test("has nothing to say about the seconds before its first heartbeat", async () => {
    const parts = await provider();
    parts.pass(3 * SECOND, false);
    parts.beat();
    parts.pass(20 * SECOND);
    expect(parts.guard.level.log).toEqual([]);
  });

  test("says which model is left out on which device, until its self-test passes", async () => {
    const { guard, failedModels, ledger, clock } = await provider();
    const failure = (id: string, name: string) => ({
      model: "m",
      device: { id, name },
      text: "its reference text came out 12 % off",
      since: 1,
    });
    failedModels.push(failure("GPU-1", "First card"), failure("GPU-2", "Second card"));
    guard.look();
    expect(guard.level.actions.map(({ text }) => text)).toEqual([
      "m is not run on First card: its reference text came out 12 % off",
      "m is not run on Second card: its reference text came out 12 % off",
    ]);
    failedModels.shift();
    clock.advance(SECOND);
    guard.look();
    expect(guard.level.actions).toMatchObject([{ kind: "pause-model", model: "m", device: "GPU-2" }]);
    expect(guard.level.log.map(({ change, device }) => [change, device])).toEqual([
      ["ended", "GPU-1"],
      ["began", "GPU-1"],
      ["began", "GPU-2"],
    ]);
    // The log is the ledger's: the next start knows it.
    const next = new ServiceGuard({
      market: {
        id: "aicf",
        rules: AICF_SERVICE,
        standing: () => null,
        heartbeatIntervalMs: () => null,
        fullQuota: () => 8,
      },
      ledger,
      now: () => 2,
      onChange: () => undefined,
    });
    expect(next.level.log.slice(-3)).toEqual(guard.level.log.slice(-3));
  });

  test("half of nothing stays nothing: a lowered concurrency takes no work where no device can", async () => {
    const parts = await provider();
    parts.pass(MINUTE);
    for (let n = 0; n < 20; n++) {
      const held = await parts.lease();
      parts.pass(4 * SECOND);
      parts.complete(held);
    }
    parts.guard.look();
    expect(kinds(parts).some((kind) => kind.startsWith("lower-concurrency"))).toBe(true);
    const quotaOf = (full: number) => {
      parts.quota.full = full;
      return parts.guard.quota;
    };
    expect([quotaOf(8), quotaOf(1), quotaOf(0)]).toEqual([4, 1, 0]);
  });

  test("what is excused is shown as it is, and neither warned of nor acted upon", async () => {
    const parts = await provider();
    parts.pass(MINUTE);
    for (let n = 0; n < 20; n++) {
      const held = await parts.lease();
      parts.pass(4 * SECOND);
      parts.complete(held);
    }
    parts.guard.look();
    expect(measure(parts, "latency-p95").state).toBe("breached");
    expect([parts.guard.warnings, parts.guard.quota]).toEqual([1, 4]);
    parts.excused.add("latency-p95");
    parts.guard.look();
    expect(measure(parts, "latency-p95")).toMatchObject({ state: "breached", excused: true });
    expect(parts.guard.warnings).toBe(0);
    parts.pass(6 * MINUTE);
    expect([parts.guard.level.actions, parts.guard.quota]).toEqual([[], 8]);
  });

  test("one gap is one warning, from its beginning until it has left the window", async () => {
    const parts = await provider();
    parts.pass(20 * MINUTE);
    expect(parts.guard.level.log).toEqual([]);
    // Stopped for 47 s, 15 s after the last heartbeat: 2 s more than it vouches for.
    parts.pass(47 * SECOND, false);
    const said = () =>
      parts.guard.level.log
        .filter(({ measure }) => measure === "availability")
        .map(({ change, kind }) => `${change} ${kind}`);
    const warned = () => parts.guard.warnings;
    for (let second = 0; second < 14 * MINUTE; second += SECOND) {
      parts.pass(SECOND, second % HEARTBEAT_MS === 0);
      if (second > 2 * MINUTE) expect([second, warned()]).toEqual([second, 1]);
      else expect(warned()).toBeGreaterThan(0);
    }
    expect(said()).toEqual(["began warn"]);
    parts.pass(4 * MINUTE);
    expect(said()).toEqual(["ended warn", "began warn"]);
    expect(warned()).toBe(0);
  });

  test("what comes and goes with each heartbeat is one warning, and goes on over a restart", async () => {
    const parts = await provider();
    parts.pass(5 * MINUTE);
    // Every heartbeat a little late: 24 s instead of 15.
    for (let beat = 0; beat < 10; beat++) {
      parts.pass(SECOND);
      parts.pass(24 * SECOND, false);
    }
    const changes = (guard: ServiceGuard) =>
      guard.level.log.map(({ change, measure }) => `${change} ${measure}`);
    expect(changes(parts.guard)).toEqual(["began health"]);
    const { ledger, clock, standing } = parts;
    const next = new ServiceGuard({
      market: {
        id: "aicf",
        rules: AICF_SERVICE,
        standing,
        heartbeatIntervalMs: () => HEARTBEAT_MS,
        fullQuota: () => 8,
      },
      ledger,
      now: clock,
      onChange: () => undefined,
    });
    parts.beat();
    next.look();
    expect(changes(next)).toEqual(["began health"]);
    expect(next.warnings).toBe(1);
    parts.pass(2 * MINUTE);
    next.look();
    expect(changes(next)).toEqual(["ended health", "began health"]);
  });

  test("a remedy stays for a while after its cause is gone, so that it does not flicker", async () => {
    const parts = await provider();
    parts.pass(MINUTE);
    const held = await parts.lease();
    parts.pass(70 * SECOND);
    expect(parts.guard.quota).toBe(4);
    parts.complete(held);
    parts.pass(4 * MINUTE);
    expect(parts.guard.quota).toBe(4);
    for (let n = 0; n < 40; n++) parts.complete(await parts.lease());
    parts.pass(6 * MINUTE);
    expect(parts.guard.quota).toBe(8);
  });

  test("and no longer when the clock is set back by hours meanwhile", async () => {
    const parts = await provider();
    parts.pass(MINUTE);
    const held = await parts.lease();
    parts.pass(70 * SECOND);
    expect(parts.guard.quota).toBe(4);
    parts.complete(held);
    parts.clock.advance(-5 * HOUR);
    for (let look = 0; look < 72; look++) {
      parts.guard.look();
      parts.clock.advance(5 * SECOND);
    }
    expect(parts.guard.quota).toBe(8);
  });
});
