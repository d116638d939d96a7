/** A ledger copied from another machine: that one's work can be read, and none of its money is counted here. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { LEDGER_FILE } from "../../../../src/engine/ledger/database.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { leaveToOther } from "../../../../src/engine/ledger/other-machine.ts";
import type { JobCredit } from "../../../../src/engine/market/port.ts";
import type { JobEvent } from "../../../../src/engine/work/job-machine.ts";
import { HOUR } from "../../../../src/shared/durations.ts";
import { money } from "../../../../src/shared/money.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const COPIED_AT = 2 * HOUR;
const ALWAYS = { market: "aicf", from: 0, until: 100 * HOUR } as const;
let folder: string;
let ledger: Ledger;
const opened = async () => {
  ledger = await Ledger.open(folder);
};
beforeEach(async () => {
  folder = tempFolder();
  await opened();
  onTestFinished(() => ledger.close());
});

const EVENTS: JobEvent[] = ["admit", "run", "compute", "submit", "accept"];
function job(name: string, at: number, events: readonly JobEvent[] = EVENTS): number {
  const row = ledger.leases.insert(aLease({ leaseId: name, jobId: name }), at) as number;
  for (const event of events) ledger.leases.apply(row, event, at);
  return row;
}
function paid(name: string, at: number): number {
  const row = job(name, at);
  const credit: JobCredit = {
    jobId: name,
    net: money("ANM", 800_000n),
    gross: null,
    settledAt: at,
    reference: null,
  };
  ledger.transaction(() => {
    ledger.earnings.insert(row, credit);
    ledger.leases.apply(row, "settle", at);
  });
  return row;
}
const rental = (booking: string) => ({
  ...{ market: "aicf" as const, board: "b", booking, device: "GPU-1", model: "RTX 4090" },
  ...{ startsAt: HOUR, until: null, total: money("ANM", 5n) },
});
/** All that tells of money and of work done. */
const told = () => ({
  sums: ledger.earnings.allTime("aicf", "ANM"),
  pending: ledger.earnings.allPending("aicf", "ANM").jobs,
  oldest: ledger.earnings.oldestPending("aicf"),
  writtenOff: ledger.writeOffs.sums("aicf", "ANM"),
  asked: ledger.leases.unsettled("aicf", 9).jobs.length,
  askedLate: ledger.writeOffs.late("aicf", 0, 9).jobs.length,
  entries: ledger.entries.newest(ALWAYS, "all", { limit: 9 }).map(({ jobId }) => jobId),
  settled: ledger.entries.newest(ALWAYS, "settled", { limit: 9 }).length,
  exported: ledger.entries.oldest(ALWAYS, { limit: 9 }).length,
  paid: ledger.entries.firstPaid(ALWAYS, { limit: 9 }).length,
  rentals: ledger.bookings.sums({ market: "aicf", currency: "ANM", now: 3 * HOUR }, 0, 100 * HOUR).rentals,
  rentalRows: ledger.bookings.list(ALWAYS, { after: 0, limit: 9, now: 3 * HOUR }).length,
  endings: ledger.tallies.endings().reduce((sum, { jobs }) => sum + jobs, 0),
  failed: ledger.earnings.failedSince("aicf", 0),
  judged: ledger.service.ended("aicf", 0, 100 * HOUR).length,
  beats: ledger.service.heartbeats("aicf", 0).length,
  lastAccepted: ledger.service.lastAcceptedAt("aicf"),
  watts: ledger.energy.wattsOf("GPU-1"),
  joules: ledger.energy.allTime("aicf").devices.joules,
});

function work() {
  paid("paid", HOUR);
  job("waits", HOUR);
  job("given-up", HOUR / 2);
  ledger.writeOffs.writeOffSome("aicf", HOUR, HOUR);
  job("failed", HOUR, ["admit", "run", "fail"]);
  job("held", HOUR, ["admit"]);
  const unsent = job("unsent", HOUR, ["admit", "run", "compute"]);
  ledger.outbox.put({ row: unsent, market: "aicf", kind: "result", idempotencyKey: "k" }, HOUR);
  ledger.bookings.note(rental("r1"));
  ledger.service.recordHeartbeat("aicf", HOUR, 1);
  ledger.service.writeHeartbeats();
  ledger.setSetting("lost-leases.aicf", "{}");
  const used = { joules: 1_000, measuredMs: 10_000, unmeasuredMs: 0 };
  ledger.energy.add([{ market: "aicf", at: HOUR, devices: new Map([["GPU-1", used]]), machineMs: 10_000 }]);
}

it("begins with nothing earned, waited for or held, and reads what was done there", () => {
  const nothing = told();
  work();
  expect(told()).not.toEqual(nothing);
  leaveToOther(ledger, "worker-b", COPIED_AT);
  expect(told()).toEqual(nothing);
  expect(ledger.outbox.size()).toBe(0);
  expect(ledger.setting("lost-leases.aicf"), "nor is its line held against this one").toBeNull();
  expect(ledger.leases.held()).toEqual([]);
  expect(ledger.writeOffs.newestDeed("aicf"), "nothing to take back").toBeNull();

  const { rows } = ledger.leases.list({}, { limit: 9 });
  expect(rows.map(({ jobId, state }) => [jobId, state])).toEqual([
    ["unsent", "lost"],
    ["held", "lost"],
    ["failed", "failed"],
    ["given-up", "accepted"],
    ["waits", "accepted"],
    ["paid", "settled"],
  ]);
  expect(rows[0]?.error?.code).toBe("HELD_ELSEWHERE");
  expect(rows[5]?.earned?.minor).toBe("800000");
  const waits = ledger.leases.find("waits")?.row ?? 0;
  expect(ledger.leases.timeline(waits).at(-1)).toMatchObject({ state: "accepted", at: COPIED_AT });
});

it("counts its own from then on, start after start", async () => {
  work();
  leaveToOther(ledger, "worker-b", COPIED_AT);
  paid("own", 3 * HOUR);
  job("own-waits", 3 * HOUR);
  ledger.bookings.note(rental("r2"));
  const own = told();
  expect(own).toMatchObject({
    sums: { accepted: 2, settled: 1, net: { minor: 800_000n } },
    ...{ pending: 1, asked: 1, entries: ["own-waits", "own"], exported: 2, paid: 1 },
    ...{ rentals: 1, rentalRows: 1, endings: 2, judged: 2, lastAccepted: 3 * HOUR },
  });
  ledger.close();
  await opened();
  leaveToOther(ledger, "worker-b", 4 * HOUR);
  expect(told()).toEqual(own);

  leaveToOther(ledger, "worker-c", 5 * HOUR);
  expect(told(), "a copy of the copy").toMatchObject({ entries: [], pending: 0, sums: { accepted: 0 } });
});

it("leaves to the other machine what a copy of before brings back", async () => {
  work();
  await ledger.snapshot(HOUR);
  leaveToOther(ledger, "worker-b", COPIED_AT);
  ledger.close();
  const file = join(folder, LEDGER_FILE);
  cpSync(join(folder, "snapshots", "ledger-1970-01-01T01-00-00-000Z.sqlite"), file);
  rmSync(`${file}-wal`, { force: true });
  await opened();
  expect(told().entries).not.toEqual([]);
  leaveToOther(ledger, "worker-b", 3 * HOUR);
  expect(told()).toMatchObject({ entries: [], pending: 0, sums: { accepted: 0 } });
  expect(ledger.leases.held()).toEqual([]);
});
