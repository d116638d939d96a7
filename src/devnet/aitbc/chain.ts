/** The part of AITBC's chain a provider reads: escrows, their release transactions, and the balances these make. */
import { randomBytes } from "node:crypto";
import type { BlockClock } from "../clock.ts";
import { type PyObject, type PyValue, parsePython } from "../python-json.ts";
import { naiveUtc } from "../python-time.ts";
import type { Store } from "../store.ts";
import { formatE8, netComputeSeconds, netE8 } from "./amounts.ts";

export const AITBC_CHAIN_ID = "ait-hub";

interface EscrowRow {
  job_id: string;
  contract_id: string;
  state: "funded" | "released";
  buyer: string;
  provider: string;
  amount_e8: number;
  released_e8: number;
  created_at: number;
  released_at: number | null;
}

interface TransactionRow {
  id: number;
  hash: string;
  type: string;
  sender: string;
  recipient: string;
  payload: string;
  value: number;
  created_at: number;
}

export interface TransactionFilter {
  readonly address: string | null;
  readonly type: string | null;
  readonly limit: number;
}

export class Chain {
  readonly #store: Store;
  readonly #blocks: BlockClock;

  constructor(store: Store, blocks: BlockClock) {
    this.#store = store;
    this.#blocks = blocks;
  }

  /** Inside the transaction that makes the job. */
  fundEscrow(
    escrow: { jobId: string; buyer: string; provider: string; amountE8: number },
    now: number,
  ): void {
    this.#store.db
      .prepare(
        `INSERT INTO aitbc_escrows (job_id, contract_id, state, buyer, provider, amount_e8, created_at)
         VALUES (@jobId, @contractId, 'funded', @buyer, @provider, @amountE8, @now)`,
      )
      .run({ ...escrow, contractId: `escrow_${randomBytes(8).toString("hex")}`, now });
  }

  /** Pays the payee once; false when there is nothing (more) to release. Inside the transaction of the result. */
  releaseEscrow(jobId: string, now: number): boolean {
    const escrow = this.#escrow(jobId);
    if (escrow?.state !== "funded") return false;
    const hash = `0x${randomBytes(32).toString("hex")}`;
    const value = netComputeSeconds(escrow.amount_e8);
    const gross = formatE8(escrow.amount_e8);
    this.#store.db
      .prepare(
        "UPDATE aitbc_escrows SET state = 'released', released_e8 = ?, released_at = ? WHERE job_id = ?",
      )
      .run(netE8(escrow.amount_e8), now, jobId);
    this.#store.db
      .prepare(
        `INSERT INTO aitbc_transactions (hash, type, sender, recipient, payload, value, created_at)
         VALUES (?, 'ESCROW_RELEASE', ?, ?, ?, ?, ?)`,
      )
      .run(
        hash,
        escrow.contract_id,
        escrow.provider,
        JSON.stringify({ job_id: jobId, contract_id: escrow.contract_id, amount: gross }),
        value,
        now,
      );
    this.#store.log.record("aitbc", {
      event: "escrow-released",
      jobId,
      recipient: escrow.provider,
      gross,
      netComputeSeconds: value,
      txHash: hash,
    });
    return true;
  }

  escrow(jobId: string): PyObject | null {
    const row = this.#escrow(jobId);
    if (!row) return null;
    return {
      job_id: row.job_id,
      contract_id: row.contract_id,
      state: row.state,
      buyer: row.buyer,
      provider: row.provider,
      amount: formatE8(row.amount_e8),
      released_amount: formatE8(row.released_e8),
      refunded_amount: formatE8(0),
      created_at: naiveUtc(row.created_at),
      released_at: row.released_at === null ? null : naiveUtc(row.released_at),
      refunded_at: null,
      refund_tx_hash: null,
    };
  }

  /** Newest first. */
  transactions(filter: TransactionFilter): PyValue[] {
    return this.#store.db
      .prepare<[{ address: string | null; type: string | null; limit: number }], TransactionRow>(
        `SELECT * FROM aitbc_transactions
         WHERE (@address IS NULL OR sender = @address OR recipient = @address) AND (@type IS NULL OR type = @type)
         ORDER BY id DESC LIMIT @limit`,
      )
      .all({ ...filter })
      .map(transactionView);
  }

  /** Compute-seconds; null for an address that never got anything. */
  balance(address: string): number | null {
    const row = this.#store.db
      .prepare<[string], { balance: number | null }>(
        "SELECT SUM(value) AS balance FROM aitbc_transactions WHERE recipient = ?",
      )
      .get(address);
    return row?.balance ?? null;
  }

  head(): PyObject {
    const head = this.#blocks.head();
    return {
      height: head.height,
      hash: head.hash,
      timestamp: naiveUtc(head.timeMs),
      chain_id: AITBC_CHAIN_ID,
    };
  }

  #escrow(jobId: string): EscrowRow | undefined {
    return this.#store.db
      .prepare<[string], EscrowRow>("SELECT * FROM aitbc_escrows WHERE job_id = ?")
      .get(jobId);
  }
}

function transactionView(row: TransactionRow): PyObject {
  return {
    transaction_id: row.id,
    tx_hash: row.hash,
    sender: row.sender,
    recipient: row.recipient,
    payload: parsePython(row.payload),
    type: row.type,
    status: "confirmed",
    created_at: naiveUtc(row.created_at),
    timestamp: Math.floor(row.created_at / 1000),
    nonce: 0,
    value: row.value,
    fee: 0,
  };
}
