/** The machine around the GPUs, asked once: its processor, memory, system and whether it runs on a battery. */
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { battery, cpu, osInfo } from "systeminformation";
import type { HostInfo } from "../../shared/contract/views.ts";
import { MIB, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { withTimeout } from "../../shared/wait.ts";

/** Some of it is asked of other programs; none of it is worth a slow start. */
const PATIENCE = SECOND;

/** Never rejects: what can't be had in time is Node's own word, or null. */
export async function readHostInfo(): Promise<HostInfo> {
  const [processor, system, power] = await Promise.all([inTime(cpu()), inTime(osInfo()), inTime(battery())]);
  const named = `${processor?.manufacturer ?? ""} ${processor?.brand ?? ""}`.trim();
  return {
    cpu: named || cpus()[0]?.model.trim() || `${process.arch} CPU`,
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / MIB),
    os: system ? `${system.distro} ${system.release}`.trim() : `${process.platform} ${release()}`,
    wsl: isWsl(process.platform, release()),
    battery: power?.hasBattery ? { charging: power.isCharging, percent: power.percent } : null,
  };
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
