import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../../../src/engine/ledger/database.ts";
import { JobFinder } from "../../../../src/engine/ledger/job-finder.ts";
import type { JobFilter } from "../../../../src/shared/contract/jobs.ts";
import { JobStateSchema } from "../../../../src/shared/contract/views.ts";
import { writeBigLedger } from "../../../support/big-ledger.ts";
import { suiteFolder } from "../../../support/temp-folder.ts";

/** Three blocks of ids and a piece of a fourth. */
const JOBS = 13_000;
const NOW = 1_790_000_000_000;

interface Row {
  id: number;
  market: string;
  state: string;
  model: string;
  device: string | null;
  lease_id: string;
  job_id: string;
}

describe("finding jobs", () => {
  const folder = suiteFolder();
  let db: Database;
  let finder: JobFinder;
  /** Newest first. */
  let rows: Row[];
  beforeAll(async () => {
    await writeBigLedger(folder, { jobs: JOBS, days: 20, now: NOW, pending: 40 });
    ({ db } = await openDatabase(folder));
    finder = new JobFinder(db);
    rows = db
      .prepare<[], Row>(
        "SELECT id, market, state, model, device, lease_id, job_id FROM leases ORDER BY id DESC",
      )
      .all();
  });
  afterAll(() => {
    db.close();
  });

  const naive = (filter: JobFilter) =>
    rows.filter(
      (row) =>
        (filter.market === undefined || row.market === filter.market) &&
        (filter.state === undefined || row.state === filter.state) &&
        (filter.states === undefined || (filter.states as string[]).includes(row.state)) &&
        (filter.model === undefined || row.model === filter.model) &&
        (filter.device === undefined || row.device === filter.device) &&
        (filter.text === undefined ||
          row.lease_id.startsWith(filter.text) ||
          row.job_id.startsWith(filter.text)),
    );

  const some = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
  const filters = fc
    .record({
      market: some(fc.constantFrom("aicf" as const, "aitbc" as const)),
      state: some(fc.constantFrom(...JobStateSchema.options)),
      states: some(fc.uniqueArray(fc.constantFrom(...JobStateSchema.options), { minLength: 1 })),
      model: some(fc.constantFrom("text-embed-001", "llama3.2-3b", "never seen")),
      device: some(fc.constantFrom("GPU-5d1c0a3e-0001", "GPU-5d1c0a3e-0002")),
    })
    .map(
      (filter) =>
        Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as JobFilter,
    );

  it("counts what matches and turns to any page of it", () => {
    fc.assert(
      fc.property(filters, fc.nat(JOBS), fc.integer({ min: 1, max: 120 }), (filter, skip, limit) => {
        const expected = naive(filter);
        expect(finder.count(filter)).toBe(expected.length);
        const ids = expected.slice(skip, skip + limit).map(({ id }) => id);
        const page = finder.page(filter, { limit, skip });
        expect(page.ids).toEqual(ids);
        expect(page.next).toBe(ids.length === limit ? ids.at(-1) : null);
      }),
      { numRuns: 150 },
    );
  });

  it("goes on from a cursor, and skips from there", () => {
    fc.assert(
      fc.property(filters, fc.integer({ min: 1, max: JOBS }), fc.nat(6000), (filter, before, skip) => {
        const expected = naive(filter).filter(({ id }) => id < before);
        expect(finder.page(filter, { limit: 30, before, skip }).ids).toEqual(
          expected.slice(skip, skip + 30).map(({ id }) => id),
        );
      }),
      { numRuns: 100 },
    );
  });

  it("finds the few ids that begin with a text, and counts them", () => {
    const wanted = rows[7_000]?.lease_id.slice(0, 9) ?? "";
    const expected = naive({ text: wanted }).map(({ id }) => id);
    expect(finder.count({ text: wanted })).toBe(expected.length);
    expect(finder.page({ text: wanted }, { limit: 100 }).ids).toEqual(expected);
    const settled = naive({ text: wanted, state: "settled" }).map(({ id }) => id);
    expect(finder.page({ text: wanted, state: "settled" }, { limit: 100 }).ids).toEqual(settled);
  });

  it("walks through many that begin with a text, part by part, to the last", () => {
    const filter: JobFilter = { text: "lease_", state: "rejected" };
    expect(finder.count(filter)).toBeNull();
    const found: number[] = [];
    let before: number | undefined;
    for (;;) {
      const page = finder.page(filter, { limit: 5, ...(before !== undefined && { before }) });
      found.push(...page.ids);
      if (page.next === null) break;
      before = page.next;
    }
    expect(found).toEqual(naive(filter).map(({ id }) => id));
  });

  it("finds nothing in signs that mean something to a database", () => {
    for (const text of ["%", "_", "'", "lease_%", "\u0000"]) {
      expect(finder.page({ text }, { limit: 10 }).ids).toEqual([]);
    }
  });

  it("names the models and devices there are", () => {
    const { models, devices } = finder.choices();
    expect([...devices.keys()].sort()).toEqual(["GPU-5d1c0a3e-0001", "GPU-5d1c0a3e-0002"]);
    expect([...models.values()].reduce((sum, jobs) => sum + jobs, 0)).toBe(JOBS);
  });
});
