/**
 * The engine's own process, its runtimes and its files as series, measured for each scrape. Files are asked at once, some
 * microseconds each: through the thread pool a scrape would wait behind whatever else is read and hashed just now.
 */
import { readFileSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { DeviceView } from "../../shared/contract/views.ts";
import { KIB, SECOND } from "../../shared/durations.ts";
import { LEDGER_FILE } from "../ledger/database.ts";
import type { Series } from "./families.ts";

/** Every delay that matters to a lease is longer; each look wakes an engine that may have nothing else to do. */
const DELAY_RESOLUTION_MS = 2 * SECOND;
const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;

export class ProcessSeries {
  readonly #series: Series;
  readonly #dataFolder: string;
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });

  constructor(series: Series, dataFolder: string) {
    this.#series = series;
    this.#dataFolder = dataFolder;
    this.#delay.enable();
    series.processStart.set(Date.now() / SECOND - process.uptime());
  }

  /**
   * `outbox`: how many items, and how long the oldest has waited, ms; null: there is none. `copy`: of the ledger, how old
   * the newest is, ms; null: there is none.
   */
  set(
    devices: readonly Pick<DeviceView, "id" | "runtimePid">[],
    outbox: { readonly items: number; readonly ageMs: number | null },
    copy: { readonly ageMs: number | null; readonly hasFailed: boolean },
  ): void {
    this.#setEngine();
    this.#series.outbox.set(outbox.items);
    setOrRemove(this.#series.outboxAge, outbox.ageMs);
    setOrRemove(this.#series.ledgerCopyAge, copy.ageMs);
    this.#series.ledgerCopyFailed.set(copy.hasFailed ? 1 : 0);
    this.#setLedger();
    this.#setRuntimes(devices);
  }

  close(): void {
    this.#delay.disable();
  }

  #setEngine(): void {
    const { processCpu, processMemory, heapUsed, eventLoopP99, eventLoopMax } = this.#series;
    const { user, system } = process.cpuUsage();
    processCpu.reset();
    processCpu.inc((user + system) / MICROSECONDS);
    const { rss, heapUsed: heap } = process.memoryUsage();
    processMemory.set(rss);
    heapUsed.set(heap);
    // The histogram holds whole intervals: what is beyond the resolution is the delay. Empty, it says NaN and 0.
    const late = (ns: number) => Math.max(0, ns / NANOSECONDS - DELAY_RESOLUTION_MS / SECOND);
    if (this.#delay.count === 0) return;
    eventLoopP99.set(late(this.#delay.percentile(99)));
    eventLoopMax.set(late(this.#delay.max));
    this.#delay.reset();
  }

  #setLedger(): void {
    const { ledgerSize, ledgerFree } = this.#series;
    const file = join(this.#dataFolder, LEDGER_FILE);
    ledgerSize.set({ file: "main" }, sizeOf(file));
    ledgerSize.set({ file: "wal" }, sizeOf(`${file}-wal`));
    const free = freeBytes(this.#dataFolder);
    if (free === null) ledgerFree.remove();
    else ledgerFree.set(free);
  }

  #setRuntimes(devices: readonly Pick<DeviceView, "id" | "runtimePid">[]): void {
    const { runtimeProcesses, runtimeMemory } = this.#series;
    const running = devices.flatMap(({ id, runtimePid }) =>
      runtimePid === null ? [] : [{ id, runtimePid }],
    );
    runtimeProcesses.set(running.length);
    runtimeMemory.reset();
    for (const { id, runtimePid } of running) {
      const bytes = residentBytes(runtimePid);
      if (bytes !== null) runtimeMemory.set({ device: id }, bytes);
    }
  }
}

/** Without labels a gauge is told as 0 from the beginning: what there is not has to be taken out. */
function setOrRemove(gauge: Series["outboxAge"], ms: number | null): void {
  if (ms === null) gauge.remove();
  else gauge.set(ms / SECOND);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** null: the disk can't be asked. */
function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Linux tells it of any process for nothing; elsewhere it is unknown, as is that of one that has just ended. */
function residentBytes(pid: number): number | null {
  if (process.platform !== "linux") return null;
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kib === undefined ? null : Number(kib) * KIB;
  } catch {
    return null;
  }
}
