/** Jobs as people ask for them: pages of the newest, one with its history and its receipt. From an engine or from its file. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import { OUTPUT_PIECE } from "../../shared/contract/jobs.ts";
import { AppError } from "../../shared/errors.ts";
import { decodeReceipt, receiptToJson } from "../receipt/receipt.ts";
import type { LeaseTable } from "./leases.ts";
import type { ResultTable } from "./results.ts";

export interface JobTables {
  readonly leases: LeaseTable;
  readonly results: ResultTable;
}

/** Models or devices named to choose from. */
const MOST_CHOICES = 200;

export type JobHandlers = Pick<
  ContractHandlers,
  "jobs.list" | "jobs.get" | "jobs.output" | "jobs.count" | "jobs.choices"
>;

/** Throw BAD_INPUT for a place that no page named, UNKNOWN_LEASE, OUTPUT_GONE. */
export function jobHandlers({ leases, results }: JobTables): JobHandlers {
  return {
    "jobs.list": async ({ limit, before, skip, ...filter }) => {
      const page = leases.list(filter, { limit, skip, before: readCursor(before) });
      return { jobs: page.rows, next: page.next === null ? null : String(page.next) };
    },
    "jobs.count": async (filter) => ({
      count: leases.finder.count(filter),
      before: String(leases.finder.end()),
    }),
    "jobs.choices": async () => {
      const { models, devices } = leases.finder.choices();
      return {
        models: byCount(models).map(([model, jobs]) => ({ model, jobs })),
        devices: byCount(devices).map(([device, jobs]) => ({ device, jobs })),
      };
    },
    "jobs.get": async ({ leaseId }) => {
      const found = leases.find(leaseId) ?? unknownLease(leaseId);
      const result = results.get(found.row);
      return {
        ...found.job,
        device: found.device,
        inputSha3: result?.inputSha3_256 ?? null,
        attempts: found.attempts,
        timeline: leases.timeline(found.row),
        receipt: result?.receipt ? receiptToJson(decodeReceipt(result.receipt)) : null,
        outputKept: results.hasOutput(found.row),
      };
    },
    "jobs.output": async ({ leaseId, from }) => {
      const found = leases.find(leaseId) ?? unknownLease(leaseId);
      const bytes = results.output(found.row);
      if (bytes === null) {
        throw new AppError({
          code: "OUTPUT_GONE",
          message: `The output of job ${leaseId} is not kept`,
          actor: "user",
          help: "Outputs are kept for some days; Settings, Storage says for how long.",
        });
      }
      const end = Math.min(bytes.length, from + OUTPUT_PIECE);
      return {
        size: bytes.length,
        base64: Buffer.from(bytes.subarray(from, end)).toString("base64"),
        next: end < bytes.length ? end : null,
      };
    },
  };
}

/** Throws UNKNOWN_LEASE. */
export function unknownLease(leaseId: string): never {
  throw new AppError({
    code: "UNKNOWN_LEASE",
    message: `The ledger has no lease "${leaseId}"`,
    actor: "user",
    help: "`bellows jobs` lists those it has.",
  });
}

/** The most frequent first, and no more than somebody would choose from. */
function byCount(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, MOST_CHOICES);
}

function readCursor(before: string | undefined): number | undefined {
  if (before === undefined) return undefined;
  const cursor = Number(before);
  if (Number.isSafeInteger(cursor) && cursor >= 0) return cursor;
  throw new AppError({
    code: "BAD_INPUT",
    message: `"${before}" is no place in the list of jobs`,
    actor: "user",
    help: "Take the one that the page before ended with.",
  });
}
