/** `bellows jobs`, `bellows jobs show`, `bellows receipt`: what was done, and the signed word for it. */
import fs from "node:fs";
import path from "node:path";
import { oneOf, wholeNumber } from "../../engine/config/parsers.ts";
import type { CommandInput } from "../../shared/contract/contract.ts";
import { type JobDetail, type JobRow, JobStateSchema, MarketIdSchema } from "../../shared/contract/views.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { dateTime, fields, money, orUnknown, short, table, UNKNOWN } from "../format.ts";
import { readFlag } from "../usage.ts";

const MOST_ROWS = 1000;

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
  engine: EngineClient,
  query: CommandInput<"jobs.list">,
  options: { json: boolean },
): Promise<void> {
  const answer = await engine.invoke("jobs.list", query);
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
      { title: "Market", value: (job) => job.market },
      { title: "Model", value: (job) => short(job.model, 24) },
      { title: "Texts", align: "right", value: (job) => (job.units === null ? UNKNOWN : String(job.units)) },
      { title: "State", value: (job) => job.state },
      { title: "Offered", align: "right", value: (job) => money(job.fee) },
      { title: "Earned", align: "right", value: (job) => money(job.earned) },
    ],
    rows,
  );
}

export async function showJob(
  context: CliContext,
  engine: EngineClient,
  leaseId: string,
  options: { json: boolean },
): Promise<void> {
  const job = await engine.invoke("jobs.get", { leaseId });
  if (options.json) return context.terminal.json(job);
  for (const line of jobDetailLines(job)) context.terminal.print(line);
}

export function jobDetailLines(job: JobDetail): string[] {
  return [
    ...fields([
      ["Lease", job.leaseId],
      ["Job", job.jobId],
      ["Market", job.market],
      ["Work", `${job.kind}, ${job.model}${job.units === null ? "" : `, ${job.units} texts`}`],
      ["State", job.state],
      ...(job.error === null ? [] : [["Why", job.error.message] as const]),
      ["Device", orUnknown(job.device)],
      ["Input", orUnknown(job.inputSha3)],
      ["Digest", orUnknown(job.digest)],
      ["Offered", money(job.fee)],
      ["Earned", money(job.earned)],
      ["Receipt", job.receipt === null ? UNKNOWN : `bellows receipt ${job.leaseId}`],
      ["Result kept", job.outputKept ? "yes" : "no"],
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
  engine: EngineClient,
  leaseId: string,
  options: { file?: string | undefined },
): Promise<void> {
  const job = await engine.invoke("jobs.get", { leaseId });
  if (job.receipt === null) {
    throw new AppError({
      code: "NO_RECEIPT",
      message: `Job ${leaseId} has no receipt: it is ${job.state}`,
      actor: "user",
      help: "A receipt is made when the result is computed.",
    });
  }
  if (options.file === undefined) return context.terminal.print(job.receipt.trimEnd());
  const file = path.resolve(options.file);
  writeFile(file, `${job.receipt.trimEnd()}\n`);
  context.terminal.note(`Written to ${file}`);
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
