/** A provider that runs for years keeps digests of every job, and signed receipts only as long and as many as it wants. */
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { jobHandlers } from "../../../../src/engine/ledger/job-reader.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { JobEvent } from "../../../../src/engine/work/job-machine.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const SIZE = 1_000;
const LOTS = 1_000 * SIZE;

let ledger: Ledger;
beforeEach(async () => {
  ledger = await Ledger.open(tempFolder());
  const opened = ledger;
  onTestFinished(() => opened.close());
});

/** A job computed at `at`, with a receipt of SIZE bytes; to its end unless `open`. */
function computed(at: number, { open = false } = {}): { row: number; leaseId: string } {
  const lease = aLease();
  const row = ledger.leases.insert(lease, at) as number;
  const commitment = { sha3_512: "aa", sha3_256: "bb", inputSha3_256: "cc", shape: [1], computeMs: 1 };
  ledger.results.insert({ row, ...commitment, receipt: new Uint8Array(SIZE).fill(7) }, Uint8Array.of(1), at);
  const events: JobEvent[] = ["admit", "run", "compute", "submit", "accept"];
  for (const event of open ? events : [...events, "settle" as const]) ledger.leases.apply(row, event, at);
  return { row, leaseId: lease.leaseId };
}

const kept = ({ row }: { row: number }) => ledger.results.get(row)?.receipt !== null;

describe("a receipt", () => {
  it("goes when it is old, and its digests stay", async () => {
    const [old, young] = [computed(1_000), computed(5_000)];
    ledger.results.pruneReceipts(3_000, LOTS);
    expect([kept(old), kept(young)]).toEqual([false, true]);
    expect(ledger.results.get(old.row)).toMatchObject({ sha3_512: "aa", inputSha3_256: "cc", receipt: null });
    const job = await jobHandlers(ledger)["jobs.get"]({ leaseId: old.leaseId });
    expect(job).toMatchObject({ receipt: null, digest: "aa" });
  });

  it("goes when there is no room, the oldest first", () => {
    const jobs = [1_000, 2_000, 3_000, 4_000].map((at) => computed(at));
    ledger.results.pruneReceipts(0, 2 * SIZE);
    expect(jobs.map(kept)).toEqual([false, false, true, true]);
  });

  it("stays while its job is unpaid, whatever its age", () => {
    const job = computed(1_000, { open: true });
    ledger.results.pruneReceipts(10_000, 0);
    expect(kept(job)).toBe(true);
  });

  it("of the market goes with ours", () => {
    const job = computed(1_000);
    ledger.results.keepMarketReceipt(job.row, "{}");
    ledger.results.pruneReceipts(2_000, LOTS);
    expect(kept(job)).toBe(false);
  });
});
