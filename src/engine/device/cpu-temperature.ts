/**
 * The CPU's temperature from Linux's hwmon files, without starting a program: systeminformation would run a shell,
 * synchronously, for each reading. Elsewhere, and in most virtual machines, it is unknown.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Kernel drivers of CPU sensors: Intel, AMD, AMD (out of tree), ARM. */
const CPU_SENSORS = new Set(["coretemp", "k10temp", "zenpower", "cpu_thermal"]);

/** Degrees Celsius of the first CPU sensor; null: unknown. */
export async function readCpuTemperature(folder = "/sys/class/hwmon"): Promise<number | null> {
  for (const monitor of await readdir(folder).catch(() => [])) {
    const name = await read(join(folder, monitor, "name"));
    if (name === null || !CPU_SENSORS.has(name.trim())) continue;
    // temp1 is the package (coretemp), Tctl (k10temp) or the only one; in thousandths of a degree.
    const milli = Number.parseInt((await read(join(folder, monitor, "temp1_input"))) ?? "", 10);
    if (Number.isFinite(milli)) return milli / 1000;
  }
  return null;
}

function read(file: string): Promise<string | null> {
  return readFile(file, "utf8").catch(() => null);
}
