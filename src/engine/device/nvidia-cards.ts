/**
 * NVIDIA's cards as the system knows them without NVIDIA's driver: only who they are. The last resort, for a person who
 * has a card and no driver; what a card can do only its driver tells.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { SECOND } from "../../shared/durations.ts";

const PCI_DEVICES = "/sys/bus/pci/devices";
const NVIDIA = "0x10de";
/** PCI class of what draws or computes: VGA, 3D and other display controllers. */
const DISPLAY_CLASS = /^0x03/;
/** Windows asks a PowerShell, Linux an lspci: no start waits for them longer. */
const PATIENCE = 5 * SECOND;
const UNNAMED = "NVIDIA GPU";

export interface NvidiaCard {
  /** PCI address, or on Windows a number; stable while the machine runs. */
  readonly id: string;
  readonly name: string;
}

/** Empty: none is known of. Never rejects. */
export async function readNvidiaCards(folder = PCI_DEVICES, names = askNames): Promise<NvidiaCard[]> {
  const slots = process.platform === "linux" ? await readSlots(folder) : null;
  // Linux's own files say in a moment whether it is worth starting a program for a name.
  if (slots?.length === 0) return [];
  const known = await names();
  if (slots === null) return known.map((name, index) => ({ id: String(index), name }));
  return slots.map((id, index) => ({ id, name: known[index] ?? UNNAMED }));
}

/** Addresses of NVIDIA's display controllers, in the system's order. */
async function readSlots(folder: string): Promise<string[]> {
  const all = (await readdir(folder).catch(() => [] as string[])).toSorted();
  const isOne = await Promise.all(
    all.map(async (slot) => {
      const read = (file: string) => readFile(join(folder, slot, file), "utf8").catch(() => "");
      return (await read("vendor")).trim() === NVIDIA && DISPLAY_CLASS.test(await read("class"));
    }),
  );
  return all.filter((_, index) => isOne[index]);
}

/** Through systeminformation, loaded only here: it starts a program. */
async function askNames(): Promise<string[]> {
  if (process.platform !== "linux" && process.platform !== "win32") return [];
  const { graphics } = await import("systeminformation");
  const timeout = new Promise<null>((resolve) => {
    setTimeout(() => resolve(null), PATIENCE).unref();
  });
  const found = await Promise.race([graphics().catch(() => null), timeout]);
  return (found?.controllers ?? [])
    .filter(({ vendor, model }) => /nvidia/i.test(`${vendor} ${model}`))
    .map(({ model }) => model.trim() || UNNAMED);
}
