import { describe, expect, test } from "vitest";
import { FORMATS } from "../../../../src/renderer/activity/activity-file.ts";
import type { ActivityEvent } from "../../../../src/shared/contract/activity.ts";

const EVENT: ActivityEvent = {
  id: 7,
  at: Date.UTC(2026, 10, 22, 3, 4, 5),
  type: "market-error",
  level: "notice",
  market: "aicf",
  leaseId: "lease-1",
  text: 'It said "no",\nagain',
  detail: '{"code":"MARKET_ERROR"}',
};

describe("the log as a file", () => {
  test("is JSON, a line each, with the detail as it was written", () => {
    const line = FORMATS.jsonl.line(EVENT);
    expect(line.endsWith("}\n")).toBe(true);
    expect(JSON.parse(line)).toEqual({
      at: "2026-11-22T03:04:05.000Z",
      type: "market-error",
      level: "notice",
      market: "aicf",
      leaseId: "lease-1",
      text: EVENT.text,
      detail: { code: "MARKET_ERROR" },
    });
  });

  test("is CSV with quoted cells, and no formula for a spreadsheet", () => {
    expect(FORMATS.csv.head()).toBe("at,level,type,event,what,market,lease\r\n");
    expect(FORMATS.csv.line(EVENT)).toBe(
      '2026-11-22T03:04:05.000Z,notice,market-error,Market answered with an error,"It said ""no"",\nagain",aicf,lease-1\r\n',
    );
    expect(FORMATS.csv.line({ ...EVENT, text: "=1+1" })).toContain(",'=1+1,");
  });
});
