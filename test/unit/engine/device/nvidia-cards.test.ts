import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readNvidiaCards } from "../../../../src/engine/device/nvidia-cards.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

/** A folder as /sys/bus/pci/devices. */
function pci(devices: Record<string, { vendor: string; class: string }>): string {
  const folder = tempFolder();
  for (const [slot, files] of Object.entries(devices)) {
    mkdirSync(join(folder, slot));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, slot, name), `${text}\n`);
  }
  return folder;
}

const never = () => Promise.reject(new Error("no program was to be started"));

describe.skipIf(process.platform !== "linux")("NVIDIA's cards without NVIDIA's driver", () => {
  test("are its display controllers, with the names that the system gives them", async () => {
    const folder = pci({
      "0000:00:02.0": { vendor: "0x8086", class: "0x030000" },
      "0000:01:00.0": { vendor: "0x10de", class: "0x030000" },
      "0000:01:00.1": { vendor: "0x10de", class: "0x040300" },
      "0000:02:00.0": { vendor: "0x10de", class: "0x030200" },
    });
    expect(await readNvidiaCards(folder, async () => ["GeForce RTX 3060"])).toEqual([
      { id: "0000:01:00.0", name: "GeForce RTX 3060" },
      { id: "0000:02:00.0", name: "NVIDIA GPU" },
    ]);
  });

  test("are none where there are none, and no program is started to find that out", async () => {
    const folder = pci({ "0000:00:02.0": { vendor: "0x8086", class: "0x030000" } });
    expect(await readNvidiaCards(folder, never)).toEqual([]);
    expect(await readNvidiaCards("/nonexistent", never)).toEqual([]);
  });
});
