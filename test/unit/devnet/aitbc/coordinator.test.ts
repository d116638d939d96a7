import { describe, expect, it } from "vitest";
import { embeddingsPayload } from "../../../../src/devnet/aitbc/result-digest.ts";
import type { PyObject } from "../../../../src/devnet/python-json.ts";
import { encodeEmbedResult } from "../../../../src/shared/canonical.ts";
import { sha3_512 } from "../../../../src/shared/digest.ts";
import { HOUR, SECOND } from "../../../../src/shared/durations.ts";
import { aitbc } from "../support.ts";

const PAYEE = "ait1payee";

function market() {
  const parts = aitbc();
  const { coordinator } = parts;
  coordinator.register("m1", { capabilities: { models: ["text-embed-001"] }, concurrency: 1, region: "eu" });
  const offer = (over: Partial<Parameters<typeof coordinator.submitJob>[0]> = {}) =>
    coordinator.submitJob({
      client: "c",
      payload: embeddingsPayload("text-embed-001", ["a", "b"]),
      constraints: { models: ["text-embed-001"] },
      ttlSeconds: 900,
      amountE8: 30_000_000,
      buyer: "buyer",
      provider: PAYEE,
      ...over,
    });
  const polled = () => {
    const answer = coordinator.poll("m1");
    return answer.kind === "job" ? answer.job.id : answer.kind;
  };
  return { ...parts, offer, polled };
}

function embedding(values: number[], shape: number[], claimed?: string): PyObject {
  const data = Float32Array.from(values);
  const digest = sha3_512(encodeEmbedResult({ shape, data }));
  const data_base64 = Buffer.from(data.buffer).toString("base64");
  return {
    status: "completed",
    output: { dtype: "f32", shape, data_base64 },
    output_sha3_512: claimed ?? digest,
  };
}

describe("the coordinator", () => {
  it("hands out the oldest matching job, once", () => {
    const { coordinator, offer, polled } = market();
    const foreign = offer({ constraints: { models: ["other"] } });
    const [first, second] = [offer(), offer()];
    coordinator.register("m1", {
      capabilities: { models: ["text-embed-001"] },
      concurrency: 5,
      region: null,
    });
    expect([polled(), polled(), polled()]).toEqual([first.id, second.id, "nothing"]);
    expect(coordinator.readJob(foreign.id)?.state).toBe("QUEUED");
    expect(coordinator.readJob(first.id)).toMatchObject({ state: "RUNNING", assignedMiner: "m1" });
    expect(coordinator.poll("nobody").kind).toBe("unregistered");
  });

  it("pays the named wallet net of 2.5 % the moment a result is accepted", () => {
    const { coordinator, chain, offer, polled, log } = market();
    const { id } = offer();
    expect(chain.escrow(id)).toMatchObject({ state: "funded", provider: PAYEE, amount: "0.30000000" });
    polled();
    coordinator.submitResult({
      jobId: id,
      miner: "m1",
      result: embedding([1, 2, 3, 4], [2, 2]),
      metrics: {},
    });
    expect(chain.escrow(id)).toMatchObject({ state: "released", released_amount: "0.29250000" });
    expect(chain.balance(PAYEE)).toBe(1053);
    const [release] = chain.transactions({ address: PAYEE, type: "ESCROW_RELEASE", limit: 10 });
    expect(release).toMatchObject({
      recipient: PAYEE,
      value: 1053,
      payload: { job_id: id, amount: "0.30000000" },
    });
    expect(log().at(-1)).toMatchObject({
      event: "escrow-released",
      gross: "0.30000000",
      netComputeSeconds: 1053,
    });
  });

  it("accepts a second result with a new receipt, pays once, and says in the log that it was a duplicate", () => {
    const { coordinator, chain, offer, polled, log } = market();
    const { id } = offer();
    polled();
    const submit = (value: number) =>
      coordinator.submitResult({ jobId: id, miner: "m1", result: embedding([value], [1, 1]), metrics: {} });
    const [one, two] = [submit(1), submit(2)];
    expect(one?.receipt_id).not.toBe(two?.receipt_id);
    expect(chain.balance(PAYEE)).toBe(1053);
    const results = log().filter((line) => line.event === "result");
    expect(results.map(({ duplicate, verdict }) => ({ duplicate, verdict }))).toEqual([
      { duplicate: false, verdict: "accepted" },
      { duplicate: true, verdict: "accepted" },
    ]);
    expect(new Set(results.map((line) => line.sha3_512)).size).toBe(2);
  });

  it("believes a wrong digest but writes the mismatch down", () => {
    const { coordinator, offer, polled, log } = market();
    const { id } = offer();
    polled();
    const result = embedding([1, 2], [1, 2], "ab".repeat(64));
    coordinator.submitResult({ jobId: id, miner: "m1", result, metrics: {} });
    const line = log().find((entry) => entry.event === "result");
    const real = sha3_512(encodeEmbedResult({ shape: [1, 2], data: Float32Array.from([1, 2]) }));
    expect(line).toMatchObject({
      mismatch: true,
      claimed: "ab".repeat(64),
      sha3_512: real,
      verdict: "accepted",
    });
    expect(coordinator.readJob(id)?.state).toBe("COMPLETED");
  });

  it("takes inflight from whatever a heartbeat says, and a failure does not free the slot", () => {
    const { coordinator, offer, polled } = market();
    const jobs = [offer(), offer(), offer()];
    expect(polled()).toBe(jobs[0]?.id);
    expect(polled()).toBe("nothing");
    coordinator.fail(jobs[0]?.id ?? "", "m1", { code: "OOM", message: "CUDA out of memory" });
    expect(polled()).toBe("nothing");
    coordinator.heartbeat("m1", { inflight: 0, status: "ONLINE", metadata: {} });
    expect(polled()).toBe(jobs[1]?.id);
    coordinator.heartbeat("m1", { inflight: 0, status: "ONLINE", metadata: {} });
    expect(polled()).toBe(jobs[2]?.id);
  });

  it("leaves a failed job failed and its payment in escrow", () => {
    const { coordinator, chain, offer, polled } = market();
    const { id } = offer();
    polled();
    expect(coordinator.fail(id, "m1", { code: "OOM", message: "CUDA out of memory" })).toBe(true);
    expect(coordinator.readJob(id)).toMatchObject({
      state: "FAILED",
      error: "CUDA out of memory",
      paymentStatus: "escrowed",
    });
    expect(chain.escrow(id)).toMatchObject({ state: "funded" });
    expect(coordinator.fail("nojob", "m1", { code: "X", message: "y" })).toBe(false);
  });

  it("expires a queued job for the poller and a running one only for who reads it", () => {
    const { coordinator, clock, offer, polled } = market();
    const running = offer();
    polled();
    const queued = offer();
    clock.advance(901 * SECOND);
    coordinator.heartbeat("m1", { inflight: 0, status: "ONLINE", metadata: {} });
    expect(polled()).toBe("nothing");
    expect(coordinator.readJob(queued.id)?.state).toBe("EXPIRED");
    expect(coordinator.jobsOf("m1")).toMatchObject([{ id: running.id, state: "EXPIRED" }]);
    // And takes the late result all the same.
    expect(
      coordinator.submitResult({ jobId: running.id, miner: "m1", result: {}, metrics: {} }),
    ).not.toBeNull();
    expect(coordinator.readJob(running.id)?.state).toBe("COMPLETED");
  });

  it("marks a deregistered miner, and gives it jobs nevertheless", () => {
    const { coordinator, offer, polled } = market();
    const { id } = offer();
    expect(coordinator.deregister("m1")).toBe(true);
    expect(coordinator.deregister("ghost")).toBe(false);
    expect(polled()).toBe(id);
  });

  it("turns a job that is not running into a failed one on the legacy completion", () => {
    const { coordinator, chain, offer, polled } = market();
    const [running, queued] = [offer(), offer()];
    polled();
    expect(coordinator.completeLegacy(running.id, "m1", { text: "ok" })).toMatchObject({
      job: { state: "COMPLETED" },
    });
    expect(chain.escrow(running.id)).toMatchObject({ state: "funded" });
    expect(coordinator.completeLegacy(queued.id, "m1", {})).toEqual({
      refusal: `Job ${queued.id} is not in running state`,
    });
    expect(coordinator.readJob(queued.id)?.state).toBe("FAILED");
  });

  it("drops the bodies of old jobs but keeps the books", () => {
    const { coordinator, clock, offer, polled } = market();
    const { id } = offer();
    polled();
    coordinator.submitResult({ jobId: id, miner: "m1", result: embedding([1], [1, 1]), metrics: {} });
    clock.advance(2 * HOUR);
    coordinator.tidy();
    expect(coordinator.readJob(id)).toMatchObject({
      state: "COMPLETED",
      result: null,
      receipt: null,
      payload: {},
    });
    expect(coordinator.completedOf("m1")).toEqual([{ id, amountE8: 30_000_000, paymentStatus: "released" }]);
  });
});
