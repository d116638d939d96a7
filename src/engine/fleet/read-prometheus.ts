/** Every worker of a Prometheus' job, each by its `instance`. */
import { type WorkerFacts, WorkerFactsSchema } from "../../shared/contract/fleet.ts";
import { MIB, SECOND } from "../../shared/durations.ts";
import { toErrorValue } from "../../shared/errors.ts";
import { nobodyScraped, notAWorker, notPrometheus, unexpectedAnswer, workerDown } from "./errors.ts";
import { exchange } from "./exchange.ts";
import type { WorkerReport } from "./report.ts";
import { factsOfSamples, type Sample, samplesOfAnswer } from "./samples.ts";

/** A Prometheus that knows thousands of workers answers with some megabytes. */
const LARGEST = 256 * MIB;
/**
 * It looks 10,000 machines up in some hundred thousand series, and sends tens of megabytes: more than a single worker is
 * given, and less than a look at all (desk.ts), so that its silence is told as its own.
 */
const WITHIN = 18 * SECOND;
/** All series that a report is made of, and no histogram: a fleet of thousands has few samples each. */
const REPORTED = [
  "up|process_start_time_seconds",
  "bellows_build_info",
  "bellows_(gpu_info|gpu_utilization_ratio|gpu_temperature_celsius|gpu_power_watts|device_usable)",
  "bellows_market_(up|leases_held|last_heartbeat_timestamp_seconds)",
  "bellows_earnings_(settled_total|pending)",
  "bellows_sla_(value|limit|distance|level)",
].join("|");
/** One of several is 1: only that one is asked for. */
const ONE_OF = "bellows_(intent|headline|device_state)";

function queryFor(job: string): string {
  const of = `job="${job.replaceAll(/["\\]/g, "\\$&")}"`;
  return [
    `{${of}, __name__=~"${REPORTED}"}`,
    `{${of}, __name__=~"${ONE_OF}"} == 1`,
    `bellows_jobs_total{${of}, status="accepted"}`,
  ].join(" or ");
}

/** Throws when Prometheus itself does not answer, is none, or knows nobody of that job. */
export async function readPrometheus(
  { url, job }: { readonly url: string; readonly job: string },
  signal: AbortSignal,
): Promise<WorkerReport[]> {
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/+$/, "")}/api/v1/query`;
  address.search = new URLSearchParams({ query: queryFor(job) }).toString();
  const { status, text } = await exchange(address.href, {
    signal,
    largest: LARGEST,
    within: WITHIN,
  });
  if (status !== 200) throw unexpectedAnswer(url, status);
  const samples = samplesIn(url, text);
  if (samples.length === 0) throw nobodyScraped(url, job);
  const byInstance = Map.groupBy(samples, ({ labels }) => labels.instance ?? "");
  const reports = [...byInstance].map(([instance, samples]) => reportOfScrape(instance, samples));
  // Pods of two namespaces may have one name; two addresses are two.
  const names = Map.groupBy(reports, ({ name }) => name);
  return reports.map((report) =>
    names.get(report.name)?.length === 1 ? report : { ...report, name: report.place.where },
  );
}

function samplesIn(url: string, text: string): Sample[] {
  try {
    return samplesOfAnswer(JSON.parse(text));
  } catch (cause) {
    throw notPrometheus(url, cause);
  }
}

/** A pod is known by its name: its address is another one after each start. */
function reportOfScrape(instance: string, samples: readonly Sample[]): WorkerReport {
  const { pod: name = null, namespace = "default" } = samples[0]?.labels ?? {};
  const pod = name === null ? null : { namespace, name };
  const place = { where: instance, host: pod === null ? instance.replace(/:\d+$/, "") : null, pod };
  const common = { name: name ?? instance, readBy: "prometheus", place } as const;
  try {
    return { ...common, reached: true, facts: factsOfScrape(samples) };
  } catch (thrown) {
    return { ...common, reached: false, error: toErrorValue(thrown) };
  }
}

function factsOfScrape(samples: readonly Sample[]): WorkerFacts {
  if (samples.some((sample) => sample.name === "up" && sample.value === 0)) throw workerDown();
  const facts = WorkerFactsSchema.safeParse(factsOfSamples(samples));
  if (!facts.success) throw notAWorker(facts.error);
  return facts.data;
}
