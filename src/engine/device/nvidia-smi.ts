/**
 * nvidia-smi, run as a program: the way to ask for GPUs where NVML can't be called. One field that the driver does not
 * know fails the whole query, so there are lists from full to short; the one that worked is remembered.
 */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { MIB, SECOND } from "../../shared/durations.ts";
import type { GpuProcess, GpuReading, GpuTable } from "../../shared/gpu/reading.ts";
import { plainEnvironment } from "../../shared/secret-variables.ts";
import { say } from "../../shared/words/said.ts";
import { type GpuSource, NoNvidiaDriver } from "./gpu-source.ts";
import {
  FULL_FIELDS,
  type MigSlice,
  OLDER_FULL_FIELDS,
  PROCESS_FIELDS,
  parseCudaVersion,
  parseGpuTable,
  parseMigSlices,
  parseProcesses,
  SHORT_FIELDS,
} from "./smi-text.ts";

const TIMEOUT = 5 * SECOND;
const MOST_OUTPUT = 4 * MIB;
/** What changes seldom is asked for no more often than this: each question starts a program. */
const ASIDE_FRESH = 10 * SECOND;

const FIELD_LISTS = [FULL_FIELDS, OLDER_FULL_FIELDS, SHORT_FIELDS];

export interface SmiOptions {
  /** Programs to try in this order; default: where each platform has it. */
  readonly programs?: readonly string[];
  readonly timeoutMs?: number;
}

interface RunOptions extends SmiOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What stands in other tables than the GPUs' own. */
interface Aside {
  readonly at: number;
  readonly cudaVersion: string | null;
  readonly slices: readonly MigSlice[];
  /** Null: could not be asked. */
  readonly processes: ReadonlyMap<string, readonly GpuProcess[]> | null;
}

export class NvidiaSmi implements GpuSource {
  readonly #options: SmiOptions;
  /** Index of the first list that is worth trying with this driver. */
  #list = 0;
  #aside: Aside | null = null;

  constructor(options: SmiOptions = {}) {
    this.#options = options;
  }

  async read(signal?: AbortSignal): Promise<GpuTable> {
    const options = { ...this.#options, signal };
    const { gpus, complaints } = await this.#query(options);
    if (gpus.length === 0) return { gpus, complaints };
    const aside = await this.#lookAside(gpus, options);
    return { gpus: gpus.map((gpu) => withAside(gpu, aside)), complaints };
  }

  close(): void {
    // Perhaps another driver answers the next time.
    this.#list = 0;
    this.#aside = null;
  }

  async #query(options: RunOptions): Promise<GpuTable> {
    for (; ; this.#list++) {
      const fields = FIELD_LISTS[this.#list] ?? SHORT_FIELDS;
      const answer = await runSmi(csvQuery("gpu", fields), options);
      if (!isUnknownField(answer) || fields === SHORT_FIELDS) return parseAnswer(answer, fields);
    }
  }

  async #lookAside(gpus: readonly GpuReading[], options: RunOptions): Promise<Aside> {
    const known = this.#aside;
    if (known && performance.now() - known.at < ASIDE_FRESH) return known;
    const migEnabled = gpus.some((gpu) => gpu.migEnabled);
    const [processes, list, head] = await Promise.all([
      textOrNull(csvQuery("compute-apps", PROCESS_FIELDS), options),
      migEnabled ? textOrNull(["-L"], options) : null,
      known?.cudaVersion ? null : textOrNull([], options),
    ]);
    this.#aside = {
      at: performance.now(),
      cudaVersion: known?.cudaVersion ?? (head === null ? null : parseCudaVersion(head)),
      slices: list === null ? (known?.slices ?? []) : parseMigSlices(list),
      processes: processes === null ? null : parseProcesses(processes),
    };
    return this.#aside;
  }
}

const UNKNOWN_MEMORY = { memoryTotalMb: null, memoryUsedMb: null, memoryFreeMb: null };

function withAside(gpu: GpuReading, { cudaVersion, slices, processes }: Aside): GpuReading {
  const own = slices.filter((slice) => slice.parentIndex === gpu.index);
  return {
    ...gpu,
    cudaVersion,
    // nvidia-smi tells a slice's profile, not its exact memory.
    migDevices: gpu.migEnabled ? own.map(({ uuid, profile }) => ({ uuid, profile, ...UNKNOWN_MEMORY })) : [],
    processes: processes && [...(processes.get(gpu.uuid) ?? [])],
  };
}

interface SmiAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function csvQuery(table: "gpu" | "compute-apps", fields: readonly string[]): string[] {
  return [`--query-${table}=${fields.join(",")}`, "--format=csv,noheader,nounits"];
}

/** Null when it failed: what is asked for aside is not worth losing the readings for. Throws only when aborted. */
async function textOrNull(args: readonly string[], options: RunOptions): Promise<string | null> {
  try {
    const { exitCode, stdout } = await runSmi(args, options);
    return exitCode === 0 ? stdout : null;
  } catch (thrown) {
    if (thrown instanceof NoNvidiaDriver) return null;
    throw thrown;
  }
}

function isUnknownField(answer: SmiAnswer): boolean {
  return answer.exitCode !== 0 && /is not a valid field to query/i.test(answer.stdout + answer.stderr);
}

function parseAnswer(answer: SmiAnswer, fields: readonly string[]): GpuTable {
  const table = parseGpuTable(answer.stdout, fields);
  // Some GPUs may answer although one is lost and the exit code says so.
  if (table.gpus.length > 0 || answer.exitCode === 0) return table;
  throw new NoNvidiaDriver(explainExit(answer));
}

/** Exit codes: nvidia-smi(1), RETURN VALUE. */
function explainExit({ exitCode, stdout, stderr }: SmiAnswer): string {
  const said = (stdout.trim() || stderr.trim()).split(/\r?\n/)[0]?.trim() ?? "";
  const inWords = EXIT_CODES[exitCode] ?? "nvidia-smi failed";
  return `No NVIDIA driver answered: ${inWords} (exit ${exitCode})${said ? `: ${said}` : ""}`;
}

const EXIT_CODES: Readonly<Record<number, string>> = {
  4: "nvidia-smi has no permission to ask it",
  6: "it found no GPU",
  8: "the GPU's power cables are not attached",
  9: "the driver is not loaded or can't be reached",
  12: "the driver's library (NVML) could not be found",
  13: "this nvidia-smi and the driver do not fit together",
  14: "the GPU's info ROM is damaged",
  15: "the GPU has fallen off the bus",
};

async function runSmi(args: readonly string[], options: RunOptions): Promise<SmiAnswer> {
  for (const program of options.programs ?? smiPrograms()) {
    const answer = await runProgram(program, args, options);
    if (answer) return answer;
  }
  throw new NoNvidiaDriver(say("reasonSmiMissing").text, { absent: true });
}

/**
 * Null when there is no such program. The timer is our own: a program stuck in a hung driver can't even be killed, so
 * its end must not be waited for.
 */
function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<SmiAnswer | null> {
  const { signal, timeoutMs = TIMEOUT } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      {
        maxBuffer: MOST_OUTPUT,
        windowsHide: true,
        encoding: "utf8",
        env: { ...plainEnvironment(process.env), LC_ALL: "C" },
      },
      (error, stdout, stderr) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        if (!error) resolve({ exitCode: 0, stdout, stderr });
        else if (error.code === "ENOENT" || error.code === "ENOTDIR") resolve(null);
        else if (typeof error.code === "number") resolve({ exitCode: error.code, stdout, stderr });
        else
          reject(
            new NoNvidiaDriver(`No NVIDIA driver answered: nvidia-smi could not be run (${error.message})`),
          );
      },
    );
    const abandon = (reason: unknown) => {
      reject(reason);
      child.kill("SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
    };
    const onAbort = () => abandon(signal?.reason);
    const timer = setTimeout(() => abandon(new NoNvidiaDriver(timedOut(timeoutMs))), timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
  });
}

function timedOut(timeoutMs: number): string {
  return `No NVIDIA driver answered: nvidia-smi did not end within ${timeoutMs / SECOND} s`;
}

function smiPrograms(): string[] {
  if (process.platform === "win32") {
    const windows = process.env.WINDIR ?? "C:\\Windows";
    return [join(windows, "System32", "nvidia-smi.exe"), "nvidia-smi.exe"];
  }
  // The second is where WSL has it, which is not always on PATH.
  return ["nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"];
}
