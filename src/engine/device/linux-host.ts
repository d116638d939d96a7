/** The machine as Linux's own files tell of it: no program is started, nothing is loaded. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { HostInfo } from "../../shared/contract/views.ts";

/** "Debian GNU/Linux 12" from /etc/os-release; null where there is none. */
export async function readDistribution(file = "/etc/os-release"): Promise<string | null> {
  const text = (await read(file)) ?? "";
  const field = (name: string) => new RegExp(`^${name}=["']?(.*?)["']?$`, "m").exec(text)?.[1] ?? "";
  return `${field("NAME")} ${field("VERSION_ID")}`.trim() || null;
}

/** The machine's own battery; null: it has none. */
export async function readBattery(folder = "/sys/class/power_supply"): Promise<HostInfo["battery"]> {
  for (const name of await readdir(folder).catch(() => [])) {
    const of = async (file: string) => (await read(join(folder, name, file)))?.trim();
    // A mouse has a battery too; it says what it powers.
    if ((await of("type")) !== "Battery" || (await of("scope")) === "Device") continue;
    const percent = Number(await of("capacity"));
    if (!Number.isFinite(percent)) continue;
    return { charging: (await of("status")) === "Charging", percent };
  }
  return null;
}

/** "Intel Core i7-9700K" from "Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz". */
export function processorName(model: string): string {
  return model
    .replace(/\((R|TM)\)/gi, "")
    .replace(/ (CPU )?@ .*$/, "")
    .replace(/ +/g, " ")
    .trim();
}

function read(file: string): Promise<string | null> {
  return readFile(file, "utf8").catch(() => null);
}
