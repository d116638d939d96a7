/** The contract's commands, each in a line: what the engine does when somebody asks. */
import type { ContractHandlers } from "../shared/contract/contract.ts";
import type { DeviceView } from "../shared/contract/views.ts";
import { AppError } from "../shared/errors.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { decodeReceipt, receiptToJson } from "./receipt/receipt.ts";
import type { StateKeeper } from "./state/keeper.ts";
import type { RunControl } from "./work/run-control.ts";

export interface HandlerDeps {
  readonly ledger: Ledger;
  readonly control: RunControl;
  readonly state: StateKeeper;
  readonly devices: () => DeviceView[];
  readonly dismissNotices: () => void;
  readonly shutdown: () => Promise<void>;
}

export function contractHandlers(deps: HandlerDeps): ContractHandlers {
  const { ledger, control, state } = deps;
  return {
    "state.snapshot": async () => state.snapshot(),
    "run.start": async () => ({ intent: control.start() }),
    "run.pause": async () => ({ intent: control.pause() }),
    "run.finish": async () => ({ intent: control.finish() }),
    "run.stop": async () => ({ intent: control.stop() }),
    "devices.list": async () => ({ devices: deps.devices() }),
    "jobs.list": async ({ limit, before, market, state: jobState }) => {
      const page = ledger.leases.list({ limit, before: readCursor(before), market, state: jobState });
      return { jobs: page.rows, next: page.next === null ? null : String(page.next) };
    },
    "jobs.get": async ({ leaseId }) => {
      const found = ledger.leases.find(leaseId);
      if (!found) {
        throw new AppError({
          code: "UNKNOWN_LEASE",
          message: `The ledger has no lease "${leaseId}"`,
          actor: "user",
          help: "`bellows jobs` lists those it has.",
        });
      }
      const result = ledger.results.get(found.row);
      return {
        ...found.job,
        device: found.device,
        inputSha3: result?.inputSha3_256 ?? null,
        attempts: found.attempts,
        timeline: ledger.leases.timeline(found.row),
        receipt: result && receiptToJson(decodeReceipt(result.receipt)),
        outputKept: ledger.results.hasOutput(found.row),
      };
    },
    "notices.dismiss": async () => {
      deps.dismissNotices();
      return {};
    },
    "engine.shutdown": async () => {
      // Answered first: the channel this came through closes with the engine.
      setImmediate(() => void deps.shutdown());
      return {};
    },
  };
}

function readCursor(before: string | undefined): number | undefined {
  if (before === undefined) return undefined;
  const cursor = Number(before);
  if (Number.isSafeInteger(cursor) && cursor >= 0) return cursor;
  throw new AppError({ code: "BAD_INPUT", message: `"${before}" is not a page of jobs.list`, actor: "user" });
}
