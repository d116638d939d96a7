/** How jobs ended, counted, and the few columns of one lease that series and traces name. */
import type { JobState, MarketId } from "../../shared/contract/views.ts";
import type { Database } from "./database.ts";

export interface Ending {
  readonly market: MarketId;
  /** As the ledger has it: `unsupported` for work that nobody here could do. */
  readonly kind: string;
  readonly state: JobState;
  readonly jobs: number;
}

export interface LeaseBrief {
  readonly market: MarketId;
  readonly leaseId: string;
  readonly jobId: string;
  readonly kind: string;
  readonly model: string;
  readonly units: number | null;
  readonly runs: number;
  readonly device: string | null;
}

export class TallyTable {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      endings: db.prepare<[], Ending>("SELECT market, kind, state, jobs FROM job_ends"),
      brief: db.prepare<[number], LeaseBrief>(
        `SELECT market, lease_id AS leaseId, job_id AS jobId, kind, model, units, runs, device
         FROM leases WHERE id = ?`,
      ),
    };
  }

  /** How all jobs that ended did so: a few rows, whatever the ledger's size. */
  endings(): Ending[] {
    return this.#statements.endings.all();
  }

  brief(row: number): LeaseBrief | null {
    return this.#statements.brief.get(row) ?? null;
  }
}
