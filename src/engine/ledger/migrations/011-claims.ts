/**
 * What the answers to claims said: a market names each job's amount there once, and may name it nowhere else. And jobs
 * that are paid without anybody saying how much.
 */
export const CLAIMS = `
  CREATE TABLE claims (
    market TEXT NOT NULL,
    -- Of any job that was claimed: one whose result is still on its way, one of another ledger.
    job_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    net_minor INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL,
    reference TEXT,
    PRIMARY KEY (market, job_id)
  ) STRICT, WITHOUT ROWID;

  -- 0: paid, and the amount is told nowhere; the row's is 0.
  ALTER TABLE earnings ADD COLUMN told INTEGER NOT NULL DEFAULT 1;
`;
