/** Service windows, traps, penalties and jail, on a clock the test moves. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Refusal } from "../../../../src/devnet/aicf/errors.ts";
import type { GrantedLease } from "../../../../src/devnet/aicf/queue.ts";
import { Traps } from "../../../../src/devnet/aicf/traps.ts";
import { encodeEmbedResult } from "../../../../src/shared/canonical.ts";
import { sha3_512 } from "../../../../src/shared/digest.ts";
import { MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { aicf, BLOCK_MS } from "../support.ts";

const PROVIDER = "prov_test";
const STAKE = 100_000_000_000;
const WINDOW = 15 * MINUTE;
const INTERVAL = 15 * SECOND;
const holder = { providerId: PROVIDER, workerId: "w1" };

const traps = new Traps({
  version: 1,
  models: ["m"],
  manifest_sha256: "00".repeat(32),
  tolerance: { cosine: 0.999, max_abs: 0.005 },
  dimensions: 2,
  references: [
    { text: "east", f32: base64(1, 0) },
    { text: "north", f32: base64(0, 1) },
  ],
});

function base64(...values: number[]): string {
  return Buffer.from(new Float32Array(values).buffer).toString("base64");
}

const answer = (...values: number[]) =>
  encodeEmbedResult({ shape: [values.length / 2, 2], data: Float32Array.from(values) });

/** A staked provider that beats while time passes. */
function onDuty() {
  const parts = aicf({ traps });
  const { market, clock } = parts;
  market.registry.register({
    id: PROVIDER,
    name: "Test",
    capabilities: ["AI"],
    endpoint: null,
    region: "eu",
    address: "anim1test",
    publicKey: Buffer.alloc(1952, 1),
    secret: null,
  });
  market.registry.stake(PROVIDER, STAKE);
  const beat = (capacity = 8) =>
    market.registry.heartbeat(PROVIDER, { qos: null, leasesActive: null, leasesCapacity: capacity });
  /** Lets time pass with a heartbeat each interval, except while `silent` is true; judges what ends. */
  const pass = (ms: number, silent: (at: number) => boolean = () => false) => {
    for (let at = 0; at < ms; at += INTERVAL) {
      if (!silent(at)) beat();
      clock.advance(INTERVAL);
      market.queue.sweep();
      market.inspector.inspect();
    }
  };
  const job = async (input: string[]): Promise<GrantedLease> => {
    market.queue.submit({
      model: "m",
      input,
      params: {},
      requester: null,
      region: null,
      fee: 1000,
      tier: "standard",
      ttlMs: 30 * MINUTE,
      maxRuntimeMs: 90 * SECOND,
    });
    const wish = { providerId: PROVIDER, workerId: "w1", max: 1, waitMs: 0, models: null };
    const [granted] = await market.queue.acquire(wish, null, new AbortController().signal);
    if (!granted) throw new Error("nothing was granted");
    return granted;
  };
  const complete = ({ lease, job }: GrantedLease, output: Uint8Array) =>
    market.receiver.complete({
      leaseId: lease.id,
      holder,
      jobId: job.id,
      outputDigest: sha3_512(output),
      output,
      proofRefs: [],
      meta: {},
      receipt: "",
    });
  const trap = async (right: boolean) => complete(await job(["east"]), right ? answer(1, 0) : answer(0, 1));
  const detail = () => market.registry.detail(PROVIDER);
  return { ...parts, beat, pass, job, complete, trap, detail };
}

describe("a trap's answer", () => {
  it.each([
    ["the reference itself", answer(1, 0), true],
    ["another machine's rounding", answer(0.9999, 0.004), true],
    ["a value too far off", answer(1, 0.006), false],
    ["the right direction, not normalised", answer(2, 0), false],
    ["another direction", answer(0, 1), false],
    ["not a number", answer(Number.NaN, 0), false],
    ["too many rows", answer(1, 0, 1, 0), false],
    ["no result at all", Buffer.from("result"), false],
  ])("%s", (_, output, ok) => {
    expect(traps.judge(["east"], output).ok).toBe(ok);
  });

  it("is judged by its worst row", () => {
    expect(traps.judge(["east", "north"], answer(1, 0, 0, 1)).ok).toBe(true);
    expect(traps.judge(["east", "north"], answer(1, 0, 1, 0)).ok).toBe(false);
  });

  it("is known only for the model and the texts of the references", () => {
    expect(traps.knows("m", ["east", "north"])).toBe(true);
    expect(traps.knows("other", ["east"])).toBe(false);
    expect(traps.knows("m", ["east", "west"])).toBe(false);
    expect(traps.knows("m", [])).toBe(false);
  });

  it("comes with references of the shipped model", () => {
    const file = fileURLToPath(new URL("../../../../resources/demo/traps.json", import.meta.url));
    const shipped = Traps.read(file);
    expect(shipped.texts.length).toBeGreaterThan(40);
    expect(shipped.models).toContain("text-embed-001");
  });
});

describe("a window of service", () => {
  it("with one trap of fifty answered wrongly is measured at 98 % and not punished", async () => {
    const { trap, pass, detail, log } = onDuty();
    pass(MINUTE);
    for (let n = 0; n < 50; n++) await trap(n !== 20);
    pass(2 * MINUTE);
    expect(detail().sla).toMatchObject({
      traps: 0.98,
      qos: 1,
      availability: 1,
      window: { jobs: 50, traps: 50 },
    });
    pass(WINDOW);
    expect(detail()).toMatchObject({ slashes: [], stake: { total: STAKE }, eligible: true });
    expect(log().filter((line) => line.event === "trap-judged" && !line.ok)).toHaveLength(1);
  });

  it("with too many wrong answers costs a tenth of the stake, and names a job", async () => {
    const { trap, pass, detail, market } = onDuty();
    const told: string[] = [];
    market.events.publish = (topic) => void told.push(topic);
    pass(MINUTE);
    for (let n = 0; n < 10; n++) await trap(n < 6);
    pass(WINDOW);
    const { slashes, stake, eligible, ineligible_reasons } = detail();
    expect(slashes).toEqual([
      {
        reason: "traps",
        amount: STAKE / 10,
        height: expect.any(Number),
        at_ms: expect.any(Number),
        job_id: expect.stringMatching(/^0x/),
      },
    ]);
    expect(stake).toMatchObject({ total: 90_000_000_000, effective: 90_000_000_000 });
    expect({ eligible, ineligible_reasons }).toEqual({
      eligible: false,
      ineligible_reasons: ["insufficient_stake"],
    });
    expect(told).toContain("aicf.providerSlashed");
  });

  it("with a heartbeat a little late costs nothing, with two minutes of silence 2.5 %", () => {
    const late = onDuty();
    late.pass(WINDOW + MINUTE, (at) => at >= 5 * MINUTE && at < 5 * MINUTE + 45 * SECOND);
    expect(late.detail()).toMatchObject({ slashes: [], sla: { availability: 1 } });

    const silent = onDuty();
    silent.pass(WINDOW + MINUTE, (at) => at >= 5 * MINUTE && at < 7 * MINUTE);
    expect(silent.detail().slashes).toMatchObject([{ reason: "availability", amount: 2_500_000_000 }]);
  });

  it("that a provider spent away or paused is not held against it", () => {
    const away = onDuty();
    away.pass(MINUTE);
    away.clock.advance(-MINUTE + WINDOW);
    away.market.inspector.inspect(); // It left within the window it had begun: that one counts.
    expect(away.detail().slashes).toHaveLength(1);
    away.clock.advance(5 * WINDOW);
    for (let n = 0; n < 9; n++) away.market.inspector.inspect();
    expect(away.detail().slashes).toHaveLength(1);

    const paused = onDuty();
    paused.pass(MINUTE);
    paused.beat(0);
    paused.clock.advance(2 * WINDOW);
    paused.market.inspector.inspect();
    expect(paused.detail().slashes).toEqual([]);
  });

  it("with leases left to expire costs 5 %: quality is the share that was done in time", async () => {
    const { job, complete, pass, detail } = onDuty();
    pass(MINUTE);
    for (let n = 0; n < 9; n++) complete(await job(["east"]), answer(1, 0));
    await job(["east"]);
    pass(3 * MINUTE);
    expect(detail().sla.qos).toBe(0.9);
    pass(WINDOW);
    expect(detail().slashes).toMatchObject([{ reason: "qos", amount: 5_000_000_000 }]);
  });
});

describe("the third penalty within an hour", () => {
  it("jails: no work, no result is taken, until the blocks have passed", async () => {
    const { market, job, complete, detail, clock, pass, beat } = onDuty();
    pass(MINUTE);
    const held = await job(["east"]);
    for (let n = 0; n < 3; n++) market.inspector.slash(market.registry.get(PROVIDER), "misbehaviour", null);
    expect(detail()).toMatchObject({
      status: "jailed",
      ineligible_reasons: ["insufficient_stake", "jailed"],
    });
    market.registry.stake(PROVIDER, STAKE);

    const refusal = {
      status: 403,
      code: "AICF_SLASHED",
      details: { jailed_until_ms: detail().jailed_until_ms },
    };
    await expect(job(["north"])).rejects.toMatchObject(refusal);
    expect(() => complete(held, answer(1, 0))).toThrow(Refusal);

    clock.advance(14_400 * BLOCK_MS);
    market.queue.sweep();
    beat();
    expect(detail()).toMatchObject({ status: "active", jailed_until_ms: null, eligible: true });
    expect((await job(["east"])).job.input).toHaveLength(1);
  });
});
