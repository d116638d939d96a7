import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_PRICE_AIT,
  gpuEntries,
  registrationOf,
} from "../../../../../src/engine/market/aitbc/capabilities.ts";
import { paymentOf } from "../../../../../src/engine/market/aitbc/payment.ts";
import { type JobView, JobViewSchema } from "../../../../../src/engine/market/aitbc/wire.ts";
import { readOrder } from "../../../../../src/engine/market/aitbc/work.ts";
import type { ProviderProfile } from "../../../../../src/engine/market/port.ts";
import { money } from "../../../../../src/shared/money.ts";
import { WORK_KINDS } from "../../../../../src/shared/work.ts";

function profile(devices: ProviderProfile["devices"]): ProviderProfile {
  return { name: "box", region: "eu", concurrency: 3, models: ["text-embed-001"], devices };
}
const card = (name: string, memoryMb: number | null, healthy = true) => ({
  id: `GPU-${name}`,
  name,
  memoryMb,
  healthy,
});

describe("what the coordinator's matcher is told", () => {
  test("a card goes by the driver's name with its true memory, and by its usual names with the memory it is sold with", () => {
    expect(gpuEntries(profile([card("NVIDIA GeForce RTX 4090", 24_564)]))).toEqual([
      { name: "NVIDIA GeForce RTX 4090", memory_mb: 24_564 },
      { name: "GeForce RTX 4090", memory_mb: 24_576 },
      { name: "RTX 4090", memory_mb: 24_576 },
    ]);
  });

  test("data-centre names keep their meaning, and their memory is not rounded up by gigabytes", () => {
    expect(gpuEntries(profile([card("NVIDIA H100 80GB HBM3", 81_559)]))).toEqual([
      { name: "NVIDIA H100 80GB HBM3", memory_mb: 81_559 },
      { name: "H100 80GB HBM3", memory_mb: 81_920 },
    ]);
    expect(
      gpuEntries(profile([card("Tesla V100-SXM2-16GB", 15_800)])).map(({ memory_mb }) => memory_mb),
    ).toEqual([15_800, 15_800]);
  });

  test("equal cards are listed once, sick ones and the CPU not at all", () => {
    const two = [card("NVIDIA A", 1024), { ...card("NVIDIA A", 1024), id: "GPU-2" }];
    const none = [
      card("NVIDIA B", 1024, false),
      { id: "cpu", name: "Some CPU", memoryMb: null, healthy: true },
    ];
    expect(gpuEntries(profile([...two, ...none])).map(({ name }) => name)).toEqual(["NVIDIA A", "A"]);
  });

  test("the rest of a registration", () => {
    expect(registrationOf(profile([]), "eu")).toEqual({
      capabilities: {
        gpus: [],
        models: ["text-embed-001"],
        price: DEFAULT_PRICE_AIT,
        max_concurrent_jobs: 3,
      },
      concurrency: 3,
      region: "eu",
    });
  });
});

describe("is the job paid for", () => {
  const view = (payment_status: string | null): JobView =>
    JobViewSchema.parse({ job_id: "j", state: "RUNNING", payment_status });
  const escrow = (state: string, provider: string, amount: string | number) =>
    ({ kind: "found", escrow: { state, provider, amount } }) as const;
  const halfAit = money("AIT", 450_000_000n);

  test("the chain's escrow for our wallet is the proof", () => {
    expect(paymentOf(view("escrowed"), escrow("funded", "ait1me", "0.50000000"), "ait1me")).toEqual({
      payment: "funded",
      fee: halfAit,
    });
    expect(paymentOf(view(null), escrow("funded", "ait1me", 0.5), null)).toEqual({
      payment: "funded",
      fee: halfAit,
    });
  });

  test.each([
    ["for somebody else", escrow("funded", "ait1other", "0.5")],
    ["already paid out", escrow("released", "ait1me", "0.5")],
    ["given back", escrow("refunded", "ait1me", "0.5")],
    ["empty", escrow("funded", "ait1me", "0E-8")],
    ["in no readable amount", escrow("funded", "ait1me", "lots")],
    ["not there", { kind: "absent" } as const],
  ])("an escrow %s pays nothing, whatever the coordinator says", (_what, finding) => {
    expect(paymentOf(view("escrowed"), finding, "ait1me").payment).toBe("unfunded");
  });

  test("without the chain the coordinator's word counts, and without both nothing is known", () => {
    expect(paymentOf(view("escrowed"), null, null).payment).toBe("funded");
    expect(paymentOf(view("pending"), null, null).payment).toBe("unfunded");
    expect(paymentOf(view(null), null, null).payment).toBe("unfunded");
    expect(paymentOf(undefined, null, null)).toEqual({ payment: null, fee: null });
  });
});

describe("a payload", () => {
  test("of embeddings is work", () => {
    const order = readOrder({ type: "embeddings", model: "text-embed-001", input: ["a", "b"] }, {});
    expect(order).toEqual({
      model: "text-embed-001",
      modelSha256: null,
      work: { kind: "embed", texts: ["a", "b"] },
    });
  });

  test("of inference is work too, also without its type: model and prompt say enough", () => {
    const work = { kind: "generate", prompt: "hi", maxTokens: 256, temperature: 0, seed: 0, stop: [] };
    for (const type of ["inference", undefined]) {
      const order = readOrder({ ...(type && { type }), model: "llama3.2:3b", prompt: "hi" }, {});
      expect(order).toEqual({ model: "llama3.2:3b", modelSha256: null, work });
    }
  });

  test("of vectors needs no model", () => {
    const order = readOrder({ type: "vector", op: "dot", a: [1], b: [2] }, {});
    expect(order).toMatchObject({ model: "", work: { kind: "vector", op: "dot" } });
  });

  test.each([
    [{ type: "inference", model: "llama3.2:3b" }, {}, '"prompt" is not a text'],
    [{ type: "transcribe", url: "http://169.254.169.254/" }, {}, "transcribe"],
    [{ model: "text-embed-001", input: ["a"] }, {}, "type null"],
    [{ type: "embeddings", input: ["a"] }, {}, "no model"],
    [
      { type: "embeddings", model: "m", input: ["a"] },
      { tee_attestation_required: true },
      "tee_attestation_required",
    ],
    [{ type: "embeddings", model: "m", input: ["a"] }, { confidential: true }, "confidential"],
  ])("%j is declined with the reason", (payload, constraints, words) => {
    const { work } = readOrder(payload, constraints);
    expect(work.kind === "unsupported" && work.reason).toContain(words);
  });

  test("whatever it holds, it is judged", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.anything()),
        fc.dictionary(fc.string(), fc.anything()),
        (payload, constraints) => {
          const order = readOrder(payload, constraints);
          expect([...WORK_KINDS, "unsupported"]).toContain(order.work.kind);
          expect(typeof order.model).toBe("string");
        },
      ),
    );
  });
});
