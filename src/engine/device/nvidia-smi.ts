/**
 * What nvidia-smi says, read tolerantly: unknown is null, never 0; a bad row costs itself only.
 *
 * `--query-gpu=… --format=csv,noheader,nounits`: one row per GPU. One field that the driver does not know fails the
 * whole query, so there is a full list and a short one that every driver since 2014 knows. Error lines may stand
 * between rows. A MIG parent has its utilisation at [N/A]; its slices appear in `nvidia-smi -L` only.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { MIB, SECOND } from "../../shared/durations.ts";

const TIMEOUT = 5 * SECOND;
const MOST_OUTPUT = 4 * MIB;

const SHORT_FIELDS = [
  "index",
  "uuid",
  "name",
  "driver_version",
  "memory.total",
  "memory.used",
  "utilization.gpu",
  "temperature.gpu",
  "power.draw",
] as const;
const FULL_FIELDS = [...SHORT_FIELDS, "compute_cap", "mig.mode.current"] as const;

export interface GpuRow {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly driverVersion: string | null;
  readonly memoryTotalMb: number | null;
  readonly memoryUsedMb: number | null;
  readonly utilisationPct: number | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
  readonly computeCap: string | null;
  readonly migEnabled: boolean;
  /** The driver wants this GPU reset before it works again. */
  readonly needsReset: boolean;
}

export interface GpuTable {
  readonly gpus: readonly GpuRow[];
  /** Lines that are no rows: what the driver complains about, in its own words. */
  readonly complaints: readonly string[];
}

export interface MigSlice {
  readonly uuid: string;
  /** Such as "3g.40gb". */
  readonly profile: string;
  readonly parentIndex: number;
}

/** Why nothing can be said about GPUs, in words. */
export class NoNvidiaDriver extends Error {
  override readonly name = "NoNvidiaDriver";
}

export interface SmiOptions {
  /** Programs to try in this order; default: where each platform has it. */
  readonly programs?: readonly string[];
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Asks for every GPU. Throws NoNvidiaDriver with the reason, or the signal's reason. */
export async function queryGpus(options: SmiOptions = {}): Promise<GpuTable> {
  const full = await runSmi(queryArguments(FULL_FIELDS), options);
  if (!isUnknownField(full)) return parseAnswer(full, FULL_FIELDS);
  return parseAnswer(await runSmi(queryArguments(SHORT_FIELDS), options), SHORT_FIELDS);
}

/** The MIG slices of all GPUs; empty when there are none or the list can't be had. */
export async function listMigSlices(options: SmiOptions = {}): Promise<MigSlice[]> {
  const { exitCode, stdout } = await runSmi(["-L"], options);
  return exitCode === 0 ? parseMigSlices(stdout) : [];
}

// ── Parsing ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Rows of `csv,noheader,nounits` (units are put up with), in the order of `fields`. */
export function parseGpuTable(csv: string, fields: readonly string[] = FULL_FIELDS): GpuTable {
  const gpus: GpuRow[] = [];
  const complaints: string[] = [];
  for (const line of csv.split(/\r?\n/).filter((line) => line.trim() !== "")) {
    const row = parseRow(line, fields);
    if (row) gpus.push(row);
    else complaints.push(line.trim());
  }
  return { gpus, complaints };
}

/** Lines of `nvidia-smi -L`: a GPU line, then indented MIG lines of its slices. */
export function parseMigSlices(list: string): MigSlice[] {
  const slices: MigSlice[] = [];
  let parentIndex: number | null = null;
  for (const line of list.split(/\r?\n/)) {
    const gpu = /^GPU (\d+):/.exec(line);
    if (gpu) parentIndex = Number(gpu[1]);
    const mig = /^\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[^)]+)\)/.exec(line);
    const [, profile, uuid] = mig ?? [];
    if (profile && uuid && parentIndex !== null) slices.push({ uuid, profile, parentIndex });
  }
  return slices;
}

function parseRow(line: string, fields: readonly string[]): GpuRow | null {
  const cells = splitRow(line, fields);
  if (!cells) return null;
  const cell = (field: string) => cells.get(field) ?? "";
  const index = numberOf(cell("index"));
  const uuid = cell("uuid");
  if (index === null || !Number.isInteger(index) || !/^(GPU|MIG)-\S+$/.test(uuid)) return null;
  return {
    index,
    uuid,
    name: textOf(cell("name")) ?? "NVIDIA GPU",
    driverVersion: textOf(cell("driver_version")),
    memoryTotalMb: numberOf(cell("memory.total")),
    memoryUsedMb: numberOf(cell("memory.used")),
    utilisationPct: numberOf(cell("utilization.gpu")),
    temperatureC: numberOf(cell("temperature.gpu")),
    powerW: numberOf(cell("power.draw")),
    computeCap: textOf(cell("compute_cap")),
    migEnabled: cell("mig.mode.current") === "Enabled",
    needsReset: [...cells.values()].some((value) => /GPU requires reset/i.test(value)),
  };
}

/** By field name. nvidia-smi quotes nothing, so surplus commas can only belong to the name. */
function splitRow(line: string, fields: readonly string[]): Map<string, string> | null {
  const parts = line.split(",").map((part) => part.trim());
  const surplus = parts.length - fields.length;
  const name = fields.indexOf("name");
  if (surplus < 0 || (surplus > 0 && name === -1)) return null;
  if (surplus > 0) parts.splice(name, surplus + 1, parts.slice(name, name + surplus + 1).join(", "));
  return new Map(fields.map((field, i) => [field, parts[i] ?? ""]));
}

/** "[N/A]", "N/A", "ERR!", "[Unknown Error]", "[Insufficient Permissions]", "": all of them mean unknown. */
function textOf(cell: string): string | null {
  return cell === "" || cell === "N/A" || cell === "ERR!" || /^\[.*\]$/.test(cell) ? null : cell;
}

/** A plain decimal number, with or without its unit; anything else is unknown. */
function numberOf(cell: string): number | null {
  const number = /^(-?\d+(?:\.\d+)?)(?: (?:%|W|MiB|C))?$/.exec(cell)?.[1];
  return number === undefined ? null : Number(number);
}

// ── Running ────────────────────────────────────────────────────────────────────────────────────────────────────────

interface SmiAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function queryArguments(fields: readonly string[]): string[] {
  return [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"];
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

async function runSmi(args: readonly string[], options: SmiOptions): Promise<SmiAnswer> {
  for (const program of options.programs ?? smiPrograms()) {
    const answer = await runProgram(program, args, options);
    if (answer) return answer;
  }
  throw new NoNvidiaDriver("No NVIDIA driver answered: nvidia-smi not found");
}

/**
 * Null when there is no such program. The timer is our own: a program stuck in a hung driver can't even be killed, so
 * its end must not be waited for.
 */
function runProgram(
  program: string,
  args: readonly string[],
  options: SmiOptions,
): Promise<SmiAnswer | null> {
  const { signal, timeoutMs = TIMEOUT } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      { maxBuffer: MOST_OUTPUT, windowsHide: true, encoding: "utf8" },
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
