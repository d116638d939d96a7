/** No question that a dashboard or the work loop asks may read a big table from end to end. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ActivityTable } from "../../../../src/engine/ledger/activity.ts";
import { BookingTable } from "../../../../src/engine/ledger/bookings.ts";
import { type Database, openDatabase } from "../../../../src/engine/ledger/database.ts";
import { EntryReader } from "../../../../src/engine/ledger/earning-entries.ts";
import { EarningsTable } from "../../../../src/engine/ledger/earnings.ts";
import { EnergyTable } from "../../../../src/engine/ledger/energy.ts";
import { JobFinder } from "../../../../src/engine/ledger/job-finder.ts";
import { LeaseTable } from "../../../../src/engine/ledger/leases.ts";
import { Outbox } from "../../../../src/engine/ledger/outbox.ts";
import { ResultTable } from "../../../../src/engine/ledger/results.ts";
import { ServiceTable } from "../../../../src/engine/ledger/service.ts";
import { WriteOffTable } from "../../../../src/engine/ledger/write-offs.ts";
import { writeBigLedger } from "../../../support/big-ledger.ts";
import { suiteFolder } from "../../../support/temp-folder.ts";

const BIG = [
  "leases",
  "transitions",
  "receipts",
  "outputs",
  "earnings",
  "events",
  "earning_slots",
  "pending_slots",
  "job_slots",
  "energy_slots",
];

const TABLES = [
  ActivityTable,
  EntryReader,
  EarningsTable,
  EnergyTable,
  JobFinder,
  LeaseTable,
  Outbox,
  ResultTable,
  ServiceTable,
  WriteOffTable,
  BookingTable,
];

/** Statements that do, with the reason why they may. */
const EXCUSED: readonly RegExp[] = [
  // Every minute, of what is kept only for days, from an index that holds all it needs.
  /sum\(size\) OVER/,
  // Every tenth minute, of what there is room for, from an index that holds all it needs.
  /sum\(length\(receipt\)/,
];

describe("the plans of the ledger's queries", () => {
  const folder = suiteFolder();
  let db: Database;
  const asked: string[] = [];
  beforeAll(async () => {
    await writeBigLedger(folder, { jobs: 6000, days: 20, now: 1_790_000_000_000, pending: 20 });
    ({ db } = await openDatabase(folder));
    const listening = new Proxy(db, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (name === "prepare") asked.push(String(args[0]));
          return value.apply(target, args);
        };
      },
    });
    for (const Table of TABLES) new Table(listening);
  });
  afterAll(() => {
    db.close();
  });

  it.each([
    ["as the schema makes them", () => undefined],
    ["once SQLite has counted the rows", () => db.exec("ANALYZE")],
  ])("read no big table from end to end, %s", (_, prepare) => {
    prepare();
    const scans = asked
      .filter(
        (sql) => /^\s*(SELECT|WITH|UPDATE|DELETE)/.test(sql) && !EXCUSED.some((excuse) => excuse.test(sql)),
      )
      .flatMap((sql) => {
        const names = new Set([...BIG, ...aliases(sql)]);
        return planOf(db, sql)
          .filter((detail) => names.has(/^SCAN (\w+)/.exec(detail)?.[1] ?? ""))
          .map((detail) => `${detail}: ${sql.replace(/\s+/g, " ")}`);
      });
    expect(asked.length).toBeGreaterThan(40);
    expect(scans).toEqual([]);
  });

  it("find what waits for its money by the index of what waits", () => {
    const sql = asked.find((one) => one.includes("l.state = 'accepted'")) ?? "";
    expect(planOf(db, sql)[0]).toContain("leases_unsettled (market=? AND accepted_at>? AND accepted_at<?)");
  });
});

function planOf(db: Database, sql: string): string[] {
  const named = Object.fromEntries([...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, null]));
  const places = [...sql.matchAll(/\?/g)].map(() => null);
  const statement = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
  return (Object.keys(named).length > 0 ? statement.all(named) : statement.all(...places)).map(
    ({ detail }) => detail,
  );
}

/** `FROM leases l` makes l a name of a big table too. */
function aliases(sql: string): string[] {
  return [...sql.matchAll(/(?:FROM|JOIN) (\w+) (\w)\b/g)].flatMap(([, table = "", alias = ""]) =>
    BIG.includes(table) ? [alias] : [],
  );
}
