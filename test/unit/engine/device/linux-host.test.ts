import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { processorName, readBattery, readDistribution } from "../../../../src/engine/device/linux-host.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

describe("the machine, from Linux's files", () => {
  test.each([
    ["Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz", "Intel Core i7-9700K"],
    ["12th Gen Intel(R) Core(TM) i5-12400F", "12th Gen Intel Core i5-12400F"],
    ["Intel(R) Xeon(R) Platinum 8480+ @ 2.00GHz", "Intel Xeon Platinum 8480+"],
    ["AMD EPYC", "AMD EPYC"],
    ["", ""],
  ])("the processor %j is named %j", (model, name) => {
    expect(processorName(model)).toBe(name);
  });

  test("the distribution is named with its version, quoted or not", async () => {
    const file = join(tempFolder(), "os-release");
    writeFileSync(
      file,
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n',
    );
    expect(await readDistribution(file)).toBe("Debian GNU/Linux 12");
    writeFileSync(file, "ID=arch\nNAME=Arch\n");
    expect(await readDistribution(file)).toBe("Arch");
    expect(await readDistribution(`${file}-none`)).toBeNull();
  });

  test("the machine's own battery counts, a mouse's does not", async () => {
    const folder = tempFolder();
    const supply = (name: string, files: Record<string, string>) => {
      mkdirSync(join(folder, name));
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), `${text}\n`);
    };
    supply("AC", { type: "Mains", online: "1" });
    supply("hidpp_battery_0", { type: "Battery", scope: "Device", capacity: "50", status: "Discharging" });
    expect(await readBattery(folder)).toBeNull();
    supply("BAT0", { type: "Battery", capacity: "81", status: "Charging" });
    expect(await readBattery(folder)).toEqual({ charging: true, percent: 81 });
    expect(await readBattery(join(folder, "none"))).toBeNull();
  });
});
