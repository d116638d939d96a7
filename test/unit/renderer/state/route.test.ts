import { describe, expect, it } from "vitest";
import { placeOf } from "../../../../src/renderer/state/route.ts";
import { SCREEN_NAMES } from "../../../../src/shared/screens.ts";

describe("the place an address names", () => {
  it.each(SCREEN_NAMES)("is the screen %s by its name", (screen) => {
    expect(placeOf(`#/${screen}`)).toBe(screen);
  });

  it("is Home where nothing is named, and the set-up by its own name", () => {
    expect(["", "#", "#/", "#token=x"].map(placeOf)).toEqual(["home", "home", "home", "home"]);
    expect(placeOf("#/welcome")).toBe("welcome");
  });

  it.each(["#/nonsense", "#/home/", "#/Home", "#/jobs?state=failed", "#/constructor"])(
    "is nowhere for %s: a wrong address does not pass for Home",
    (hash) => {
      expect(placeOf(hash)).toBe("nowhere");
    },
  );
});
