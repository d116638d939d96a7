import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCpuTemperature } from "../../../../src/engine/device/cpu-temperature.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

function hwmon(...monitors: { name: string; milli: string }[]): string {
  const folder = tempFolder();
  for (const [i, { name, milli }] of monitors.entries()) {
    mkdirSync(join(folder, `hwmon${i}`));
    writeFileSync(join(folder, `hwmon${i}`, "name"), `${name}\n`);
    writeFileSync(join(folder, `hwmon${i}`, "temp1_input"), `${milli}\n`);
  }
  return folder;
}

test("is the CPU's sensor, not the disk's", async () => {
  expect(
    await readCpuTemperature(hwmon({ name: "nvme", milli: "38850" }, { name: "k10temp", milli: "61250" })),
  ).toBe(61.25);
});

test("is unknown without a CPU sensor, with one that says nothing, and without hwmon at all", async () => {
  expect(await readCpuTemperature(hwmon({ name: "nvme", milli: "38850" }))).toBeNull();
  expect(await readCpuTemperature(hwmon({ name: "coretemp", milli: "" }))).toBeNull();
  expect(await readCpuTemperature("/nonexistent/hwmon")).toBeNull();
});
