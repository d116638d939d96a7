/** `bellows jobs`, `bellows jobs show`, `bellows receipt`: what was done, and the signed word for it. */
import fs from "node:fs";
import path from "node:path";
import { oneOf, wholeNumber } from "../../engine/config/parsers.ts";
import type { CommandInput, CommandOutput } from "../../shared/contract/contract.ts";
import { type JobDetail, type JobRow, JobStateSchema, MarketIdSchema } from "../../shared/contract/views.ts";
import { AppError } from "../../shared/errors.ts";
import { unitsText } from "../../shared/words/job-words.ts";
import type { CliContext } from "../context.ts";
import { dateTime, fields, marketName, money, orUnknown, short, table, UNKNOWN } from "../format.ts";
import type { JobsDesk } from "../jobs-desk.ts";
import { readFlag, usageError } from "../usage.ts";

const MOST_ROWS = 1000;
/** Fewer characters than this are no id but a slip. */
const SHORTEST_PREFIX = 4;

/** Text as typed. */
export interface JobsOptions {
  readonly limit?: string | undefined;
  readonly market?: string | undefined;
  readonly state?: string | undefined;
  readonly before?: string | undefined;
}

/** Throws USAGE for what can't be asked. */
export function jobsQuery(options: JobsOptions): CommandInput<"jobs.list"> {
  const { limit, market, state, before } = options;
  return {
    ...(limit === undefined ? {} : { limit: readFlag("--limit", limit, wholeNumber(1, MOST_ROWS)) }),
    ...(market === undefined
      ? {}
      : { market: readFlag("--market", market, oneOf(...MarketIdSchema.options)) }),
    ...(state === undefined ? {} : { state: readFlag("--state", state, oneOf(...JobStateSchema.options)) }),
    ...(before === undefined ? {} : { before }),
  };
}

export async function jobs(
  context: CliContext,
  desk: JobsDesk,
  query: CommandInput<"jobs.list">,
  options: { json: boolean },
): Promise<void> {
  const answer = await desk.list(query);
  if (options.json) return context.terminal.json(answer);
  for (const line of jobLines(answer.jobs)) context.terminal.print(line);
  if (answer.next !== null) context.terminal.note(`Older ones: add --before ${answer.next}`);
}

export function jobLines(rows: readonly JobRow[]): string[] {
  if (rows.length === 0) return ["No job matches."];
  return table<JobRow>(
    [
      { title: "Leased", value: (job) => dateTime(job.leasedAt) },
      { title: "Lease", value: (job) => job.leaseId },
      { title: "Market", value: (job) => marketName(job.market) },
      { title: "Model", value: (job) => short(job.model, 24) },
      { title: "Work", align: "right", value: (job) => unitsText(job) ?? UNKNOWN },
      { title: "State", value: (job) => job.state },
      { title: "Offered", align: "right", value: (job) => money(job.fee) },
      { title: "Earned", align: "right", value: (job) => money(job.earned) },
    ],
    rows,
  );
}

export async function showJob(
  context: CliContext,
  desk: JobsDesk,
  lease: string,
  options: { json: boolean },
): Promise<void> {
  const job = await findJob(desk, lease);
  if (options.json) return context.terminal.json(job);
  for (const line of jobDetailLines(job)) context.terminal.print(line);
}

export function jobDetailLines(job: JobDetail): string[] {
  return [
    ...fields([
      ["Lease", job.leaseId],
      ["Job", job.jobId],
      ["Market", marketName(job.market)],
      ["Work", [job.kind, job.model, unitsText(job)].filter(Boolean).join(", ")],
      ["State", job.state],
      ...(job.error === null ? [] : [["Why", job.error.message] as const]),
      ["Device", orUnknown(job.device)],
      ["Input, SHA3-256", orUnknown(job.inputSha3)],
      ["Result, SHA3-512", orUnknown(job.digest)],
      ["Offered", money(job.fee)],
      ["Earned", money(job.earned)],
      ["Receipt", job.receipt === null ? UNKNOWN : `bellows receipt ${job.leaseId}`],
      ["Result bytes", job.outputKept ? "kept here, for checks" : "not kept here"],
    ]),
    "",
    ...table(
      [
        { title: "When", value: (step) => dateTime(step.at) },
        { title: "State", value: (step) => step.state },
        { title: "Note", value: (step) => step.note ?? "" },
      ],
      job.timeline,
    ),
  ];
}

export async function receipt(
  context: CliContext,
  desk: JobsDesk,
  lease: string,
  options: { file?: string | undefined; json: boolean },
): Promise<void> {
  const job = await findJob(desk, lease);
  if (job.receipt === null) {
    throw new AppError({
      code: "NO_RECEIPT",
      message:
        job.digest === null
          ? `Job ${job.leaseId} has no receipt: it is ${job.state}`
          : `The receipt of job ${job.leaseId} is no longer kept`,
      actor: "user",
      help:
        job.digest === null
          ? "A receipt is made when the result is computed."
          : "BELLOWS_KEEP_RECEIPTS says how long receipts of finished jobs are kept.",
    });
  }
  const text = options.json ? JSON.stringify(JSON.parse(job.receipt)) : job.receipt.trimEnd();
  if (options.file === undefined) return context.terminal.print(text);
  const file = path.resolve(options.file);
  writeFile(file, `${text}\n`);
  context.terminal.note(`Written to ${file}`);
}

/** By its whole lease id or by the beginning of it, as the live log shows it: `lease_4941e47cd…`. */
async function findJob(desk: JobsDesk, lease: string): Promise<JobDetail> {
  try {
    return await desk.get(lease);
  } catch (thrown) {
    if (!(thrown instanceof AppError && thrown.code === "UNKNOWN_LEASE")) throw thrown;
    const prefix = lease.replace(/(…|\.\.\.)$/, "");
    const found = prefix.length < SHORTEST_PREFIX ? [] : await leasesBeginning(desk, prefix);
    const [only, another] = found;
    if (only === undefined) throw thrown;
    if (another === undefined) return desk.get(only);
    throw usageError(
      `More than one lease begins with "${prefix}": ${only} and ${another}`,
      "Write more of the one you mean",
    );
  }
}

/** Two at most: more only say once again that it is not clear which. */
async function leasesBeginning(desk: JobsDesk, prefix: string): Promise<string[]> {
  const found = new Set<string>();
  for (let before: string | undefined; ; ) {
    const page: CommandOutput<"jobs.list"> = await desk.list({
      text: prefix,
      limit: MOST_ROWS,
      ...(before === undefined ? {} : { before }),
    });
    // A text is also looked for in the ids of jobs.
    for (const { leaseId } of page.jobs) if (leaseId.startsWith(prefix)) found.add(leaseId);
    if (found.size > 1 || page.next === null) return [...found].slice(0, 2);
    before = page.next;
  }
}

function writeFile(file: string, text: string): void {
  try {
    fs.writeFileSync(file, text);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${cause.code})` : "";
    throw new AppError({
      code: "FILE_NOT_WRITTEN",
      message: `${file} can't be written${code}`,
      actor: "user",
      help: "Name another file with -o.",
      cause,
    });
  }
}
