import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tellModelChecks } from "../../../src/engine/starting.ts";
import type { CatalogueModel } from "../../../src/shared/catalogue.ts";
import { SECOND } from "../../../src/shared/durations.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const model = (id: string) => ({ id, files: [{ bytes: 60 }, { bytes: 40 }] }) as unknown as CatalogueModel;

test("a start whose models are read within a second says nothing of them; a longer one says once a second how far it is", () => {
  const told: string[] = [];
  const note = tellModelChecks(async ({ doing }) => void told.push(doing.text));
  note(model("a"), 0);
  vi.advanceTimersByTime(SECOND - 1);
  note(model("b"), 10);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  note(model("b"), 30);
  note(model("b"), 60);
  expect(told).toEqual(["Checking the model b: 30 %"]);
  vi.advanceTimersByTime(SECOND);
  note(model("b"), 100);
  expect(told.at(-1)).toBe("Checking the model b: 100 %");
});
