/** Epochs and payouts: completed jobs are settled (pending), then claimed (available), as in upstream's recorded exchange. */
import type { BlockClock, Clock } from "../clock.ts";
import type { Store } from "../store.ts";
import type { EventHub } from "./events.ts";
import type { Job, Jobs } from "./jobs.ts";
import { splitFee } from "./split.ts";

export interface Settlement {
  readonly epoch: number;
  readonly payouts: number;
  /** Nano to providers. */
  readonly amount: number;
  readonly height: number;
}

/** In the order of completion, or as a market that reorders its settlements does. */
export type SettlementOrder = "completed" | "reordered";

export interface Payout {
  readonly seq: number;
  readonly job_id: string;
  readonly amount: number;
  readonly gross: number;
  readonly epoch: number;
  readonly settled_at_ms: number;
  readonly claimed_at_ms: number | null;
}

const PAYOUT_COLUMNS =
  "seq, job_id, amount, gross, epoch, settled_at AS settled_at_ms, claimed_at AS claimed_at_ms";

export class Treasury {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #blocks: BlockClock;
  readonly #jobs: Jobs;
  readonly #events: EventHub;
  readonly #order: SettlementOrder;

  constructor(
    store: Store,
    clock: Clock,
    blocks: BlockClock,
    jobs: Jobs,
    events: EventHub,
    order: SettlementOrder = "completed",
  ) {
    this.#order = order;
    this.#store = store;
    this.#clock = clock;
    this.#blocks = blocks;
    this.#jobs = jobs;
    this.#events = events;
  }

  /** Ends the epoch: every completed, unsettled job pays its shares. */
  settle(): Settlement {
    const settlement = this.#store.transact(() => {
      const now = this.#clock();
      const height = this.#blocks.height();
      const jobs = this.#due().map((job) => ({ job, shares: splitFee(job.fee) }));
      const total = (share: "provider" | "treasury" | "miner") =>
        jobs.reduce((sum, { shares }) => sum + shares[share], 0);
      const epoch = Number(
        this.#store.db
          .prepare(
            `INSERT INTO aicf_epochs (settled_at, height, payouts, to_providers, to_treasury, to_miners)
             VALUES (?, ?, ?, ?, ?, ?)`,
          )
          .run(now, height, jobs.length, total("provider"), total("treasury"), total("miner"))
          .lastInsertRowid,
      );
      const payouts = jobs.map(({ job, shares }) => {
        const providerId = job.providerId ?? "";
        this.#store.db
          .prepare(
            "INSERT INTO aicf_payouts (provider_id, job_id, amount, gross, epoch, settled_at) VALUES (?, ?, ?, ?, ?, ?)",
          )
          .run(providerId, job.id, shares.provider, job.fee, epoch, now);
        this.#jobs.markSettled(job.id, epoch);
        return { jobId: job.id, providerId, amount: String(shares.provider) };
      });
      const amount = total("provider");
      this.#store.log.record("aicf", { event: "settled", epoch, amount: String(amount), payouts });
      return { epoch, payouts: jobs.length, amount, height };
    });
    this.#events.publish("aicf.epochSettled", { ...settlement });
    return settlement;
  }

  /** What this epoch settles. Reordered: in any order, and about every third job only in a later epoch. */
  #due(): Job[] {
    const jobs = this.#jobs.unsettled();
    if (this.#order === "completed") return jobs;
    const shuffled = jobs.map((job) => ({ job, key: Math.random() })).sort((a, b) => a.key - b.key);
    return shuffled.filter(({ key }) => key < 2 / 3).map(({ job }) => job);
  }

  /** When the last epoch was settled, unix ms; null before the first. */
  lastSettledAt(): number | null {
    const sql = "SELECT MAX(settled_at) AS at FROM aicf_epochs";
    return this.#store.db.prepare<[], { at: number | null }>(sql).get()?.at ?? null;
  }

  /** Result of `aicf.claimPayout`: pays every settled, unclaimed job once. */
  claim(providerId: string, uptoEpoch: number | null) {
    return this.#store.transact(() => {
      const due = this.#store.db
        .prepare<[string, number], Payout>(
          `SELECT ${PAYOUT_COLUMNS} FROM aicf_payouts
           WHERE provider_id = ? AND claimed_at IS NULL AND epoch <= ? ORDER BY seq`,
        )
        .all(providerId, uptoEpoch ?? Number.MAX_SAFE_INTEGER);
      const now = this.#clock();
      for (const { seq } of due) {
        this.#store.db.prepare("UPDATE aicf_payouts SET claimed_at = ? WHERE seq = ?").run(now, seq);
      }
      const totalPaid = due.reduce((sum, payout) => sum + payout.amount, 0);
      if (due.length > 0) {
        const jobIds = due.map((payout) => payout.job_id);
        this.#store.log.record("aicf", { event: "claimed", providerId, amount: String(totalPaid), jobIds });
      }
      return {
        providerId,
        totalPaid,
        epochFrom: due[0]?.epoch ?? null,
        epochTo: due.at(-1)?.epoch ?? null,
        payouts: due.map((payout) => ({ jobId: payout.job_id, amount: payout.amount })),
        txHash: null,
      };
    });
  }

  /** Result of `aicf.getBalance`; what each column means stands in docs/markets-devnet.md. */
  balance(providerId: string) {
    const sums = this.#store.db
      .prepare<[string], { available: number; pending: number; lastSettlementEpoch: number | null }>(
        `SELECT COALESCE(SUM(amount) FILTER (WHERE claimed_at IS NOT NULL), 0) AS available,
           COALESCE(SUM(amount) FILTER (WHERE claimed_at IS NULL), 0) AS pending,
           MAX(epoch) FILTER (WHERE claimed_at IS NOT NULL) AS lastSettlementEpoch
         FROM aicf_payouts WHERE provider_id = ?`,
      )
      .get(providerId);
    const unsettled = this.#jobs.unsettled(providerId);
    return {
      providerId,
      available: sums?.available ?? 0,
      pending: sums?.pending ?? 0,
      escrow: unsettled.reduce((sum, job) => sum + splitFee(job.fee).provider, 0),
      lastSettlementEpoch: sums?.lastSettlementEpoch ?? null,
    };
  }

  /** Oldest first, after `after`; `jobIds` narrows it. */
  payouts(
    providerId: string,
    page: { after: number; limit: number; jobIds: readonly string[] | null },
  ): Payout[] {
    const jobIds = page.jobIds === null ? null : JSON.stringify(page.jobIds);
    return this.#store.db
      .prepare<[{ providerId: string; after: number; limit: number; jobIds: string | null }], Payout>(
        `SELECT ${PAYOUT_COLUMNS} FROM aicf_payouts WHERE provider_id = @providerId AND seq > @after
           AND (@jobIds IS NULL OR job_id IN (SELECT value FROM json_each(@jobIds)))
         ORDER BY seq LIMIT @limit`,
      )
      .all({ providerId, after: page.after, limit: page.limit, jobIds });
  }
}
