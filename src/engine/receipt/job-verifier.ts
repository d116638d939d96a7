/**
 * A past job checked with what the ledger kept of it: the receipt, the digests of output and input, and on wish the
 * result computed again on a device of this machine and compared within the model's tolerance.
 */
import type { Catalogue } from "../../shared/catalogue.ts";
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { JobVerified, VerifyCheck } from "../../shared/contract/verify.ts";
import { MINUTE } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { decodeResult } from "../../shared/results.ts";
import { type Sentence, say, sayError } from "../../shared/words/said.ts";
import { decodeWork, needsModel, type Work } from "../../shared/work.ts";
import { workDigest } from "../../shared/work-digest.ts";
import { type JobTables, unknownLease } from "../ledger/job-reader.ts";
import type { StoredResult } from "../ledger/results.ts";
import type { ModelStore } from "../models/store.ts";
import type { DeviceRuntime } from "../runtime-client/device-runtime.ts";
import { compareResults } from "./compare.ts";
import { decodeReceipt, type Receipt, receiptFromJson } from "./receipt.ts";
import { isVerified, verifyReceipt } from "./verify.ts";

const RECOMPUTE_WITHIN = 5 * MINUTE;

export interface JobVerifierDeps extends JobTables {
  readonly models: Pick<ModelStore, "resolve"> & { readonly catalogue: Catalogue };
  /** Devices that may be used now, in the order of preference. */
  readonly runtimes: () => readonly DeviceRuntime[];
  readonly signal: AbortSignal;
}

/** Throws UNKNOWN_LEASE, JOB_NOT_COMPUTED; with `recompute` also INPUT_NOT_KEPT, NO_DEVICE, MODEL_… and what a runtime throws. */
export function verifyHandlers(deps: JobVerifierDeps): Pick<ContractHandlers, "jobs.verify"> {
  return {
    "jobs.verify": async ({ leaseId, recompute, receipt }) => verifyJob(deps, leaseId, recompute, receipt),
  };
}

async function verifyJob(
  deps: JobVerifierDeps,
  leaseId: string,
  recompute: boolean,
  given: string | undefined,
): Promise<JobVerified> {
  const { leases, results, models } = deps;
  const found = leases.find(leaseId) ?? unknownLease(leaseId);
  const { row } = found;
  const { jobId } = found.job;
  const stored = results.get(row);
  if (stored === null) throw notComputed(leaseId);
  const source = given ?? stored.receipt;
  if (source === null) throw receiptNotKept(leaseId);
  const output = results.output(row);
  const checks: VerifyCheck[] = verifyReceipt(source, {
    catalogue: models.catalogue,
    output: output ?? undefined,
  });
  // What does not even read as a receipt names nothing to compare with.
  if (checks.length === 1) return { verified: false, checks, recomputed: null };
  const receipt = typeof source === "string" ? receiptFromJson(source) : decodeReceipt(source);
  if (given !== undefined) checks.push(checkIsOurs(receipt, stored, jobId));
  const input = results.input(row);
  const work = input === null ? null : decodeWork(input);
  if (work !== null) checks.push(checkInput(receipt, work));
  if (!recompute) return { verified: isVerified(checks), checks, recomputed: null };
  if (work === null || output === null) throw inputNotKept(leaseId);
  const { check, recomputed } = await computeAgain(deps, receipt, work, output);
  const all = [...checks, check];
  return { verified: isVerified(all), checks: all, recomputed };
}

async function computeAgain(
  { models, runtimes, signal }: JobVerifierDeps,
  receipt: Receipt,
  work: Work,
  output: Uint8Array,
): Promise<{ check: VerifyCheck; recomputed: JobVerified["recomputed"] }> {
  const model = needsModel(work.kind) ? models.resolve(receipt.model?.id ?? "") : null;
  const runtime = runtimes().find((each) => model === null || each.canRun(model.spec));
  if (runtime === undefined) throw noDevice();
  const answer = await runtime.run({
    model: model?.spec ?? null,
    items: [{ key: "again", work }],
    deadlineMs: RECOMPUTE_WITHIN,
    signal,
  });
  const item = answer.items[0];
  const { device } = runtime;
  const where = { device: device.name, backend: answer.runtimeClass.backend };
  if (item?.ok !== true) {
    const why = item ? sayError(item.error) : say("againNoAnswer");
    const check = checkOf("recompute", false, say("againNot", { why: why.said }));
    return { check, recomputed: { ...where, identical: false, cosine: null, maxAbs: null } };
  }
  const identical = Buffer.compare(item.bytes, output) === 0;
  const sampled = work.kind === "generate" && work.temperature > 0;
  const found = compareResults(
    decodeResult(output),
    decodeResult(item.bytes),
    model?.model.tolerance ?? null,
  );
  // Drawn by lot, tokens are the same only on the same device and version: another text proves nothing.
  const ok = identical || found.ok || sampled;
  const detail = identical
    ? say("againSame", { device: device.name })
    : sampled && !found.ok
      ? say("againSampled", { device: device.name })
      : say("againCompared", { device: device.name, found: found.detail.said });
  return {
    check: checkOf("recompute", ok, detail),
    recomputed: {
      ...where,
      identical,
      cosine: found.difference?.cosine ?? null,
      maxAbs: found.difference?.maxAbs ?? null,
    },
  };
}

function checkInput(receipt: Receipt, work: Work): VerifyCheck {
  const ok = workDigest(work) === receipt.input_sha3_256;
  return checkOf("input", ok, say(ok ? "receiptInput" : "receiptInputOther"));
}

function checkIsOurs(receipt: Receipt, ours: StoredResult, jobId: string): VerifyCheck {
  const ok =
    receipt.output.sha3_512 === ours.sha3_512 &&
    receipt.input_sha3_256 === ours.inputSha3_256 &&
    receipt.job_id === jobId;
  return checkOf("ledger", ok, say(ok ? "receiptOurs" : "receiptNotOurs"));
}

const checkOf = (name: string, ok: boolean, { text, said }: Sentence): VerifyCheck => ({
  name,
  ok,
  detail: text,
  said,
});

function notComputed(leaseId: string): AppError {
  return new AppError({
    code: "JOB_NOT_COMPUTED",
    message: `The job of lease ${leaseId} has no result, so there is nothing to check`,
    actor: "user",
  });
}

function receiptNotKept(leaseId: string): AppError {
  return new AppError({
    code: "RECEIPT_NOT_KEPT",
    message: `The receipt of lease ${leaseId} is no longer kept`,
    actor: "user",
    help: "Receipts of finished jobs are kept as long as BELLOWS_KEEP_RECEIPTS says; one that was saved can be checked with `bellows verify`.",
  });
}

function inputNotKept(leaseId: string): AppError {
  return new AppError({
    code: "INPUT_NOT_KEPT",
    message: `Input and output of lease ${leaseId} are no longer kept, so the job can't be computed again`,
    actor: "user",
    help: "Results are kept as long as BELLOWS_KEEP_OUTPUTS says. The receipt can still be checked without it.",
  });
}

function noDevice(): AppError {
  return new AppError({
    code: "NO_DEVICE",
    message: "No device is free to compute the job again",
    actor: "user",
    help: "Try again when a device is not rented out or paused.",
  });
}
