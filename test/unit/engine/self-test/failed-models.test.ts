/** A wrong answer counts against one model on one device, and is remembered over a restart. */
import { expect, test } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { FailedModels } from "../../../../src/engine/self-test/failed-models.ts";
import type { SelfTestReport } from "../../../../src/shared/contract/self-test.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const card = (id: string, driverVersion: string | null = "590.48") => ({
  id,
  kind: "gpu" as const,
  name: `Card ${id}`,
  driverVersion,
});

function report(id: string, answer: boolean | null, overrides: Partial<SelfTestReport> = {}): SelfTestReport {
  return {
    device: { id, name: `Card ${id}`, driver: "590.48" },
    at: 1_000,
    ok: answer === true,
    summary: "tested",
    tookMs: 5,
    steps: [{ name: "answer", ok: answer, detail: "a wrong answer: cosine 0.9" }],
    model: { id: "m", version: "1", manifestSha256: "ab" },
    backend: "cuda",
    answer: null,
    textsPerSecond: null,
    memoryUsedMb: null,
    temperatureC: null,
    ...overrides,
  };
}

test("only the failing device loses the model, until a test there passes", () => {
  const failed = new FailedModels({ lastReport: () => null });
  failed.note(report("a", false));
  failed.note(report("b", true));
  expect([failed.failedOn("m", "a"), failed.failedOn("m", "b"), failed.failedOn("other", "a")]).toEqual([
    true,
    false,
    false,
  ]);
  expect(failed.list).toMatchObject([{ device: { name: "Card a" }, text: "a wrong answer: cosine 0.9" }]);
  failed.note(report("a", true));
  expect(failed.list).toEqual([]);
});

test("a device that is hot, slow or unreachable is not taken for one that errs", () => {
  const failed = new FailedModels({ lastReport: () => null });
  failed.note(report("a", null));
  failed.note(report("a", false, { model: null }));
  failed.note(report("a", false, { steps: [{ name: "temperature", ok: false, detail: "too hot" }] }));
  expect(failed.list).toEqual([]);
});

test("the next start remembers it, but not under another driver", async () => {
  const folder = tempFolder();
  const ledger = await Ledger.open(folder);
  const stored = report("a", false);
  const { at, ok, summary } = stored;
  ledger.devices.addSelfTest({
    device: card("a"),
    at,
    ok,
    summary,
    modelManifest: "ab",
    report: JSON.stringify(stored),
  });
  ledger.close();

  const again = await Ledger.open(folder);
  const known = new FailedModels({ lastReport: (device) => again.devices.lastReport(device) });
  known.recall(card("a"));
  expect(known.failedOn("m", "a")).toBe(true);
  const updated = new FailedModels({ lastReport: (device) => again.devices.lastReport(device) });
  updated.recall(card("a", "610.62"));
  updated.recall(card("b"));
  expect(updated.list).toEqual([]);
  again.close();
});
