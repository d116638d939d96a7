import { describe, expect, it } from "vitest";
import type { HeldLease } from "../../../../src/engine/ledger/leases.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { leaveToOther } from "../../../../src/engine/ledger/other-machine.ts";
import type { Lease } from "../../../../src/engine/market/port.ts";
import { judgeLease } from "../../../../src/engine/work/admission.ts";
import { type BoardDeps, WorkBoard } from "../../../../src/engine/work/board.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { money } from "../../../../src/shared/money.ts";
import { batchTaker } from "../../../support/batch-taker.ts";
import { aLease, fee } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const KNOWN_MODEL = "text-embed-001";
const CRASH = new AppError({
  code: "RUNTIME_CRASHED",
  message: "The runtime died",
  actor: "machine",
  retryable: true,
});

async function aBoard(
  folder = tempFolder(),
  now = () => 10_000,
  netValue: BoardDeps["netValue"] = () => null,
) {
  const ledger = await Ledger.open(folder);
  const taskOf = (name: string): "embed" => {
    if (name === KNOWN_MODEL) return "embed";
    throw new AppError({ code: "MODEL_UNKNOWN", message: `No model ${name}`, actor: "user" });
  };
  const board = new WorkBoard({
    ledger,
    admit: (lease) => judgeLease(lease, { taskOf, memoryShortage: () => null, allowUnpaid: false, now }),
    netValue,
    now,
  });
  return { board, ledger, folder };
}

const take = (board: WorkBoard, max = 8) => board.takeBatch(batchTaker(max));
const computed = (lease: HeldLease, fill = "a") => ({
  lease,
  output: new Uint8Array([1, 2, 3]),
  result: {
    sha3_512: fill.repeat(128),
    sha3_256: fill.repeat(64),
    inputSha3_256: "0".repeat(64),
    shape: [1, 384],
    computeMs: 12.5,
    receipt: new Uint8Array([9]),
  },
});
const stateOf = (ledger: Ledger, lease: Lease) => ledger.leases.find(lease.leaseId)?.job.state;

describe("the market's receipt", () => {
  it("is noted with what its signature is worth; one that does not hold is an audit row of that job", async () => {
    const { board, ledger } = await aBoard();
    const lease = aLease();
    board.grant([lease]);
    const [running] = take(board);
    board.completeBatch([computed(running as HeldLease)]);
    const row = (running as HeldLease).row;
    board.markSubmitting(row);
    const detail = "The receipt is signed with another key than the coordinator's known one";
    board.settleSubmission(row, {
      kind: "accepted",
      marketReceipt: "{}",
      receiptCheck: { ok: false, detail },
    });
    expect(ledger.leases.timeline(row).at(-1)).toMatchObject({ state: "accepted", note: detail });
    expect(ledger.activity.list({}, { limit: 10 }).events).toContainEqual(
      expect.objectContaining({
        type: "receipt-unverified",
        leaseId: lease.leaseId,
        level: "problem",
        text: detail,
      }),
    );
  });
});

describe("the board", () => {
  it("carries a job from lease to money, each step in the ledger", async () => {
    const { board, ledger } = await aBoard();
    const lease = aLease();
    expect(board.grant([lease])).toBe(1);
    expect(board.grant([lease]), "the same lease again").toBe(0);

    const [running] = take(board);
    expect(running).toMatchObject({ leaseId: lease.leaseId, state: "running", runs: 1, device: "cpu" });
    board.completeBatch([computed(running as HeldLease)]);
    expect(stateOf(ledger, lease)).toBe("computed");
    expect(ledger.outbox.due("aicf", 10_000, 9)).toMatchObject([{ kind: "result", firstSentAt: null }]);

    const row = (running as HeldLease).row;
    board.markSubmitting(row);
    board.settleSubmission(row, { kind: "accepted", marketReceipt: "ok" });
    expect(board.count()).toBe(0);
    expect(ledger.outbox.size()).toBe(0);

    const { jobs: unsettled } = ledger.leases.unsettled("aicf", 10);
    expect(unsettled).toMatchObject([{ jobId: lease.jobId }]);
    const credit = {
      jobId: lease.jobId,
      net: fee(800_000n),
      gross: fee(1_000_000n),
      settledAt: 11_000,
      reference: "epoch 1",
    };
    expect(board.settle(unsettled, [credit, { ...credit, jobId: "somebody else's" }])).toBe(1);
    expect(ledger.leases.find(lease.leaseId)?.job).toMatchObject({
      state: "settled",
      digest: "a".repeat(128),
      earned: { currency: "ANM", minor: "800000" },
    });
    expect(ledger.earnings.allTime("aicf", "ANM").net).toEqual(money("ANM", 800_000n));
    expect(ledger.leases.timeline(row).map((step) => step.state)).toEqual([
      "leased",
      "admitted",
      "running",
      "computed",
      "submitting",
      "accepted",
      "settled",
    ]);
    ledger.close();
  });

  it("gives back what it can't serve, with the reason, and never runs it", async () => {
    const { board, ledger } = await aBoard();
    const unknown = aLease({ model: "llama3.2:3b" });
    const unpaid = aLease({ payment: "unfunded" });
    const strange = aLease({
      work: { kind: "unsupported", reason: "Jobs of type reencode are not run here" },
    });
    const late = aLease({ expiresAt: 10_500 });
    board.grant([unknown, unpaid, strange, late]);
    expect(take(board)).toEqual([]);
    expect(ledger.leases.find(unknown.leaseId)?.job).toMatchObject({
      state: "returned",
      error: { code: "MODEL_UNKNOWN" },
    });
    expect(ledger.leases.find(unpaid.leaseId)?.job).toMatchObject({
      state: "returned",
      error: { code: "JOB_UNPAID" },
    });
    expect(ledger.leases.find(strange.leaseId)?.job).toMatchObject({
      state: "returned",
      error: { code: "WORK_UNSUPPORTED" },
    });
    expect(stateOf(ledger, late)).toBe("expired");
    expect(ledger.outbox.due("aicf", 10_000, 9).map((item) => item.kind)).toEqual([
      "return",
      "return",
      "return",
    ]);
    expect(board.count()).toBe(0);
    ledger.close();
  });

  it("takes work only for models that can do it, and arithmetic without any; what is too much is given back by its rule", async () => {
    const { board, ledger } = await aBoard();
    const one = { shape: [1], data: Float32Array.of(1) };
    const generate = {
      kind: "generate",
      prompt: "hi",
      maxTokens: 9,
      temperature: 0,
      seed: 0,
      stop: [],
    } as const;
    const vector = aLease({ model: "", work: { kind: "vector", op: "dot", a: one, b: one } });
    const rerank = aLease({ work: { kind: "rerank", query: "q", documents: ["a", "b"] } });
    const mismatch = aLease({ work: generate });
    const big = aLease({ work: { kind: "embed", texts: ["x".repeat(100_000)] } });
    const declined = aLease({ work: { kind: "unsupported", reason: "NaN", code: "INPUT_NOT_FINITE" } });
    board.grant([vector, rerank, mismatch, big, declined]);

    expect([vector, rerank].map((lease) => stateOf(ledger, lease))).toEqual(["admitted", "admitted"]);
    const refused = [mismatch, big, declined].map((lease) => ledger.leases.find(lease.leaseId)?.job);
    expect(refused).toMatchObject([
      { state: "returned", kind: "generate", units: 9, error: { code: "WORK_MISMATCH" } },
      { state: "returned", kind: "embed", error: { code: "INPUT_TOO_LARGE" } },
      { state: "returned", units: null, error: { code: "INPUT_NOT_FINITE" } },
    ]);
    // From the ledger as after a restart, the work is what it was.
    expect(ledger.leases.held().map(({ work }) => work)).toEqual([vector.work, rerank.work]);
  });

  it("batches only jobs of one model, oldest first", async () => {
    const { board, ledger } = await aBoard();
    board.grant([aLease({ leaseId: "1" }), aLease({ leaseId: "2" }), aLease({ leaseId: "3" })]);
    const byName = board.takeBatch(
      batchTaker(8, { modelOf: (lease) => (lease.leaseId === "2" ? "other" : "same") }),
    );
    expect(byName.map((lease) => lease.leaseId)).toEqual(["1", "3"]);
    expect(take(board, 1).map((lease) => lease.leaseId)).toEqual(["2"]);
    ledger.close();
  });

  it("serves the market that got less of the device first", async () => {
    const { board, ledger } = await aBoard();
    board.grant([
      aLease({ leaseId: "1" }),
      aLease({ leaseId: "2" }),
      aLease({ leaseId: "3", market: "aitbc" }),
    ]);
    const first = take(board, 1);
    expect(first.map((lease) => lease.leaseId)).toEqual(["1"]);
    board.noteServed(first, 250);
    expect(take(board, 1).map((lease) => lease.leaseId)).toEqual(["3"]);
    expect(board.readyCount()).toBe(1);
    ledger.close();
  });

  it("after a crash what was ready has been waiting since the new start", async () => {
    const folder = tempFolder();
    const first = await aBoard(folder);
    first.board.grant([aLease(), aLease()]);
    first.ledger.close();

    const second = await aBoard(folder);
    second.board.recover();
    await expect.poll(() => second.board.nextBatch(batchTaker(8))?.waitedMs).toBeGreaterThan(20);
    expect(second.board.nextBatch(batchTaker(8))?.jobs).toBe(2);
    second.ledger.close();
  });

  it("after a crash runs again what ran, sends again what was computed, and sends the same digest", async () => {
    const folder = tempFolder();
    const first = await aBoard(folder);
    const [ran, done, sent] = [aLease(), aLease(), aLease()];
    first.board.grant([sent, done, ran]);
    const [a, b] = take(first.board, 2);
    first.board.completeBatch([computed(a as HeldLease, "a"), computed(b as HeldLease, "b")]);
    first.board.markSubmitting((a as HeldLease).row);
    take(first.board);
    first.ledger.close(); // kill -9: nothing more is written

    const second = await aBoard(folder);
    expect(second.board.recover()).toEqual({ requeued: 1, expired: 0, toSubmit: 2 });
    expect(take(second.board).map((lease) => lease.leaseId)).toEqual([ran.leaseId]);
    const outbox = second.ledger.outbox.due("aicf", 10_000, 9);
    expect(outbox).toMatchObject([{ firstSentAt: 10_000 }, { firstSentAt: null }]);
    expect(second.ledger.results.get(outbox[0]?.row ?? 0)?.sha3_512).toBe("a".repeat(128));
    expect(second.ledger.results.output(outbox[0]?.row ?? 0)).toEqual(new Uint8Array([1, 2, 3]));
    second.ledger.close();
  });

  it("in a copy of another machine's ledger lets that one's jobs go, and has nothing to say of them", async () => {
    const folder = tempFolder();
    const first = await aBoard(folder);
    const leases = [aLease(), aLease(), aLease(), aLease()];
    first.board.grant(leases);
    const [a, b] = take(first.board, 3);
    first.board.completeBatch([computed(a as HeldLease, "a"), computed(b as HeldLease, "b")]);
    first.board.markSubmitting((a as HeldLease).row);
    first.ledger.close();

    const copy = await aBoard(folder);
    leaveToOther(copy.ledger, "worker-b", 20_000);
    expect(copy.board.recover()).toEqual({ requeued: 0, expired: 0, toSubmit: 0 });
    expect(leases.map((lease) => stateOf(copy.ledger, lease))).toEqual(["lost", "lost", "lost", "lost"]);
    expect(copy.ledger.leases.find(leases[0]?.leaseId ?? "")?.job.error?.code).toBe("HELD_ELSEWHERE");
    expect(copy.ledger.outbox.size()).toBe(0);
    expect([copy.board.count(), copy.board.giveBack("The end", { running: true })]).toEqual([0, 0]);
    copy.ledger.close();
  });

  it("closes leases that ran out while the engine was away", async () => {
    const folder = tempFolder();
    const first = await aBoard(folder);
    const lease = aLease({ expiresAt: 60_000 });
    first.board.grant([lease]);
    first.ledger.close();
    const second = await aBoard(folder, () => 60_001);
    expect(second.board.recover()).toEqual({ requeued: 0, expired: 1, toSubmit: 0 });
    expect(second.board.count()).toBe(0);
    expect(stateOf(second.ledger, lease)).toBe("expired");
    second.ledger.close();
  });

  it("lets go of a lease the market forgot only while its job has not begun", async () => {
    const { board, ledger } = await aBoard();
    const [waiting, begun] = [aLease(), aLease()];
    board.grant([begun]);
    const [seen] = board.held();
    const [running] = take(board);
    board.completeBatch([computed(running as HeldLease)]);
    board.markSubmitting((running as HeldLease).row);
    // The market has just taken its result, so it knows the lease no more; the answer to that is on its way.
    board.close(seen as HeldLease, "lose", "The market no longer knows this lease");
    expect(stateOf(ledger, begun)).toBe("submitting");
    board.settleSubmission((running as HeldLease).row, { kind: "accepted", marketReceipt: null });
    expect(stateOf(ledger, begun)).toBe("accepted");

    board.grant([waiting]);
    board.close(board.held()[0] as HeldLease, "lose", "The market no longer knows this lease");
    expect(stateOf(ledger, waiting)).toBe("lost");
    ledger.close();
  });

  it("serves the market that pays better for device time more often, once that is known", async () => {
    const worth = { aicf: 1, aitbc: 4 };
    const { board, ledger } = await aBoard(
      tempFolder(),
      () => 10_000,
      (lease, ms) => worth[lease.market] * ms,
    );
    const served = { aicf: 0, aitbc: 0 };
    for (let round = 0; round < 60; round++) {
      board.grant([aLease(), aLease({ market: "aitbc" })]);
      const batch = take(board, 1);
      board.noteServed(batch, 100);
      for (const { market } of batch) served[market]++;
    }
    // A tenth is sure to each, the rest is shared by what they pay: 10 % + 80 % × 4/5.
    expect(served.aitbc / 60).toBeCloseTo(0.74, 1);
    ledger.close();
  });

  it("what the device went away from under waits as before, however often, and shares batches", async () => {
    const { board, ledger } = await aBoard();
    const leases = [aLease(), aLease()];
    board.grant(leases);
    for (let times = 0; times < 5; times++) {
      const batch = take(board);
      expect(batch).toHaveLength(2);
      board.putBack(batch, "The device is gone");
    }
    expect(leases.map((lease) => stateOf(ledger, lease))).toEqual(["admitted", "admitted"]);
    ledger.close();
  });

  it("keeps the time a lease won while its job ran, whatever becomes of the run", async () => {
    const { board, ledger } = await aBoard();
    const leases = [aLease({ expiresAt: 60_000 }), aLease({ expiresAt: 60_000 })];
    board.grant(leases);
    const [crashed, displaced] = [take(board, 1), take(board, 1)];
    for (const { row } of board.held()) board.extend(row, 120_000);
    board.requeue(crashed, CRASH);
    board.putBack(displaced, "The GPU was unplugged");
    expect(board.held().map(({ state, expiresAt }) => ({ state, expiresAt }))).toEqual([
      { state: "admitted", expiresAt: 120_000 },
      { state: "admitted", expiresAt: 120_000 },
    ]);
    expect(ledger.leases.held().map(({ expiresAt }) => expiresAt)).toEqual([120_000, 120_000]);
    ledger.close();
  });

  it("what no device can compute goes back to its market, with the reason, although it ran", async () => {
    const { board, ledger } = await aBoard();
    const lease = aLease();
    board.grant([lease]);
    board.handBack(
      take(board),
      new AppError({ code: "CUDA_UNAVAILABLE", message: "No CUDA", actor: "machine" }),
    );
    expect(ledger.leases.find(lease.leaseId)?.job).toMatchObject({
      state: "returned",
      error: { code: "CUDA_UNAVAILABLE", message: "No CUDA", actor: "machine" },
    });
    expect(ledger.outbox.due("aicf", 10_000, 9)).toMatchObject([{ kind: "return" }]);
    expect(board.countUnsent("aicf")).toBe(0);
    ledger.close();
  });

  it("lets another job have its turn before the one that has just failed: it tells which of them is to blame", async () => {
    const { board, ledger } = await aBoard();
    board.grant([aLease({ leaseId: "bad" }), aLease({ leaseId: "next" })]);
    const bad = take(board, 1);
    board.requeue(bad, CRASH);
    const next = take(board, 1);
    expect([...bad, ...next].map(({ leaseId }) => leaseId)).toEqual(["bad", "next"]);
    expect(take(board).map(({ leaseId }) => leaseId)).toEqual(["bad"]);
    ledger.close();
  });

  it("jobs that ran when the engine died run by themselves: one of them may be why", async () => {
    const folder = tempFolder();
    const first = await aBoard(folder);
    first.board.grant([aLease(), aLease(), aLease()]);
    take(first.board, 2);
    first.ledger.close();

    const second = await aBoard(folder);
    expect(second.board.recover().requeued).toBe(2);
    const sizes = [take(second.board), take(second.board), take(second.board)].map(({ length }) => length);
    expect(sizes).toEqual([1, 1, 1]);
    second.ledger.close();
  });

  it("rings for room as soon as a result is there: its lease takes nobody's place any more", async () => {
    const { board, ledger } = await aBoard();
    board.grant([aLease(), aLease()]);
    const [running] = take(board, 1);
    const rung = board.roomFreed.wait(new AbortController().signal);
    board.completeBatch([computed(running as HeldLease)]);
    await rung;
    expect([board.count("aicf"), board.countUnsent("aicf")]).toEqual([2, 1]);
    ledger.close();
  });

  it("stops sacrificing runtimes to a job that kills them", async () => {
    const { board, ledger } = await aBoard();
    const poison = aLease();
    board.grant([poison]);
    for (let run = 1; run <= 3; run++) {
      const batch = take(board);
      expect(batch, `run ${run}`).toHaveLength(1);
      board.requeue(batch, CRASH);
    }
    expect(take(board)).toEqual([]);
    expect(ledger.leases.find(poison.leaseId)?.job).toMatchObject({
      state: "failed",
      error: { code: "RUNTIME_CRASHED" },
    });
    expect(ledger.outbox.due("aicf", 10_000, 9)).toMatchObject([{ kind: "fail" }]);
    ledger.close();
  });

  it("drops a result whose lease was given back while it ran: nothing is promised twice", async () => {
    const { board, ledger } = await aBoard();
    const lease = aLease();
    board.grant([lease]);
    const [running] = take(board);
    expect(board.giveBack("Stopped", { running: true })).toBe(1);
    board.completeBatch([computed(running as HeldLease)]);
    expect(stateOf(ledger, lease)).toBe("returned");
    expect(ledger.outbox.due("aicf", 10_000, 9).map((item) => item.kind)).toEqual(["return"]);
    expect(ledger.results.get((running as HeldLease).row)).toBeNull();
    ledger.close();
  });

  it("gives back what runs on one device, and nothing that waits or runs elsewhere", async () => {
    const { board, ledger } = await aBoard();
    const leases = [aLease(), aLease(), aLease()];
    board.grant(leases);
    board.takeBatch({ ...batchTaker(1), device: "GPU-1" });
    board.takeBatch({ ...batchTaker(1), device: "GPU-2" });
    expect(board.giveBack("Paused for a game", { running: true, device: "GPU-1" })).toBe(1);
    expect(leases.map((lease) => stateOf(ledger, lease)).sort()).toEqual(["admitted", "returned", "running"]);
    expect(board.held().find(({ state }) => state === "running")?.device).toBe("GPU-2");
  });

  it("keeps an output that is still to be delivered, however old or big, and prunes the rest", async () => {
    const { board, ledger } = await aBoard();
    board.grant([aLease(), aLease()]);
    const [first, second] = take(board) as [HeldLease, HeldLease];
    board.completeBatch([computed(first), computed(second)]);
    board.markSubmitting(first.row);
    board.settleSubmission(first.row, { kind: "accepted", marketReceipt: null });
    ledger.results.prune(1e12, 0);
    expect(ledger.results.hasOutput(first.row)).toBe(false);
    expect(ledger.results.hasOutput(second.row)).toBe(true);
    ledger.close();
  });
});
