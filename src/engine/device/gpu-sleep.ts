/**
 * Linux switches a laptop's GPU off when nobody uses it (runtime power management) and on again for whoever asks it
 * anything: these files say whether it sleeps without waking it. Elsewhere it is not known, and taken to be awake.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const PCI_DEVICES = "/sys/bus/pci/devices";

export interface GpuSleep {
  /** The system may switch it off by itself. */
  readonly maySleep: boolean;
  readonly sleeps: boolean;
}

export async function readGpuSleep(pciBusId: string | null, folder = PCI_DEVICES): Promise<GpuSleep> {
  if (pciBusId === null) return { maySleep: false, sleeps: false };
  const power = join(folder, sysfsName(pciBusId), "power");
  const [control, status] = await Promise.all([
    read(join(power, "control")),
    read(join(power, "runtime_status")),
  ]);
  return { maySleep: control === "auto", sleeps: status === "suspended" };
}

/** `00000000:0C:00.0` → `0000:0c:00.0`: sysfs writes the domain with four digits unless it needs more. */
function sysfsName(pciBusId: string): string {
  return pciBusId.toLowerCase().replace(/^0+(?=[0-9a-f]{4,}:)/, "");
}

async function read(file: string): Promise<string | null> {
  return (await readFile(file, "utf8").catch(() => null))?.trim() ?? null;
}
