/** The engine's own process, its runtimes and its files as series, measured for each scrape. */
import { readFile, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { DeviceView } from "../../shared/contract/views.ts";
import { KIB, SECOND } from "../../shared/durations.ts";
import { LEDGER_FILE } from "../ledger/database.ts";
import type { Series } from "./families.ts";

/** Ten looks a second show every delay that matters to a lease and cost nothing to speak of. */
const DELAY_RESOLUTION_MS = 100;
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

  async set(devices: readonly Pick<DeviceView, "id" | "runtimePid">[], outboxItems: number): Promise<void> {
    this.#setEngine();
    this.#series.outbox.set(outboxItems);
    await Promise.all([this.#setLedger(), this.#setRuntimes(devices)]);
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

  async #setLedger(): Promise<void> {
    const { ledgerSize, ledgerFree } = this.#series;
    const file = join(this.#dataFolder, LEDGER_FILE);
    const [main, wal, disk] = await Promise.all([
      sizeOf(file),
      sizeOf(`${file}-wal`),
      statfs(this.#dataFolder).catch(() => null),
    ]);
    ledgerSize.set({ file: "main" }, main);
    ledgerSize.set({ file: "wal" }, wal);
    if (disk === null) ledgerFree.remove();
    else ledgerFree.set(disk.bavail * disk.bsize);
  }

  async #setRuntimes(devices: readonly Pick<DeviceView, "id" | "runtimePid">[]): Promise<void> {
    const { runtimeProcesses, runtimeMemory } = this.#series;
    const running = devices.flatMap(({ id, runtimePid }) =>
      runtimePid === null ? [] : [{ id, runtimePid }],
    );
    const memory = await Promise.all(running.map(({ runtimePid }) => residentBytes(runtimePid)));
    runtimeProcesses.set(running.length);
    runtimeMemory.reset();
    for (const [index, { id }] of running.entries()) {
      const bytes = memory[index];
      if (bytes != null) runtimeMemory.set({ device: id }, bytes);
    }
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Linux tells it of any process for nothing; elsewhere it is unknown. */
async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? null : Number(kib) * KIB;
}
