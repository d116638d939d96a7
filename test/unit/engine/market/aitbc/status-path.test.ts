/** Rule 6 of protocols/aitbc.md §12: status moves follow the legal path, and an offline GPU comes back another way. */
import { expect, test } from "vitest";
import {
  type GpuStatus,
  isLegalPut,
  planStatus,
  statusOf,
} from "../../../../../src/engine/market/aitbc/status-path.ts";

const ALL: GpuStatus[] = ["available", "booked", "in_use", "offline"];

test.each(ALL.flatMap((from) => ALL.map((to) => [from, to] as const)))(
  "%s → %s is reached by legal moves only",
  (from, to) => {
    let at = from;
    for (const step of planStatus(from, to)) {
      if (step.kind === "put") {
        expect(isLegalPut(at, step.status)).toBe(true);
        at = step.status;
      } else at = "available";
    }
    expect(at).toBe(to);
  },
);

test("the detours that were seen to be needed", () => {
  const words = (from: string, to: GpuStatus) =>
    planStatus(from, to).map((step) => (step.kind === "put" ? step.status : "register-again"));
  expect(words("available", "in_use")).toEqual(["booked", "in_use"]);
  expect(words("online", "in_use")).toEqual(["booked", "in_use"]);
  expect(words("booked", "offline")).toHaveLength(2);
  expect(words("offline", "available")).toEqual(["register-again"]);
  expect(words("offline", "in_use")).toEqual(["register-again", "booked", "in_use"]);
  expect(words("booked", "booked")).toEqual([]);
  expect(statusOf("a word nobody knows")).toBe("available");
});
