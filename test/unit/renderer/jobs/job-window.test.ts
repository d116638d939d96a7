import { describe, expect, it, vi } from "vitest";
import { freshRows, JobWindow, matches, PAGE } from "../../../../src/renderer/jobs/job-window.ts";
import type { CommandInput } from "../../../../src/shared/contract/contract.ts";
import type { JobRow } from "../../../../src/shared/contract/views.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { job } from "../../../e2e/ui/states.ts";

const NOW = 1_800_000_000_000;
const ids = (rows: readonly (JobRow | null)[]) => rows.map((row) => row?.leaseId ?? null);

/** A ledger of `total` jobs; `counted` false: nobody knows how many match. */
function ledger(total: number, counted = true) {
  const all = Array.from({ length: total }, (_, index) => job(index, NOW));
  const asked: CommandInput<"jobs.list">[] = [];
  const invoke = vi.fn(async (command: string, input: CommandInput<"jobs.list">) => {
    if (command === "jobs.count") return { count: counted ? total : null, before: "0" };
    asked.push(input);
    const first = Number(input.before ?? 0) + (input.skip ?? 0);
    const jobs = all.slice(first, first + (input.limit ?? PAGE));
    const next = first + jobs.length;
    return { jobs, next: next < total ? String(next) : null };
  });
  return { all, asked, invoke, bridge: { invoke } as unknown as ConstructorParameters<typeof JobWindow>[0] };
}

const until = (condition: () => boolean) => expect.poll(condition).toBe(true);

describe("a window into the jobs", () => {
  it("knows how long the list is, and reads only what is looked at", async () => {
    const { bridge, all, asked } = ledger(120_000);
    const window = new JobWindow(bridge, {}, () => undefined);
    await until(() => window.state.rows === 120_000);
    expect(window.rowAt(0)).toEqual(all[0]);
    expect(window.rowAt(60_000)).toBeNull();
    window.want(59_990, 60_030);
    await until(() => window.rowAt(60_010) !== null && window.rowAt(59_995) !== null);
    expect(ids([window.rowAt(60_010)])).toEqual(ids([all[60_010] ?? null]));
    window.want(59_990, 60_030);
    expect(asked.map(({ skip }) => skip)).toEqual([undefined, 59_900, 60_000]);
  });

  it("forgets pages far from what is looked at, but not the newest", async () => {
    const { bridge } = ledger(120_000);
    const window = new JobWindow(bridge, {}, () => undefined);
    await until(() => window.state.rows !== null);
    for (let first = 0; first < 60 * PAGE; first += PAGE) {
      window.want(first, first + PAGE - 1);
      await until(() => window.rowAt(first) !== null);
    }
    expect(window.rowAt(2 * PAGE)).toBeNull();
    expect(window.rowAt(0)).not.toBeNull();
  });

  it("reads what is in sight again without moving it: a job is shown as it is by now", async () => {
    const { bridge, all, asked } = ledger(1_000);
    const window = new JobWindow(bridge, {}, () => undefined);
    await until(() => window.state.rows === 1_000);
    window.want(290, 310);
    await until(() => window.rowAt(305) !== null);
    const was = window.rowAt(305);
    if (was === null) throw new Error("It was read");
    all[305] = { ...was, state: "failed" };
    asked.length = 0;
    await window.reread();
    expect(window.rowAt(305)).toEqual({ ...was, state: "failed" });
    expect(asked.map(({ skip, before }) => ({ skip, before }))).toEqual([
      { skip: 200, before: "0" },
      { skip: 300, before: "0" },
    ]);
  });

  it("is taken anew without a word of it: what is shown stays until the new list is here", async () => {
    const { bridge, all } = ledger(30);
    let loading = 0;
    let opened: JobWindow | null = null;
    const window = new JobWindow(bridge, { states: ["settled"] }, () => {
      if (opened?.state.loading) loading++;
    });
    await until(() => window.state.rows === 30);
    opened = window;
    const [, , was] = all;
    if (was === undefined) throw new Error("There are jobs");
    all[2] = { ...was, state: "failed" };
    await window.renew();
    expect(window.rowAt(2)?.state).toBe("failed");
    expect(loading).toBe(0);
    await window.refresh();
    expect(loading).toBe(1);
  });

  it("grows on only once it has been taken anew", async () => {
    const { bridge, asked } = ledger(250, false);
    const window = new JobWindow(bridge, { text: "lease" }, () => undefined);
    await until(() => window.state.rows === 100 && !window.state.loading);
    asked.length = 0;
    const renewed = window.renew();
    window.want(80, 99);
    await renewed;
    expect(window.state.rows).toBe(100);
    window.want(80, 99);
    await until(() => window.state.rows === 200 && !window.state.loading);
    expect(asked.map(({ before }) => before)).toEqual(["0", "100"]);
  });

  it("grows from page to page where nobody knows the length", async () => {
    const { bridge, all } = ledger(250, false);
    const window = new JobWindow(bridge, { text: "lease" }, () => undefined);
    await until(() => window.state.rows === 100 && !window.state.loading);
    expect(window.state.count).toBeNull();
    window.want(80, 99);
    await until(() => window.state.rows === 200 && !window.state.loading);
    window.want(180, 199);
    await until(() => window.state.rows === 250);
    expect(window.state.count).toBe(250);
    expect(ids([window.rowAt(249)])).toEqual(ids([all[249] ?? null]));
  });

  it("says why it can't be read, and is whole again after the next try", async () => {
    const { bridge, invoke } = ledger(3);
    invoke.mockRejectedValueOnce(new AppError({ code: "ENGINE_GONE", message: "Gone", actor: "machine" }));
    const window = new JobWindow(bridge, {}, () => undefined);
    await until(() => window.state.error?.code === "ENGINE_GONE");
    await window.refresh();
    expect(window.state).toEqual({ rows: 3, count: 3, loading: false, error: null });
  });

  it("tells nothing more once it is let go", async () => {
    const changed = vi.fn();
    const { bridge } = ledger(3);
    const window = new JobWindow(bridge, {}, changed);
    window.dispose();
    changed.mockClear();
    await window.refresh();
    expect(changed).not.toHaveBeenCalled();
  });
});

describe("live rows on top of it", () => {
  const head = [job(2, NOW, "running"), job(3, NOW), job(4, NOW)];

  it("are those the list does not have yet", () => {
    const recent = [job(1, NOW, "leased"), job(2, NOW, "accepted"), job(3, NOW)];
    expect(ids(freshRows(head, recent, {}))).toEqual(ids([job(1, NOW)]));
  });

  it("are no older ones, and none that the filter leaves out", () => {
    expect(freshRows(head, [job(9, NOW), job(10, NOW)], {})).toEqual([]);
    expect(ids(freshRows([], [job(2, NOW), job(3, NOW)], { market: "aitbc" }))).toEqual(ids([job(2, NOW)]));
  });

  it("are told apart where two markets' leases have the same id", () => {
    const mine = job(3, NOW, "settled", { market: "aicf" });
    const other = job(3, NOW + 5, "leased", { market: "aitbc" });
    expect(freshRows([mine], [other], {})).toEqual([other]);
  });

  it("match by every part of the filter that a row can tell", () => {
    const row = job(1, NOW, "failed");
    expect(matches(row, { states: ["failed", "lost"], model: row.model, text: row.jobId.slice(0, 5) })).toBe(
      true,
    );
    expect(matches(row, { states: ["settled"] })).toBe(false);
    expect(matches(row, { text: "nothing" })).toBe(false);
    expect(matches(row, { device: "cpu" }), "only the ledger knows its device").toBe(false);
  });
});
