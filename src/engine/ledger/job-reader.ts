/** Jobs as people ask for them: pages of the newest, one with its history and its receipt. From an engine or from its file. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
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

export type JobHandlers = Pick<ContractHandlers, "jobs.list" | "jobs.get" | "jobs.count" | "jobs.choices">;

/** Throw BAD_INPUT for a place that no page named, UNKNOWN_LEASE. */
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
      const found = leases.find(leaseId);
      if (!found) {
        throw new AppError({
          code: "UNKNOWN_LEASE",
          message: `The ledger has no lease "${leaseId}"`,
          actor: "user",
          help: "`bellows jobs` lists those it has.",
        });
      }
      const result = results.get(found.row);
      return {
        ...found.job,
        device: found.device,
        inputSha3: result?.inputSha3_256 ?? null,
        attempts: found.attempts,
        timeline: leases.timeline(found.row),
        receipt: result && receiptToJson(decodeReceipt(result.receipt)),
        outputKept: results.hasOutput(found.row),
      };
    },
  };
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
