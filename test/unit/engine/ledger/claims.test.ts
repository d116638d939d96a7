/** A claim's answer comes once: what it said of each job outlives the engine, and is never said twice. */
import { expect, it } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { JobCredit } from "../../../../src/engine/market/port.ts";
import { fee } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const claimed = (jobId: string, nano: bigint): JobCredit => ({
  jobId,
  net: fee(nano),
  gross: null,
  settledAt: 5,
  reference: "epoch 1",
});

it("keeps what was claimed for every job, over a restart, each market for itself", async () => {
  const folder = tempFolder();
  const first = await Ledger.open(folder);
  first.claims.bookOf("aicf").put([claimed("a", 2n ** 60n), claimed("b", 7n)]);
  first.close();
  const again = await Ledger.open(folder);
  expect(again.claims.bookOf("aicf").of(["b", "c", "a"])).toEqual([
    claimed("b", 7n),
    claimed("a", 2n ** 60n),
  ]);
  expect(again.claims.bookOf("aitbc").of(["a"])).toEqual([]);
  again.close();
});

it("lets the first word on a job stand: a job is paid once", async () => {
  const ledger = await Ledger.open(tempFolder());
  const book = ledger.claims.bookOf("aicf");
  book.put([claimed("a", 800n)]);
  book.put([claimed("a", 900n), claimed("b", 1n)]);
  expect(book.of(["a", "b"]).map(({ net }) => net.minor)).toEqual([800n, 1n]);
  ledger.close();
});
