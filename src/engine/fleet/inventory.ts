/**
 * The inventory of a fleet: which workers there are and how each is read. Every way only reads.
 *
 *   [[workers]]                      # an engine on this machine
 *   name = "office"
 *   data = "/var/lib/bellows"
 *
 *   [[workers]]                      # a control API at the end of a tunnel, and a copy of that engine's control.json
 *   name = "rack-1"
 *   control = "rack-1.json"
 *   url = "http://127.0.0.1:17117"
 *
 *   [[workers]]                      # what it tells everybody
 *   name = "rack-2"
 *   metrics = "http://rack-2:9108/metrics"
 *
 *   [prometheus]                     # every worker that a Prometheus scrapes
 *   url = "http://prometheus:9090"
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { ConfigError, type ConfigProblem } from "../config/config-error.ts";
import { type Content, readContent } from "../config/config-file.ts";
import { nearest } from "../config/suggest.ts";

const Name = z.string().min(1).max(120);
const Address = z.url({ protocol: /^https?$/, error: "is no http:// or https:// address" });
const File = z.string().min(1);

/** Of a Prometheus, unless somebody says another: as prometheus.yml of resources/deploy calls it. */
export const JOB = "bellows";
const WORKER_KEYS = ["name", "data", "control", "url", "metrics"] as const;
const WorkerSchema = z.strictObject({
  name: Name,
  data: File.optional(),
  control: File.optional(),
  url: Address.optional(),
  metrics: Address.optional(),
});
const InventorySchema = z.strictObject({
  workers: z.array(WorkerSchema).max(10_000).default([]),
  prometheus: z.strictObject({ url: Address, job: Name.default(JOB) }).optional(),
});

export type WorkerSource =
  | { readonly kind: "data"; readonly folder: string }
  | { readonly kind: "control"; readonly file: string; readonly url: string | null }
  | { readonly kind: "metrics"; readonly url: string };

export interface InventoryWorker {
  readonly name: string;
  readonly source: WorkerSource;
}

export interface Inventory {
  readonly workers: readonly InventoryWorker[];
  readonly prometheus: { readonly url: string; readonly job: string } | null;
}

/** As an inventory takes it: it may hold `user:password@`. */
export function isAddress(text: string): boolean {
  return Address.safeParse(text).success;
}

/** Paths in it count from its own folder. Throws ConfigError with everything that is wrong. */
export function readInventory(file: string): Inventory {
  if (!existsSync(file)) {
    const fix = "Write one as docs/cli.md shows under “A fleet”";
    throw new ConfigError([problem(file, "", "is not there", fix)]);
  }
  const content = readContent(file);
  const parsed = InventorySchema.safeParse(content.values);
  if (!parsed.success)
    throw new ConfigError(parsed.error.issues.map((issue) => problemOf(file, content, issue)));
  const { workers, prometheus = null } = parsed.data;
  const problems = [...workers.flatMap((worker) => sourceProblems(file, worker)), ...twice(file, workers)];
  if (workers.length === 0 && prometheus === null) {
    problems.push(
      problem(
        file,
        "workers",
        "is empty, and there is no [prometheus] either",
        "Name a worker under [[workers]]",
      ),
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const here = path.dirname(path.resolve(file));
  return {
    workers: workers.map((worker) => ({ name: worker.name, source: sourceOf(worker, here) })),
    prometheus,
  };
}

function sourceOf({ data, control, url, metrics }: z.infer<typeof WorkerSchema>, here: string): WorkerSource {
  if (data !== undefined) return { kind: "data", folder: path.resolve(here, data) };
  if (control !== undefined) return { kind: "control", file: path.resolve(here, control), url: url ?? null };
  return { kind: "metrics", url: metrics ?? "" };
}

/** Exactly one way to read it. */
function sourceProblems(file: string, worker: z.infer<typeof WorkerSchema>): ConfigProblem[] {
  const { name, data, control, url, metrics } = worker;
  const ways = [data, control, metrics].filter((way) => way !== undefined).length;
  const fix = "Give it one of data, control or metrics";
  if (ways === 0) return [problem(file, name, "says nowhere how it is read", fix)];
  if (ways > 1) return [problem(file, name, "says more than one way to read it", fix)];
  if (url !== undefined && control === undefined) {
    return [
      problem(
        file,
        name,
        "has a url without the control file that opens it",
        'Add control = "…/control.json"',
      ),
    ];
  }
  return [];
}

function twice(file: string, workers: readonly { readonly name: string }[]): ConfigProblem[] {
  const names = workers.map(({ name }) => name);
  const doubled = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...doubled].map((name) =>
    problem(file, name, "is there twice", "Give each worker a name of its own"),
  );
}

function problemOf(file: string, content: Content, issue: z.core.$ZodIssue): ConfigProblem {
  const name = issue.path.join(".") || "the file";
  const line = content.line(issue.path.filter((part) => typeof part === "string").join("."));
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    const known = issue.path.length === 0 ? ["workers", "prometheus"] : [...WORKER_KEYS, "job"];
    const guess = nearest(key, known);
    return {
      ...problem(
        file,
        key,
        "is nothing an inventory has",
        guess ? `Did you mean ${guess}?` : `There are ${known.join(", ")}`,
      ),
      line,
    };
  }
  return { ...problem(file, name, `is wrong: ${issue.message}`, "See docs/cli.md, “A fleet”"), line };
}

function problem(file: string, name: string, reason: string, fix: string): ConfigProblem {
  return { name, value: null, reason, fix, file, line: null };
}
