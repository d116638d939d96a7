/** Reads every worker of an inventory, a few at a time; one that does not answer is in the report with the reason. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { COMMANDS } from "../../shared/contract/contract.ts";
import { type FleetMeasure, type WorkerFacts, WorkerFactsSchema } from "../../shared/contract/fleet.ts";
import { MIB } from "../../shared/durations.ts";
import { AppError, type ErrorValue, ErrorValueSchema, toErrorValue } from "../../shared/errors.ts";
import { type ControlFile, ControlFileSchema, readControlFile } from "../control/control-file.ts";
import { controlFileOld, notAWorker, OtherVersion, unexpectedAnswer } from "./errors.ts";
import { exchange, shownAddress } from "./exchange.ts";
import type { Inventory, InventoryWorker, WorkerSource } from "./inventory.ts";
import { readPrometheus } from "./read-prometheus.ts";
import { factsOfState, type WorkerPlace, type WorkerReport } from "./report.ts";
import { factsOfSamples, parseSamples } from "./samples.ts";
import { ToldSchema, versionOf } from "./told-state.ts";

const AT_ONCE = 32;
/** A snapshot or a page of metrics is some hundred KiB. */
const LARGEST = 16 * MIB;

export interface FleetReport {
  readonly workers: readonly WorkerReport[];
  /** Prometheus did not answer, or scrapes nobody, so none of its machines is among them. */
  readonly prometheusError: ErrorValue | null;
}

/**
 * Workers named in the inventory first; one that Prometheus scrapes under the same name is not told twice.
 * `dark`: the names of those that were silent last time; they are asked last.
 */
export async function readFleet(
  { workers, prometheus }: Inventory,
  signal: AbortSignal,
  dark: ReadonlySet<string> = new Set(),
): Promise<FleetReport> {
  const [named, scraped] = await Promise.all([
    readNamed(workers, signal, dark),
    prometheus === null
      ? { workers: [], error: null }
      : readPrometheus(prometheus, signal).then(
          (found) => ({ workers: found, error: null }),
          (thrown: unknown) => ({ workers: [], error: toErrorValue(thrown) }),
        ),
  ]);
  const names = new Set(named.map(({ name }) => name));
  return {
    workers: [...named, ...scraped.workers.filter(({ name }) => !names.has(name))],
    prometheusError: scraped.error,
  };
}

/** In the order of the inventory, in whatever order they were asked. */
async function readNamed(
  workers: readonly InventoryWorker[],
  signal: AbortSignal,
  dark: ReadonlySet<string>,
): Promise<WorkerReport[]> {
  const reports: WorkerReport[] = [];
  const left = [...workers.entries()].sort(
    ([, a], [, b]) => Number(dark.has(a.name)) - Number(dark.has(b.name)),
  );
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, worker] = next;
      reports[index] = await readWorker(worker, signal);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return reports;
}

async function readWorker({ name, source }: InventoryWorker, signal: AbortSignal): Promise<WorkerReport> {
  const common = { name, readBy: source.kind, place: placeOf(source) };
  try {
    return { ...common, reached: true, facts: WorkerFactsSchema.parse(await factsFrom(source, signal)) };
  } catch (thrown) {
    return {
      ...common,
      reached: false,
      error: toErrorValue(thrown instanceof z.ZodError ? notAWorker(thrown) : thrown),
      ...(thrown instanceof OtherVersion ? { version: thrown.version } : {}),
    };
  }
}

function placeOf(source: WorkerSource): WorkerPlace {
  switch (source.kind) {
    case "data":
      return { where: source.folder, host: null, pod: null };
    case "control":
      return source.url === null ? { where: source.file, host: null, pod: null } : placeAt(source.url);
    case "metrics":
      return placeAt(source.url);
  }
}

const placeAt = (url: string): WorkerPlace => ({ where: shownAddress(url), host: hostOf(url), pod: null });

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function hostOf(url: string): string | null {
  const { hostname } = new URL(url);
  return LOOPBACK.test(hostname) ? null : hostname;
}

async function factsFrom(source: WorkerSource, signal: AbortSignal): Promise<WorkerFacts> {
  switch (source.kind) {
    case "data":
      return localFacts(source.folder, signal);
    case "control":
      return factsThrough(engineAt(readControl(source.file), source.url, signal)).catch((thrown) => {
        // Each start makes a new token: who knows the address and not the token has a copy of before.
        throw thrown instanceof AppError && thrown.code === "UNAUTHORIZED"
          ? controlFileOld(source.file, thrown)
          : thrown;
      });
    case "metrics":
      return factsOfSamples(parseSamples(await textAt(source.url, signal)));
  }
}

/** Nobody has the port that a control file names, or an engine of another folder, which does not know its token. */
const LEFT_BEHIND: ReadonlySet<string> = new Set(["WORKER_SILENT", "UNAUTHORIZED"]);

/** The live engine of a data folder before the demo, as everywhere in the CLI; a crash leaves its file behind. */
async function localFacts(folder: string, signal: AbortSignal): Promise<WorkerFacts> {
  for (const place of [join(folder, "live"), join(folder, "demo"), folder]) {
    const control = readControlFile(place);
    if (control === null) continue;
    try {
      return await factsThrough(engineAt(control, null, signal));
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !LEFT_BEHIND.has(thrown.code)) throw thrown;
    }
  }
  throw new AppError({
    code: "ENGINE_NOT_RUNNING",
    message: `No engine is running with the data folder ${folder}`,
    actor: "user",
    help: "Start it on that machine, or correct the folder in the inventory.",
  });
}

function readControl(file: string): ControlFile {
  try {
    return ControlFileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new AppError({
      code: "CONTROL_FILE_UNREADABLE",
      message: `${file} is no control.json of a running engine`,
      actor: "user",
      help: "Copy control.json from that engine's data folder; it is a new one after each start.",
      cause,
    });
  }
}

type ReadCommand = "state.snapshot" | "service.level";
type Ask = (command: ReadCommand, input: object) => Promise<unknown>;

/** Through a tunnel the engine is still asked under its own name: it answers to no other. */
function engineAt(control: ControlFile, url: string | null, signal: AbortSignal): Ask {
  return async (command, input) => {
    const { status, text } = await exchange(`${url ?? control.url}/api/command/${command}`, {
      signal,
      largest: LARGEST,
      method: "POST",
      headers: {
        host: new URL(control.url).host,
        authorization: `Bearer ${control.token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(input),
    });
    const body = jsonOf(text);
    if (status === 200) return body;
    const error = ErrorValueSchema.safeParse(body);
    throw error.success ? AppError.fromValue(error.data) : notAWorker();
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notAWorker(cause);
  }
}

async function factsThrough(ask: Ask): Promise<WorkerFacts> {
  const answer = await ask("state.snapshot", {});
  const told = ToldSchema.safeParse(answer);
  if (!told.success) {
    const version = versionOf(answer);
    throw version === null ? notAWorker(told.error) : new OtherVersion(version, told.error);
  }
  const { state } = told.data;
  const levels = await Promise.all(
    state.markets.map(async ({ id }) =>
      COMMANDS["service.level"].output.safeParse(await ask("service.level", { market: id })),
    ),
  );
  const service = levels.flatMap(({ data }): FleetMeasure[] => {
    const level = data?.level ?? null;
    return level === null ? [] : level.measures.map((measure) => ({ ...measure, market: level.market }));
  });
  return factsOfState(state, service);
}

async function textAt(url: string, signal: AbortSignal): Promise<string> {
  const { status, text } = await exchange(url, { signal, largest: LARGEST });
  if (status === 200) return text;
  throw unexpectedAnswer(url, status);
}
