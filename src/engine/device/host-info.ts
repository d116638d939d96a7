/** The machine around the GPUs, asked once: its processor, memory, system and whether it runs on a battery. */
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import type { HostInfo } from "../../shared/contract/views.ts";
import { MIB, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { withTimeout } from "../../shared/wait.ts";
import { processorName, readBattery, readDistribution } from "./linux-host.ts";

/** Some of it is asked of other programs; none of it is worth a slow start. */
const PATIENCE = SECOND;

/** Never rejects: what can't be had in time is Node's own word, or null. */
export async function readHostInfo(): Promise<HostInfo> {
  const { processor, system, battery } = await (process.platform === "linux" ? askFiles() : askPrograms());
  return {
    cpu: processor || `${process.arch} CPU`,
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / MIB),
    os: system ?? `${process.platform} ${release()}`,
    wsl: isWsl(process.platform, release()),
    battery,
  };
}

/** What of it changes while the machine runs. Null: it has none. Never rejects. */
export async function readBatteryNow(): Promise<HostInfo["battery"]> {
  if (process.platform === "linux") return readBattery();
  const { battery } = await import("systeminformation");
  return batteryOf(await inTime(battery()));
}

interface Answers {
  readonly processor: string;
  /** With its version. */
  readonly system: string | null;
  readonly battery: HostInfo["battery"];
}

async function askFiles(): Promise<Answers> {
  const [system, battery] = await Promise.all([readDistribution(), readBattery()]);
  return { processor: processorName(cpus()[0]?.model ?? ""), system, battery };
}

async function askPrograms(): Promise<Answers> {
  const ask = await import("systeminformation");
  const [processor, system, power] = await Promise.all([
    inTime(ask.cpu()),
    inTime(ask.osInfo()),
    inTime(ask.battery()),
  ]);
  const named = `${processor?.manufacturer ?? ""} ${processor?.brand ?? ""}`.trim();
  return {
    processor: named || (cpus()[0]?.model.trim() ?? ""),
    system: system ? `${system.distro} ${system.release}`.trim() : null,
    battery: batteryOf(power),
  };
}

function batteryOf(
  power: { hasBattery: boolean; isCharging: boolean; percent: number } | null,
): HostInfo["battery"] {
  return power?.hasBattery ? { charging: power.isCharging, percent: power.percent } : null;
}

/** Windows' Linux: its kernel says who built it. */
export function isWsl(platform: NodeJS.Platform, kernel: string): boolean {
  if (platform !== "linux") return false;
  return /microsoft|wsl/i.test(kernel) || /microsoft/i.test(kernelVersion());
}

function kernelVersion(): string {
  try {
    return readFileSync("/proc/version", "utf8");
  } catch {
    return "";
  }
}

async function inTime<T>(question: Promise<T>): Promise<T | null> {
  const tooSlow = () =>
    new AppError({ code: "HOST_SILENT", message: "The system did not answer in time", actor: "machine" });
  return withTimeout(question, PATIENCE, tooSlow).catch(() => null);
}
