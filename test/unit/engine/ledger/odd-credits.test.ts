/** Credits that are no plain sum: one without an amount, one for a job that is paid already. */
import fc from "fast-check";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { JobCredit } from "../../../../src/engine/market/port.ts";
import type { JobEvent } from "../../../../src/engine/work/job-machine.ts";
import { aLease, fee } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

let ledger: Ledger;
beforeEach(async () => {
  ledger = await Ledger.open(tempFolder());
  const opened = ledger;
  onTestFinished(() => opened.close());
});

const EVENTS: JobEvent[] = ["admit", "run", "compute", "submit", "accept"];
function settled(leaseId: string, jobId: string, credit: Partial<JobCredit>): void {
  const row = ledger.leases.insert(aLease({ leaseId, jobId }), 1_000) as number;
  for (const event of EVENTS) ledger.leases.apply(row, event, 2_000);
  const plain = { jobId, net: fee(800n), gross: fee(1_000n), settledAt: 3_000, reference: null };
  ledger.earnings.insert(row, { ...plain, ...credit });
  ledger.leases.apply(row, "settle", 3_000);
}
const entries = (state: "all" | "settled" | "pending") =>
  ledger.entries
    .newest({ market: "aicf", from: 0, until: 9_000 }, state, { limit: 9 })
    .map(({ leaseId, settledAt, gross, net }) => ({ leaseId, settledAt, gross, net }));

describe("a job that is paid without a word about the amount", () => {
  it("is settled, earned an unknown sum, and adds nothing to the sums", () => {
    settled("told", "a", {});
    settled("untold", "b", { net: fee(0n), gross: null, untold: true });
    expect(ledger.leases.find("untold")?.job).toMatchObject({ state: "settled", earned: null });
    const told = { leaseId: "told", settledAt: 3_000, gross: fee(1_000n), net: fee(800n) };
    const untold = { leaseId: "untold", settledAt: 3_000, gross: null, net: null };
    expect(entries("settled")).toEqual([untold, told]);
    expect(entries("all")).toEqual([untold, told]);
    expect(entries("pending")).toEqual([]);
    expect(ledger.earnings.allTime("aicf", "ANM")).toMatchObject({
      ...{ settled: 2, net: fee(800n), feesUnknown: 1 },
    });
  });
});

describe("amounts beyond all reason", () => {
  it("never stop the ledger: what its sums can't hold is an unknown sum", () => {
    const absurd = 9_000_000_000_000_000_000n;
    const amounts = fc.constantFrom(0n, 1n, 800n, 2n ** 61n, 2n ** 62n, absurd);
    const credits = fc.array(fc.record({ net: amounts, gross: fc.option(amounts) }), { maxLength: 8 });
    let nth = 0;
    // One commit for all: each would wait for the disk.
    ledger.transaction(() =>
      fc.assert(
        fc.property(credits, (said) => {
          for (const { net, gross } of said) {
            nth += 1;
            settled(`l${nth}`, `j${nth}`, { net: fee(net), gross: gross === null ? null : fee(gross) });
          }
          const { settled: jobs, net } = ledger.earnings.allTime("aicf", "ANM");
          expect(jobs).toBe(nth);
          expect(net.minor).toBeLessThanOrEqual(2n ** 62n);
        }),
      ),
    );
  });
});

describe("a job that two leases were accepted for", () => {
  it("is counted once, and neither lease waits for money any more", () => {
    settled("first", "a", {});
    settled("second", "a", {});
    expect(ledger.earnings.allTime("aicf", "ANM")).toMatchObject({ settled: 2, net: fee(800n) });
    expect(ledger.leases.find("second")?.job.earned).toEqual({ currency: "ANM", minor: "0" });
    expect(ledger.leases.unsettled("aicf", 9).jobs).toEqual([]);
  });

  it("may be another market's of the same name", () => {
    settled("first", "a", {});
    const row = ledger.leases.insert(aLease({ market: "aitbc", leaseId: "theirs", jobId: "a" }), 1) as number;
    for (const event of EVENTS) ledger.leases.apply(row, event, 2_000);
    const net = { currency: "AIT" as const, minor: 5n };
    ledger.earnings.insert(row, { jobId: "a", net, gross: null, settledAt: 3, reference: null });
    expect(ledger.earnings.allTime("aitbc", "AIT").net.minor).toBe(5n);
  });
});
