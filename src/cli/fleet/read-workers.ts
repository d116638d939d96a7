/** Reads every worker of an inventory, a few at a time; one that does not answer is in the report with the reason. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ControlFile, ControlFileSchema } from "../../engine/control/control-file.ts";
import {
  COMMANDS,
  type CommandInput,
  type CommandName,
  type CommandOutput,
} from "../../shared/contract/contract.ts";
import type { State } from "../../shared/contract/views.ts";
import { AppError, ErrorValueSchema, toErrorValue } from "../../shared/errors.ts";
import { connectTo } from "../engine-client.ts";
import { type Answer, exchange } from "./exchange.ts";
import type { Inventory, InventoryWorker } from "./inventory.ts";
import { type FleetMeasure, factsOfState, type WorkerFacts, type WorkerReport } from "./report.ts";
import { factsOfSamples, parseSamples, QueryAnswerSchema, type Sample, samplesOfAnswer } from "./samples.ts";

const AT_ONCE = 16;
/** All series that a report is made of, and no histogram: a fleet of thousands has few samples each. */
const REPORTED = [
  "up|process_start_time_seconds",
  "bellows_(build_info|intent|headline|jobs_total)",
  "bellows_(gpu_info|gpu_utilization_ratio|gpu_temperature_celsius|gpu_power_watts|device_usable|device_state)",
  "bellows_market_(up|leases_held|last_heartbeat_timestamp_seconds)",
  "bellows_earnings_(settled_total|pending)",
  "bellows_sla_(value|limit|distance|level)",
].join("|");

type Invoke = <C extends CommandName>(command: C, input: CommandInput<C>) => Promise<CommandOutput<C>>;

/** Workers named in the inventory first; one that Prometheus scrapes under the same name is not told twice. */
export async function readFleet({ workers, prometheus }: Inventory): Promise<WorkerReport[]> {
  const [named, scraped] = await Promise.all([
    fewAtOnce(workers, readWorker),
    prometheus === null ? [] : readPrometheus(prometheus),
  ]);
  const names = new Set(named.map(({ name }) => name));
  return [...named, ...scraped.filter(({ name }) => !names.has(name))];
}

async function fewAtOnce<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = [...items.entries()];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, item] = next;
      results[index] = await act(item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}

async function readWorker({ name, source }: InventoryWorker): Promise<WorkerReport> {
  try {
    return { name, readBy: source.kind, reached: true, facts: await factsFrom(source) };
  } catch (thrown) {
    return { name, readBy: source.kind, reached: false, error: toErrorValue(thrown) };
  }
}

async function factsFrom(source: InventoryWorker["source"]): Promise<WorkerFacts> {
  switch (source.kind) {
    case "data":
      return factsThrough(await localEngine(source.folder));
    case "control":
      return factsThrough(remoteEngine(readControl(source.file), source.url));
    case "metrics":
      return factsOfSamples(parseSamples(textOf(await exchange(source.url))));
  }
}

/** The live engine of a data folder before the demo, as everywhere in the CLI. */
async function localEngine(folder: string): Promise<Invoke> {
  for (const place of [join(folder, "live"), join(folder, "demo"), folder]) {
    const client = await connectTo(place);
    if (client !== null) return (command, input) => client.invoke(command, input);
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

/** Through a tunnel the engine is still asked under its own name: it answers to no other. */
function remoteEngine(control: ControlFile, url: string | null): Invoke {
  return async <C extends CommandName>(command: C, input: CommandInput<C>) => {
    const answer = await exchange(`${url ?? control.url}/api/command/${command}`, {
      method: "POST",
      headers: {
        host: new URL(control.url).host,
        authorization: `Bearer ${control.token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(input),
    });
    const body: unknown = JSON.parse(answer.text);
    if (answer.status !== 200) throw AppError.fromValue(ErrorValueSchema.parse(body));
    return COMMANDS[command].output.parse(body) as CommandOutput<C>;
  };
}

async function factsThrough(invoke: Invoke): Promise<WorkerFacts> {
  const { state } = await invoke("state.snapshot", {});
  return factsOfState(state, await serviceOf(state, invoke));
}

async function serviceOf({ markets }: State, invoke: Invoke): Promise<FleetMeasure[]> {
  const levels = await Promise.all(
    markets.map(async ({ id }) => (await invoke("service.level", { market: id })).level),
  );
  return levels.flatMap((level) =>
    level === null ? [] : level.measures.map((measure) => ({ ...measure, market: level.market })),
  );
}

/** Every worker of a Prometheus' job, by its `instance`. Throws when Prometheus itself does not answer. */
async function readPrometheus({ url, job }: { url: string; job: string }): Promise<WorkerReport[]> {
  const query = `{job="${job.replaceAll(/["\\]/g, "\\$&")}", __name__=~"${REPORTED}"}`;
  const address = `${url.replace(/\/+$/, "")}/api/v1/query?query=${encodeURIComponent(query)}`;
  const answer = QueryAnswerSchema.parse(JSON.parse(textOf(await exchange(address))));
  const byInstance = new Map<string, Sample[]>();
  for (const sample of samplesOfAnswer(answer)) {
    const instance = sample.labels.instance ?? "";
    byInstance.set(instance, [...(byInstance.get(instance) ?? []), sample]);
  }
  return [...byInstance].map(([name, samples]) => reportOfScrape(name, samples));
}

function reportOfScrape(name: string, samples: readonly Sample[]): WorkerReport {
  const readBy = "prometheus";
  try {
    if (samples.some((sample) => sample.name === "up" && sample.value === 0)) throw notScraped();
    return { name, readBy, reached: true, facts: factsOfSamples(samples) };
  } catch (thrown) {
    return { name, readBy, reached: false, error: toErrorValue(thrown) };
  }
}

function notScraped(): AppError {
  return new AppError({
    code: "WORKER_DOWN",
    message: "Prometheus can't reach it",
    actor: "machine",
    help: "Look whether it runs, and whether METRICS_HOST lets Prometheus in.",
  });
}

function textOf({ status, text, url }: Answer): string {
  if (status === 200) return text;
  throw new AppError({
    code: "UNEXPECTED_ANSWER",
    message: `${url} answered ${status}`,
    actor: "user",
    help: "Check the address in the inventory.",
  });
}
