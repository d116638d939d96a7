/**
 * `bellows demo --until-accepted N`: the whole product proved in one command. A fresh demo in a temporary folder works
 * until each market accepted N results and its money was settled; what it reports is read from the engine's ledger.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Flags } from "../engine/config/from-environment.ts";
import { receiptFromJson } from "../engine/receipt/receipt.ts";
import { FAILED_STATES } from "../engine/work/job-machine.ts";
import type { ProcessHost } from "../host/process-host.ts";
import type { ContractClient } from "../shared/contract/contract.ts";
import { type JobDetail, type JobRow, type MarketId, MarketIdSchema } from "../shared/contract/views.ts";
import { SECOND } from "../shared/durations.ts";
import { AppError, isAbort } from "../shared/errors.ts";
import { formatDecimal, fromMoneyValue } from "../shared/money.ts";
import { delay } from "../shared/wait.ts";
import type { CliContext } from "./context.ts";
import { DemoSession } from "./demo-session.ts";
import { marketName } from "./format.ts";
import { usageError } from "./usage.ts";

const LOOK_EVERY_MS = 250;
const TELL_EVERY_MS = SECOND;
/** After the last wanted result: one demo epoch (10 s) and the time to read the books. */
const SETTLE_WITHIN_MS = 15 * SECOND;
const PAGE = 1000;
/** All decimals either currency can have on its wire. */
const DECIMALS = 9;

const MARKETS = MarketIdSchema.options;
const ACCEPTED: ReadonlySet<string> = new Set(["accepted", "settled"]);
const FAILED: ReadonlySet<string> = new Set(FAILED_STATES);

export interface DemoRunReport {
  readonly accepted: Readonly<Record<MarketId, number>>;
  /** Jobs that failed, expired, were lost or rejected, over both markets. */
  readonly failed: number;
  /** Settled so far, in whole units as decimal text. */
  readonly earned: { readonly AIT: string; readonly ANM: string };
  /** From the start of the command to the first accepted result. */
  readonly first_accepted_ms: Readonly<Record<MarketId, number>>;
  /** The devices that computed the first results. */
  readonly device: string;
  /** Manifest hash of the model, from the receipts of those results. */
  readonly model_sha256: string;
}

export interface DemoRunOptions {
  readonly wanted: number;
  readonly timeoutMs: number;
  readonly host: ProcessHost;
  /** Aborts when the person wants to stop. */
  readonly signal: AbortSignal;
  readonly onSession?: (session: DemoSession) => void;
}

/** Throws AppError DEMO_TOO_SLOW with the engine's own reasons when the time is over. Leaves no process, no folder. */
export async function runDemoUntilAccepted(
  context: CliContext,
  flags: Flags,
  options: DemoRunOptions,
): Promise<DemoRunReport> {
  const dataFolder = freshFolder(flags.dataFolder);
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([deadline, options.signal]);
  try {
    const session = new DemoSession({
      sources: { env: context.env, flags: { controlPort: "0", ...flags, dataFolder }, paths: context.paths },
      host: options.host,
      onTrouble: (sentence) => {
        if (!options.signal.aborted) context.terminal.note(sentence);
      },
    });
    options.onSession?.(session);
    try {
      const failed = session.whenFailed();
      const tell = (sentence: string) => context.terminal.note(sentence);
      return await Promise.race([watch(session, context.startedAt, options.wanted, signal, tell), failed]);
    } catch (thrown) {
      if (!isAbort(thrown)) throw thrown;
      throw options.signal.aborted ? interrupted() : await tooSlow(session, options);
    } finally {
      await session.stop();
    }
  } finally {
    if (flags.dataFolder === undefined)
      fs.rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A temporary folder, or the one that was asked for if no demo ever ran in it. */
function freshFolder(wanted: string | undefined): string {
  if (wanted === undefined) return fs.mkdtempSync(path.join(os.tmpdir(), "bellows-demo-"));
  if (!fs.existsSync(path.join(wanted, "demo"))) return wanted;
  throw usageError(
    `--data ${wanted} holds a demo already`,
    "--until-accepted counts from nothing: name a new folder",
  );
}

async function watch(
  session: DemoSession,
  startedAt: number,
  wanted: number,
  signal: AbortSignal,
  tell: (sentence: string) => void,
): Promise<DemoRunReport> {
  tell("Two markets and an engine are being started.");
  await session.start(signal);
  let settleUntil: number | null = null;
  let told = "";
  let tellAfter = 0;
  for (;;) {
    try {
      const { client } = session.life;
      const jobs = await allJobs(client);
      const progress = progressOf(jobs, wanted);
      if (progress !== told && performance.now() >= tellAfter) {
        tell(progress);
        told = progress;
        tellAfter = performance.now() + TELL_EVERY_MS;
      }
      if (MARKETS.every((market) => acceptedIn(jobs, market).length >= wanted)) {
        settleUntil ??= performance.now() + SETTLE_WITHIN_MS;
        const earned = await earnedSoFar(client);
        const everywhere = earned.AIT !== ZERO && earned.ANM !== ZERO;
        if (everywhere || performance.now() > settleUntil)
          return await report(client, jobs, earned, startedAt);
      }
    } catch (thrown) {
      // A crashed engine is back in a second, with its ledger.
      if (!(thrown instanceof AppError && thrown.code === "ENGINE_GONE")) throw thrown;
    }
    await delay(LOOK_EVERY_MS, signal);
  }
}

/** `Accepted so far: AITBC 3 of 5, AICF 5 of 5; waiting for the money.` */
function progressOf(jobs: readonly JobRow[], wanted: number): string {
  const counts = MARKETS.map((market) => ({ market, accepted: acceptedIn(jobs, market).length }));
  const each = counts.map(
    ({ market, accepted }) => `${marketName(market)} ${Math.min(accepted, wanted)} of ${wanted}`,
  );
  const all = counts.every(({ accepted }) => accepted >= wanted);
  return `Accepted so far: ${each.join(", ")}${all ? "; waiting for the money" : ""}.`;
}

const ZERO = formatDecimal({ currency: "ANM", minor: 0n }, DECIMALS);

async function report(
  client: ContractClient,
  jobs: readonly JobRow[],
  earned: DemoRunReport["earned"],
  startedAt: number,
): Promise<DemoRunReport> {
  const first = {
    aitbc: await firstAccepted(client, jobs, "aitbc"),
    aicf: await firstAccepted(client, jobs, "aicf"),
  };
  const details = [first.aitbc.job, first.aicf.job];
  return {
    accepted: { aitbc: acceptedIn(jobs, "aitbc").length, aicf: acceptedIn(jobs, "aicf").length },
    failed: jobs.filter((job) => FAILED.has(job.state)).length,
    earned,
    first_accepted_ms: {
      aitbc: Math.round(first.aitbc.at - startedAt),
      aicf: Math.round(first.aicf.at - startedAt),
    },
    device: unique(details.map((job) => job.device ?? "unknown")).join(", "),
    model_sha256: unique(details.map(modelSha256).filter((sha256) => sha256 !== null)).join(", "),
  };
}

/** The market's earliest acceptance among its oldest accepted jobs, by the engine's timeline. */
async function firstAccepted(client: ContractClient, jobs: readonly JobRow[], market: MarketId) {
  let first: { job: JobDetail; at: number } | null = null;
  // Jobs are accepted nearly in the order of their leases: the first few hold the first one.
  for (const { leaseId } of acceptedIn(jobs, market).slice(-8)) {
    const job = await client.invoke("jobs.get", { leaseId });
    const at = job.timeline.find((step) => step.state === "accepted")?.at;
    if (at !== undefined && (first === null || at < first.at)) first = { job, at };
  }
  if (first === null) {
    throw new AppError({
      code: "NO_TIMELINE",
      message: `No accepted job of ${market} says when it was accepted`,
      actor: "bug",
    });
  }
  return first;
}

/** null: the job needed no model. */
function modelSha256({ leaseId, receipt }: JobDetail): string | null {
  if (receipt !== null) return receiptFromJson(receipt).model?.manifest_sha256 ?? null;
  throw new AppError({
    code: "NO_RECEIPT",
    message: `The accepted job ${leaseId} has no receipt`,
    actor: "bug",
  });
}

/** Newest first. */
const acceptedIn = (jobs: readonly JobRow[], market: MarketId) =>
  jobs.filter((job) => job.market === market && ACCEPTED.has(job.state));

async function allJobs(client: ContractClient): Promise<JobRow[]> {
  const jobs: JobRow[] = [];
  let before: string | null = null;
  do {
    const page: { jobs: JobRow[]; next: string | null } = await client.invoke("jobs.list", {
      limit: PAGE,
      ...(before === null ? {} : { before }),
    });
    jobs.push(...page.jobs);
    before = page.next;
  } while (before !== null);
  return jobs;
}

async function earnedSoFar(client: ContractClient): Promise<DemoRunReport["earned"]> {
  const { state } = await client.invoke("state.snapshot", {});
  const settled = (currency: "AIT" | "ANM") => {
    const row = state.earnings.find((earnings) => earnings.currency === currency);
    return row ? formatDecimal(fromMoneyValue(row.settledTotal), DECIMALS) : ZERO;
  };
  return { AIT: settled("AIT"), ANM: settled("ANM") };
}

function interrupted(): AppError {
  return new AppError({ code: "INTERRUPTED", message: "Stopped before the results were in", actor: "user" });
}

async function tooSlow(session: DemoSession, { wanted, timeoutMs }: DemoRunOptions): Promise<AppError> {
  const because = await reasonsOf(session).catch((thrown: unknown) =>
    thrown instanceof Error ? thrown.message : String(thrown),
  );
  return new AppError({
    code: "DEMO_TOO_SLOW",
    message: `Not every market accepted ${wanted} ${wanted === 1 ? "result" : "results"} within ${timeoutMs / SECOND} s: ${because}`,
    actor: "machine",
    help: "Allow more time with --timeout.",
  });
}

async function reasonsOf(session: DemoSession): Promise<string> {
  const { client } = session.life;
  const jobs = await allJobs(client);
  const { state } = await client.invoke("state.snapshot", {});
  const counts = MARKETS.map((market) => `${market} ${acceptedIn(jobs, market).length}`).join(", ");
  const reasons = state.headline.reasons.map((reason) => reason.text);
  return [`accepted ${counts}`, state.headline.sentence, ...reasons].join("; ").replace(/[.\s]+$/, "");
}

const unique = (values: readonly string[]) => [...new Set(values)];
