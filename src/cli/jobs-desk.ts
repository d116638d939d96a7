/** Whoever knows the jobs: the running engine of this data folder, else the ledger it left, which is only read. */
import path from "node:path";
import { COMMANDS, type CommandInput, type CommandOutput } from "../shared/contract/contract.ts";
import { AppError } from "../shared/errors.ts";
import { dataFolderOf, findEngine, type Where } from "./engine-client.ts";

export interface JobsDesk {
  list(query: CommandInput<"jobs.list">): Promise<CommandOutput<"jobs.list">>;
  /** Throws UNKNOWN_LEASE. */
  get(leaseId: string): Promise<CommandOutput<"jobs.get">>;
  close(): void;
}

/** Throws ENGINE_NOT_RUNNING (exit code 3) when no engine runs and none ever did. */
export async function openJobsDesk(where: Where): Promise<JobsDesk> {
  try {
    const engine = await findEngine(where);
    return {
      list: (query) => engine.invoke("jobs.list", query),
      get: (leaseId) => engine.invoke("jobs.get", { leaseId }),
      close: () => undefined,
    };
  } catch (thrown) {
    if (!(thrown instanceof AppError && thrown.code === "ENGINE_NOT_RUNNING")) throw thrown;
    const desk = await openLeftLedger(dataFolderOf(where));
    if (desk === null) throw thrown;
    return desk;
  }
}

/** In the order in which a running engine is looked for. */
async function openLeftLedger(base: string): Promise<JobsDesk | null> {
  // Loaded only here: it brings SQLite, which the way through an engine does not need.
  const { openLedgerToRead } = await import("../engine/ledger/read-only.ts");
  const { jobHandlers } = await import("../engine/ledger/job-reader.ts");
  for (const folder of [path.join(base, "live"), path.join(base, "demo"), base]) {
    const ledger = await openLedgerToRead(folder);
    if (ledger === null) continue;
    const handlers = jobHandlers(ledger);
    return {
      list: (query) => handlers["jobs.list"](COMMANDS["jobs.list"].input.parse(query)),
      get: (leaseId) => handlers["jobs.get"]({ leaseId }),
      close: () => ledger.close(),
    };
  }
  return null;
}
