import { describe, expect, it } from "vitest";
import { mergeRecent } from "../../../../src/renderer/jobs/job-pages.ts";
import type { JobRow } from "../../../../src/shared/contract/views.ts";
import { job } from "../../../e2e/ui/states.ts";

const NOW = 1_800_000_000_000;
const ids = (rows: readonly JobRow[]) => rows.map(({ leaseId }) => leaseId);

describe("mergeRecent", () => {
  const page = [job(2, NOW, "running"), job(3, NOW), job(4, NOW)];

  it("puts new jobs on top and newer versions in place", () => {
    const recent = [job(1, NOW, "leased"), job(2, NOW, "accepted"), job(3, NOW)];
    const merged = mergeRecent(page, recent, {});
    expect(ids(merged)).toEqual(ids([job(1, NOW), job(2, NOW), job(3, NOW), job(4, NOW)]));
    expect(merged[1]?.state).toBe("accepted");
  });

  it("lets go of a row that no longer matches the filter, and takes no new one that does not", () => {
    const recent = [job(1, NOW, "leased"), job(2, NOW, "accepted")];
    expect(mergeRecent([job(2, NOW, "running")], recent, { state: "running" })).toEqual([]);
    expect(ids(mergeRecent([], [job(2, NOW), job(3, NOW)], { market: "aitbc" }))).toEqual(ids([job(2, NOW)]));
  });

  it("does not put older jobs on top of a page that starts later", () => {
    const recent = [job(3, NOW), job(9, NOW), job(10, NOW)];
    expect(ids(mergeRecent(page, recent, {}))).toEqual(ids(page));
  });

  it("tells apart two markets' leases with the same id", () => {
    const mine = job(3, NOW, "settled", { market: "aicf" });
    const other = job(3, NOW + 5, "leased", { market: "aitbc" });
    expect(mergeRecent([mine], [other], {})).toEqual([other, mine]);
  });
});
