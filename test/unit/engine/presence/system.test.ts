import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findListedProgram, readOnBattery } from "../../../../src/engine/presence/system.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

function folderOf(entries: Record<string, Record<string, string>>): string {
  const folder = tempFolder();
  for (const [name, files] of Object.entries(entries)) {
    mkdirSync(join(folder, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), text);
  }
  return folder;
}

describe.skipIf(process.platform !== "linux")("what Linux tells of the machine", () => {
  const battery = (status: string, more: Record<string, string> = {}) => ({
    type: "Battery\n",
    status: `${status}\n`,
    ...more,
  });
  const mains = (online: string) => ({ type: "Mains\n", online: `${online}\n` });
  test.each([
    ["a desktop computer", {}, false],
    ["a laptop at its plug", { AC: mains("1"), BAT0: battery("Charging") }, false],
    ["a full one at its plug", { AC: mains("1"), BAT0: battery("Not charging") }, false],
    ["a laptop on its battery", { AC: mains("0"), BAT0: battery("Discharging") }, true],
    ["a tablet without a plug's file", { BAT0: battery("Discharging") }, true],
    ["charged over USB", { BAT0: battery("Discharging"), usb: { type: "USB\n", online: "1\n" } }, false],
    ["only a mouse has a battery", { mouse: battery("Discharging", { scope: "Device\n" }) }, false],
  ])("%s", async (_, supplies, onBattery) => {
    expect(await readOnBattery(folderOf(supplies))).toBe(onBattery);
  });

  test("finds a running program of the list, by the command it was started with", async () => {
    const proc = folderOf({
      "1": { cmdline: "/sbin/init\0splash\0" },
      "7": { cmdline: "" },
      "812": { cmdline: "Z:\\games\\eldenring.exe\0-window\0" },
      self: { cmdline: "eldenring.exe\0" },
    });
    expect(await findListedProgram(["EldenRing"], proc)).toBe("Z:\\games\\eldenring.exe");
    expect(await findListedProgram(["splash"], proc)).toBeNull();
    expect(await findListedProgram([], proc)).toBeNull();
  });
});
