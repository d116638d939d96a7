/** The pace of blocks is told from heights seen, and only when enough were seen. */
import { expect, test } from "vitest";
import { BlockPace } from "../../../../../src/engine/market/aicf/block-pace.ts";

test("blocks over time, once there are enough of both", () => {
  const pace = new BlockPace();
  expect(pace.msPerBlock).toBeNull();
  pace.note(100, 0);
  pace.note(102, 24_000);
  expect(pace.msPerBlock, "two blocks tell nothing").toBeNull();
  pace.note(105, 60_000);
  expect(pace.msPerBlock).toBe(12_000);
  pace.note(null, 70_000);
  pace.note(undefined, 80_000);
  expect(pace.msPerBlock).toBe(12_000);
});

test("many blocks at once, and a height that falls, begin anew", () => {
  const pace = new BlockPace();
  pace.note(100, 0);
  pace.note(5_000, 1_000);
  expect(pace.msPerBlock, "a second is no span").toBeNull();
  pace.note(50, 2_000);
  pace.note(60, 42_000);
  expect(pace.msPerBlock).toBe(4_000);
});
