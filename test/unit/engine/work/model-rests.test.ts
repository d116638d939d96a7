import { expect, test } from "vitest";
import { ModelRests } from "../../../../src/engine/work/model-rests.ts";
import { HOUR, MINUTE } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";

const BROKEN = new AppError({ code: "MODEL_CORRUPT", message: "It does not load", actor: "machine" });

test("a model that does not load rests, longer each time, and what works is forgotten", () => {
  const rests = new ModelRests();
  rests.noteNotLoaded("m", BROKEN, HOUR);
  expect(rests.reason("m", HOUR + 3 * MINUTE - 1)).toBe(BROKEN);
  expect(rests.reason("m", HOUR + 3 * MINUTE)).toBeNull();
  rests.noteNotLoaded("m", BROKEN, 2 * HOUR);
  expect(rests.first(2 * HOUR + 6 * MINUTE - 1)).toEqual({ model: "m", error: BROKEN });
  expect(rests.first(2 * HOUR + 6 * MINUTE)).toBeNull();
  rests.noteSuccess("m");
  rests.noteNotLoaded("m", BROKEN, 3 * HOUR);
  expect(rests.reason("m", 3 * HOUR + 3 * MINUTE)).toBeNull();
});

test("it does not rest for hours because the clock was set back by them", () => {
  const rests = new ModelRests();
  rests.noteNotLoaded("m", BROKEN, 5 * HOUR);
  expect(rests.reason("m", HOUR)).toBeNull();
});
