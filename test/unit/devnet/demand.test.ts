import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { netComputeSeconds } from "../../../src/devnet/aitbc/amounts.ts";
import { Chain } from "../../../src/devnet/aitbc/chain.ts";
import { Coordinator } from "../../../src/devnet/aitbc/coordinator.ts";
import { BlockClock } from "../../../src/devnet/clock.ts";
import { startDemand } from "../../../src/devnet/demand.ts";
import {
  aicfFee,
  aitbcPaymentE8,
  draftJob,
  draftRerank,
  draftTopK,
  kindOfJob,
  randomOf,
  readDemoTexts,
} from "../../../src/devnet/demand-jobs.ts";
import { readOrder } from "../../../src/engine/market/aitbc/work.ts";
import { aicf } from "./support.ts";

const subjects = readDemoTexts(fileURLToPath(new URL("../../../resources/demo/texts.json", import.meta.url)));
const words = (text: string) => text.split(/\s+/).length;

describe("the demo's texts", () => {
  it("are many, in several languages, and no two the same", () => {
    const texts = subjects.flatMap((subject) => [...subject.queries, ...subject.sentences]);
    expect(texts.length).toBeGreaterThanOrEqual(150);
    expect(new Set(texts).size).toBe(texts.length);
    expect(new Set(subjects.map((subject) => subject.language)).size).toBeGreaterThanOrEqual(5);
  });

  it("are missed in one sentence", () => {
    expect(() => readDemoTexts("/nowhere/texts.json")).toThrow(
      "The demo's texts cannot be read from /nowhere/texts.json",
    );
  });
});

describe("the demo's jobs", () => {
  const jobs = (seed: number, count = 400) =>
    Array.from({ length: count }, (_, n) => draftJob(subjects, seed, "aicf", n));

  it("are the same for the same seed, market and number, and others otherwise", () => {
    expect(jobs(1, 20)).toEqual(jobs(1, 20));
    expect(jobs(1, 20)).not.toEqual(jobs(2, 20));
    expect(draftJob(subjects, 1, "aitbc", 0)).not.toEqual(draftJob(subjects, 1, "aicf", 0));
  });

  it("have 1 to 32 texts, from a few words to about 200, of both models", () => {
    const many = jobs(7);
    const counts = many.map((job) => job.texts.length);
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([
      1,
      expect.toSatisfy((most: number) => most > 25 && most <= 32),
    ]);
    const lengths = many.flatMap((job) => job.texts.map(words));
    expect(Math.min(...lengths)).toBeLessThanOrEqual(3);
    expect(Math.max(...lengths)).toBeGreaterThan(150);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(200);
    expect(new Set(many.map((job) => job.model))).toEqual(new Set(["text-embed-001", "all-MiniLM-L6-v2"]));
    expect(many.every((job) => job.texts.every((text) => text.trim() !== ""))).toBe(true);
  });

  it("on AITBC are now and then a reranking or a search among vectors, always the same ones", () => {
    const kinds = Array.from({ length: 400 }, (_, n) => kindOfJob(5, n));
    const share = (kind: string) => kinds.filter((each) => each === kind).length / kinds.length;
    expect(share("rerank")).toBeGreaterThan(0.05);
    expect(share("topk")).toBeGreaterThan(0.01);
    expect(share("embed")).toBeGreaterThan(0.7);
    for (let n = 0; n < 50; n += 1) {
      const rerank = draftRerank(subjects, 5, n);
      expect(rerank).toEqual(draftRerank(subjects, 5, n));
      const payloads = [
        { type: "rerank", ...rerank },
        { type: "vector", op: "topk", ...draftTopK(5, n) },
      ];
      expect(payloads.map((payload) => readOrder(payload, {}).work.kind)).toEqual(["rerank", "vector"]);
    }
  });

  it("pay by size, with a little spread, in amounts that leave whole compute-seconds", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(1000), (seed, n) => {
        const draft = draftJob(subjects, seed, "aitbc", n);
        const e8 = aitbcPaymentE8(draft, randomOf(`${seed}/${n}`));
        expect(e8 % 10_000_000).toBe(0);
        expect(netComputeSeconds(e8) * 10_000_000).toBe((e8 * 351) / 1);
        expect(e8).toBeGreaterThanOrEqual(10_000_000);
        expect(e8).toBeLessThan(1_000_000_000); // Below the bond threshold.
        const fee = aicfFee(draft, randomOf(`${seed}/${n}`));
        expect(Number.isSafeInteger(fee)).toBe(true);
      }),
    );
    const short = { model: "m", texts: ["word"] };
    const long = { model: "m", texts: Array.from({ length: 32 }, () => "word ".repeat(200)) };
    expect(aitbcPaymentE8(long, () => 0.5)).toBeGreaterThan(5 * aitbcPaymentE8(short, () => 0.5));
    expect(aicfFee(short, () => 0)).toBe(850_000);
    expect(aicfFee(short, () => 0.5)).toBe(1_000_000);
    expect(aicfFee(long, () => 0.5)).toBe(8_000_000);
  });
});

describe("demand", () => {
  function offering(jobsPerSecond: number, maxQueued: number) {
    const { market, store, clock, bugs } = aicf();
    const coordinator = new Coordinator(store, new Chain(store, new BlockClock(0, 1000, clock)), clock);
    const stop = startDemand({
      store,
      coordinator,
      queue: market.queue,
      countQueued: { aitbc: () => coordinator.countQueued(), aicf: () => market.jobs.countQueued() },
      subjects,
      jobsPerSecond,
      maxQueued,
      markets: ["aitbc", "aicf"],
      seed: 3,
      traps: null,
      trapShare: 0,
      payeeWallet: "ait1payee",
      onBug: (error) => bugs.push(error),
    });
    onTestFinished(stop);
    return { market, coordinator, store, bugs };
  }

  it("fills both markets up to what may wait, in the order of the seed", async () => {
    const { market, coordinator, store, bugs } = offering(500, 5);
    await expect
      .poll(() => [market.jobs.countQueued(), coordinator.countQueued()], { timeout: 5000 })
      .toEqual([5, 5]);
    const listed = market.jobs.list({
      status: null,
      providerId: null,
      requester: null,
      offset: 0,
      limit: 10,
    });
    expect(listed.map(({ model, input }) => ({ model, texts: input }))).toEqual(
      [0, 1, 2, 3, 4].map((n) => draftJob(subjects, 3, "aicf", n)),
    );
    expect(store.getMeta("demand.aicf.3")).toBe("5");
    expect(bugs).toEqual([]);
  });
});
