import { describe, expect, it } from "vitest";
import { fullConstraints, mayTake } from "../../../../src/devnet/aitbc/matching.ts";
import type { Miner } from "../../../../src/devnet/aitbc/miners.ts";
import { type PyObject, pyFloat } from "../../../../src/devnet/python-json.ts";

const miner: Miner = {
  id: "m1",
  capabilities: {
    gpus: [{ name: "NVIDIA GeForce RTX 4090", memory_mb: 24564 }],
    cuda: "12.4",
    models: ["text-embed-001"],
    price: pyFloat(0.01),
  },
  concurrency: 1,
  region: "eu",
  status: "ONLINE",
  inflight: 0,
  metadata: {},
  sessionToken: "",
  lastHeartbeat: 0,
  jobsCompleted: 3,
  jobsFailed: 1,
};

const takes = (constraints: PyObject, amountE8: number | null = null, who: Miner = miner) =>
  mayTake({ constraints: fullConstraints(constraints), amountE8 }, who);

describe("which miner may have a job", () => {
  it("has no objection to a job without constraints", () => expect(takes({})).toBe(true));

  it.each<[string, PyObject, boolean]>([
    ["the region as written", { region: "eu" }, true],
    ["another region", { region: "EU" }, false],
    ["the exact card name", { gpu: "NVIDIA GeForce RTX 4090" }, true],
    ["the short card name", { gpu: "RTX 4090" }, false],
    ["23 GB of a 24564 MiB card", { min_vram_gb: 23 }, true],
    ["24 GB of a 24564 MiB card", { min_vram_gb: 24 }, false],
    ["a part of the CUDA version", { cuda: "12" }, true],
    ["another CUDA version", { cuda: "13" }, false],
    ["models it has", { models: ["text-embed-001"] }, true],
    ["one model it lacks", { models: ["text-embed-001", "llama3.2:3b"] }, false],
    ["a maximum above its price", { max_price: "0.010" }, true],
    ["a maximum below its price", { max_price: "0.009" }, false],
    ["a reputation it reaches", { min_reputation: pyFloat(0.75) }, true],
    ["a reputation it lacks", { min_reputation: pyFloat(0.76) }, false],
    ["a bond", { bond_required: true }, false],
    ["a constraint nobody knows", { colour: "blue" }, true],
  ])("a job that wants %s", (_what, constraints, expected) => {
    expect(takes(constraints)).toBe(expected);
  });

  it("keeps jobs of 10 AIT and more from miners without a bond", () => {
    expect(takes({}, 999_999_999)).toBe(true);
    expect(takes({}, 1_000_000_000)).toBe(false);
  });

  it("fails every maximum for a miner that names no price", () => {
    const silent = { ...miner, capabilities: { models: [] } };
    expect(takes({ max_price: "100" }, null, silent)).toBe(false);
  });

  it("believes a self-reported reputation", () => {
    expect(takes({ min_reputation: 1 }, null, { ...miner, metadata: { reputation_score: pyFloat(1) } })).toBe(
      true,
    );
  });
});
