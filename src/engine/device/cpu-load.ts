/** The share of all cores that was not idle, between two looks. */
import { cpus } from "node:os";

export class CpuLoad {
  #last = cpuTimes();

  /** 0–100; null when no time has passed since the last look. */
  sinceLastTime(): number | null {
    const now = cpuTimes();
    const total = now.total - this.#last.total;
    const idle = now.idle - this.#last.idle;
    if (total <= 0) return null;
    this.#last = now;
    return Math.min(100, Math.max(0, 100 * (1 - idle / total)));
  }
}

function cpuTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total };
}
