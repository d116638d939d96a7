import { writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MINIMUM_SIZE,
  placeWindow,
  readWindowState,
  writeWindowState,
} from "../../../src/main/window-state.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const SCREEN = { x: 0, y: 0, width: 1920, height: 1040 };
const RIGHT = { x: 1920, y: 0, width: 2560, height: 1400 };
const there = { x: 2000, y: 100, width: 1280, height: 800, maximised: false };

describe("placeWindow", () => {
  it("opens where it was, on whichever screen", () => {
    expect(placeWindow(there, [SCREEN, RIGHT])).toEqual(there);
  });

  it("opens on the first screen when its own was unplugged", () => {
    expect(placeWindow(there, [SCREEN])).toEqual({ width: 1280, height: 800, maximised: false });
  });

  it("fits a small screen the first time, and keeps being maximised", () => {
    expect(placeWindow(null, [{ x: 0, y: 0, width: 1024, height: 600 }])).toEqual({
      width: 1024,
      height: 600,
      maximised: false,
    });
    expect(placeWindow({ ...there, maximised: true }, [SCREEN]).maximised).toBe(true);
  });

  it("always leaves something of the title bar to grab, and a usable size", () => {
    const coordinate = fc.integer({ min: -6_000, max: 6_000 });
    const size = fc.integer({ min: 1, max: 9_000 });
    fc.assert(
      fc.property(coordinate, coordinate, size, size, (x, y, width, height) => {
        const placed = placeWindow({ x, y, width, height, maximised: false }, [SCREEN, RIGHT]);
        expect(placed.width).toBeGreaterThanOrEqual(MINIMUM_SIZE.width);
        expect(placed.height).toBeGreaterThanOrEqual(MINIMUM_SIZE.height);
        if (placed.x === undefined || placed.y === undefined) return;
        const { x: left, y: top } = placed;
        const grabbable = [SCREEN, RIGHT].some(
          (screen) =>
            left < screen.x + screen.width &&
            left + placed.width > screen.x &&
            top < screen.y + screen.height &&
            top >= screen.y - 40,
        );
        expect(grabbable).toBe(true);
      }),
    );
  });
});

describe("the window's file", () => {
  it("gives back what was written, and nothing for a damaged or missing one", () => {
    const file = path.join(tempFolder(), "desktop", "window.json");
    expect(readWindowState(file)).toBeNull();
    writeWindowState(file, there);
    expect(readWindowState(file)).toEqual(there);
    writeFileSync(file, '{"x": 1, "y": "2"');
    expect(readWindowState(file)).toBeNull();
    writeFileSync(file, JSON.stringify({ ...there, width: -4 }));
    expect(readWindowState(file)).toBeNull();
  });

  it("is not worth an error where it can't be written", () => {
    const folder = tempFolder();
    writeFileSync(path.join(folder, "desktop"), "a file in the way");
    expect(() => writeWindowState(path.join(folder, "desktop", "window.json"), there)).not.toThrow();
  });
});
