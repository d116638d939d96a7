import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../../../src/engine/ledger/database.ts";
import { EarningsTable } from "../../../../src/engine/ledger/earnings.ts";
import { LeaseTable } from "../../../../src/engine/ledger/leases.ts";
import { RECOUNT, SLOT_MS } from "../../../../src/engine/ledger/migrations/005-scale.ts";
import { RECOUNT_PENDING } from "../../../../src/engine/ledger/migrations/013-money-in-sight.ts";
import { WriteOffTable } from "../../../../src/engine/ledger/write-offs.ts";
import { JOB_MACHINE, type JobEvent } from "../../../../src/engine/work/job-machine.ts";
import { money } from "../../../../src/shared/money.ts";
import { aLease } from "../../../support/leases.ts";
import { suiteFolder } from "../../../support/temp-folder.ts";

/** Everything that triggers keep, in one comparable list. */
function kept(db: Database): unknown {
  return {
    jobs: db.prepare("SELECT * FROM job_slots ORDER BY market, slot").all(),
    money: db.prepare("SELECT * FROM earning_slots ORDER BY market, currency, slot").all(),
    pending: db.prepare("SELECT * FROM pending_slots ORDER BY market, slot").all(),
    writtenOff: db.prepare("SELECT * FROM written_off_sums ORDER BY market, written_off_by").all(),
    blocks: db.prepare("SELECT * FROM job_blocks ORDER BY block, market, state, model, device").all(),
  };
}

const GOOD: readonly JobEvent[] = ["admit", "run", "compute", "accept", "settle"];
const step = fc.record({
  /** Which of the open leases moves; beyond them: a new lease is granted. */
  pick: fc.nat(12),
  /** On the way to being paid, or along any edge. */
  goesWell: fc.oneof(
    { weight: 6, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  edge: fc.nat(20),
  market: fc.constantFrom("aicf" as const, "aitbc" as const),
  model: fc.constantFrom("text-embed-001", "clip", "rerank"),
  device: fc.constantFrom("cpu", "GPU-1"),
  later: fc.nat(3 * SLOT_MS),
  net: fc.bigInt({ min: 0n, max: 5_000_000_000n }),
  fee: fc.option(fc.bigInt({ min: 0n, max: 1_000_000n })),
  /** What is offered for a new lease; a market may say what no column can add up. */
  gross: fc.option(fc.oneof(fc.bigInt({ min: 0n, max: 5_000_000_000n }), fc.constant(2n ** 62n))),
  payment: fc.constantFrom("funded" as const, "unfunded" as const, null),
});
const history = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 60 }),
  givesUp: fc.boolean(),
  takesBack: fc.boolean(),
});
const CURRENCY = { aicf: "ANM", aitbc: "AIT" } as const;

describe("sums and counts that the ledger keeps", () => {
  const folder = suiteFolder();
  let db: Database;
  beforeAll(async () => {
    ({ db } = await openDatabase(folder));
  });
  afterAll(() => {
    db.close();
  });

  it("equal a full recount after any history of jobs and credits", () => {
    const leases = new LeaseTable(db);
    const earnings = new EarningsTable(db);
    const writeOffs = new WriteOffTable(db);
    let now = 1_790_000_000_000;
    const open: number[] = [];
    fc.assert(
      fc.property(history, ({ steps, givesUp, takesBack }) => {
        db.transaction(() => {
          if (givesUp) writeOffs.writeOffSome("aicf", now, now);
          const deed = takesBack ? writeOffs.newestDeed("aicf") : null;
          if (deed !== null) writeOffs.takeBackSome("aicf", deed);
          for (const {
            pick,
            goesWell,
            edge,
            market,
            model,
            device,
            later,
            net,
            fee,
            gross,
            payment,
          } of steps) {
            now += later;
            const row = open[pick];
            if (row === undefined) {
              const granted = leases.insert(
                aLease({
                  market,
                  model,
                  payment,
                  fee: gross === null ? null : money(CURRENCY[market], gross),
                }),
                now,
              );
              if (granted !== null) open.push(granted);
              continue;
            }
            const state = leases.get(row).state;
            const edges = Object.keys(JOB_MACHINE[state]) as JobEvent[];
            const event =
              (goesWell && edges.find((one) => GOOD.includes(one))) ||
              edges[edge % Math.max(1, edges.length)];
            if (event === undefined) {
              open.splice(pick, 1);
              continue;
            }
            if (event === "settle") {
              const gross = fee === null ? null : money("ANM", net + fee);
              earnings.insert(row, {
                jobId: "j",
                net: money("ANM", net),
                gross,
                settledAt: now,
                reference: null,
              });
            }
            leases.apply(row, event, now, event === "run" ? { device } : {});
          }
        })();
        const byTriggers = kept(db);
        db.exec(RECOUNT);
        db.exec(RECOUNT_PENDING);
        expect(byTriggers).toEqual(kept(db));
      }),
      { numRuns: 60 },
    );
    expect(leases.acceptedTotal()).toBeGreaterThan(0);
  });

  it("go back with a change that is rolled back", () => {
    const leases = new LeaseTable(db);
    const before = kept(db);
    const change = db.transaction(() => {
      leases.insert(aLease(), 5);
      throw new Error("power cut");
    });
    expect(change).toThrowError("power cut");
    expect(kept(db)).toEqual(before);
  });
});
