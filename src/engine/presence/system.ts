/** What the system tells of its person without starting a program for each look: power supply and running programs. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isListed } from "./programs.ts";

/** From Linux's /sys; null: not told (a desktop computer has no such files and is not on battery: false). */
export async function readOnBattery(folder = "/sys/class/power_supply"): Promise<boolean | null> {
  if (process.platform !== "linux") return null;
  const supplies = await readdir(folder).catch(() => []);
  const read = (name: string, file: string) => readText(join(folder, name, file));
  let batteries = 0;
  let discharging = false;
  for (const name of supplies) {
    const type = await read(name, "type");
    // A mouse has a battery too; it says what it powers.
    if ((await read(name, "scope")) === "Device") continue;
    if ((type === "Mains" || type === "USB") && (await read(name, "online")) === "1") return false;
    if (type !== "Battery") continue;
    batteries++;
    if ((await read(name, "status")) === "Discharging") discharging = true;
  }
  return batteries > 0 && discharging;
}

/** The first running program that is on the list; from Linux's /proc, elsewhere null. */
export async function findListedProgram(list: readonly string[], folder = "/proc"): Promise<string | null> {
  if (list.length === 0 || process.platform !== "linux") return null;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const command = (await readText(join(folder, name, "cmdline")))?.split("\0")[0] ?? "";
    // Wine shows a Windows path; the kernel's own threads have no command.
    if (command !== "" && isListed(command, list)) return command;
  }
  return null;
}

async function readText(file: string): Promise<string | null> {
  return (await readFile(file, "utf8").catch(() => null))?.trim() ?? null;
}
