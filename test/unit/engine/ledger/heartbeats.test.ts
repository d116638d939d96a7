/** Heartbeats cost the disk one write a minute, and are counted from the moment they are heard. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { LEDGER_FILE } from "../../../../src/engine/ledger/database.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";

import { tempFolder } from "../../../support/temp-folder.ts";

async function aLedger(folder = tempFolder()) {
  const ledger = await Ledger.open(folder);
  onTestFinished(() => ledger.close());
  return { ledger, logSize: () => statSync(join(folder, `${LEDGER_FILE}-wal`)).size };
}

it("are all there for whoever asks, in the order of time, before and after they are written down", async () => {
  const { ledger, logSize } = await aLedger();
  const { service } = ledger;
  service.recordHeartbeat("aicf", 1_000, 1);
  service.writeHeartbeats();
  const before = logSize();
  // The clock was set back in between.
  for (const at of [16_000, 31_000, 30_000]) service.recordHeartbeat("aicf", at, 1);
  service.recordHeartbeat("aitbc", 20_000, 1);
  expect(logSize()).toBe(before);
  const all = [1_000, 16_000, 30_000, 31_000];
  expect(service.heartbeats("aicf", 0)).toEqual(all);
  expect(service.heartbeats("aicf", 30_000)).toEqual([30_000, 31_000]);
  service.writeHeartbeats();
  expect(logSize()).toBeGreaterThan(before);
  expect(service.heartbeats("aicf", 0)).toEqual(all);
  expect(service.heartbeats("aitbc", 0)).toEqual([20_000]);
  service.writeHeartbeats(16_000);
  expect(service.heartbeats("aicf", 0)).toEqual(all.slice(1));
});

it("outlast an orderly end", async () => {
  const folder = tempFolder();
  const first = await Ledger.open(folder);
  first.service.recordHeartbeat("aicf", 1_000, 1);
  first.close();
  const { ledger } = await aLedger(folder);
  expect(ledger.service.heartbeats("aicf", 0)).toEqual([1_000]);
});
