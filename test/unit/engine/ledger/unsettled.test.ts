/** Which accepted jobs a market is asked about: every one in its turn, the newest always. */
import { beforeEach, expect, it, onTestFinished } from "vitest";
import type { UnsettledPlace } from "../../../../src/engine/ledger/leases.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { JobEvent } from "../../../../src/engine/work/job-machine.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

let ledger: Ledger;
beforeEach(async () => {
  ledger = await Ledger.open(tempFolder());
  const opened = ledger;
  onTestFinished(() => opened.close());
});

const EVENTS: JobEvent[] = ["admit", "run", "compute", "submit", "accept"];
function accepted(jobId: string, at: number): number {
  const row = ledger.leases.insert(aLease({ leaseId: jobId, jobId }), at) as number;
  for (const event of EVENTS) ledger.leases.apply(row, event, at);
  return row;
}
const ask = (limit: number, turn?: UnsettledPlace) => {
  const { jobs, next } = ledger.leases.unsettled("aicf", limit, turn);
  return { ids: jobs.map(({ jobId }) => jobId), next };
};

it("asks about all while there are few", () => {
  expect(ask(4).ids).toEqual([]);
  for (const n of [1, 2, 3, 4]) accepted(`j${n}`, n);
  expect(ask(4).ids).toEqual(["j4", "j3", "j1", "j2"]);
  expect(ask(9).ids.toSorted()).toEqual(["j1", "j2", "j3", "j4"]);
});

it("asks about the newest every time, and about every older one in its turn", () => {
  // Several in one millisecond: their rows tell them apart.
  for (let n = 0; n < 30; n++) accepted(`never${n}`, Math.floor(n / 7));
  accepted("new", 99);
  const seen = new Set<string>();
  let turn: UnsettledPlace | undefined;
  let looks = 0;
  for (; seen.size < 31 && looks < 20; looks++) {
    const { ids, next } = ask(8, turn);
    expect(ids.length).toBeLessThanOrEqual(8);
    expect(new Set(ids).size, "no job twice in a look").toBe(ids.length);
    expect(ids[0]).toBe("new");
    for (const id of ids) seen.add(id);
    turn = next;
  }
  expect(seen.size).toBe(31);
  expect(looks).toBe(7);
});

it("begins again when a round is over, also when jobs of it were paid meanwhile", () => {
  const rows = Array.from({ length: 10 }, (_, n) => accepted(`j${n}`, n));
  const { next } = ask(4);
  for (const row of rows.slice(0, 8)) ledger.leases.apply(row, "settle", 50);
  expect(ask(4, next)).toMatchObject({ ids: ["j9", "j8"], next: { acceptedAt: 0 } });
});
