import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cadenceOf } from "../../../../src/engine/device/cadence.ts";
import { readDriverFootprint } from "../../../../src/engine/device/driver-footprint.ts";
import { readGpuSleep } from "../../../../src/engine/device/gpu-sleep.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

describe("the pace of readings", () => {
  test.each([
    ["nobody looks, nothing runs", { watched: false, working: false, waiting: false }, false, 30_000, true],
    ["a window shows them", { watched: true, working: false, waiting: false }, false, 1000, true],
    ["a GPU was left to somebody else", { watched: false, working: false, waiting: true }, false, 5000, true],
    ["a job runs", { watched: false, working: true, waiting: false }, false, 1000, true],
    [
      "a job runs on a GPU that could sleep",
      { watched: false, working: true, waiting: false },
      true,
      1000,
      true,
    ],
    [
      "a window shows a GPU that could sleep",
      { watched: true, working: false, waiting: false },
      true,
      30_000,
      false,
    ],
    [
      "nobody looks at a GPU that could sleep",
      { watched: false, working: false, waiting: false },
      true,
      30_000,
      false,
    ],
  ])("%s", (_, attention, maySleep, everyMs, holdOpen) => {
    expect(cadenceOf(attention, { maySleep, onBattery: null })).toEqual({ everyMs, holdOpen });
  });

  test("somebody looks at a GPU that could sleep: often at the plug, seldom on the battery", () => {
    const watched = { watched: true, working: false, waiting: false };
    expect(cadenceOf(watched, { maySleep: true, onBattery: false })).toEqual({
      everyMs: 1000,
      holdOpen: false,
    });
    expect(cadenceOf(watched, { maySleep: true, onBattery: true })).toEqual({
      everyMs: 30_000,
      holdOpen: false,
    });
    const alone = { ...watched, watched: false };
    expect(cadenceOf(alone, { maySleep: true, onBattery: false }).everyMs).toBe(30_000);
  });
});

describe("whether a GPU sleeps", () => {
  function sysfs(name: string, control: string, status: string): string {
    const folder = tempFolder();
    mkdirSync(join(folder, name, "power"), { recursive: true });
    writeFileSync(join(folder, name, "power", "control"), `${control}\n`);
    writeFileSync(join(folder, name, "power", "runtime_status"), `${status}\n`);
    return folder;
  }

  test.each([
    ["auto", "suspended", { maySleep: true, sleeps: true }],
    ["auto", "active", { maySleep: true, sleeps: false }],
    ["on", "active", { maySleep: false, sleeps: false }],
    ["on", "unsupported", { maySleep: false, sleeps: false }],
  ])("control %s, status %s", async (control, status, expected) => {
    const folder = sysfs("0000:0c:00.0", control, status);
    expect(await readGpuSleep("00000000:0C:00.0", folder)).toEqual(expected);
  });

  test("a domain beyond four digits keeps them", async () => {
    const folder = sysfs("10000:0c:00.0", "auto", "suspended");
    expect((await readGpuSleep("00010000:0C:00.0", folder)).sleeps).toBe(true);
  });

  test("where it can't be known, it is awake", async () => {
    expect(await readGpuSleep("00000000:0C:00.0", "/nonexistent")).toEqual({
      maySleep: false,
      sleeps: false,
    });
    expect(await readGpuSleep(null)).toEqual({ maySleep: false, sleeps: false });
  });
});

test("the driver's footprint changes with its version and its GPUs", async () => {
  const folder = tempFolder();
  expect(await readDriverFootprint(join(folder, "none"))).toBe("");
  writeFileSync(join(folder, "version"), "NVRM version: 590.48.01\n");
  const bare = await readDriverFootprint(folder);
  mkdirSync(join(folder, "gpus", "0000:0c:00.0"), { recursive: true });
  const withGpu = await readDriverFootprint(folder);
  writeFileSync(join(folder, "version"), "NVRM version: 595.1\n");
  expect(new Set(["", bare, withGpu, await readDriverFootprint(folder)]).size).toBe(4);
});
