/** AITBC's tables. Times are unix ms, AIT amounts are integers of 1e-8 AIT (`*_e8`), chain values compute-seconds. */
export const AITBC_TABLES = `
  CREATE TABLE aitbc_miners (
    id TEXT PRIMARY KEY,
    capabilities TEXT NOT NULL,
    concurrency INTEGER NOT NULL,
    region TEXT,
    status TEXT NOT NULL,
    inflight INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    session_token TEXT NOT NULL,
    last_heartbeat INTEGER NOT NULL,
    jobs_completed INTEGER NOT NULL DEFAULT 0,
    jobs_failed INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE aitbc_jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    client TEXT NOT NULL,
    state TEXT NOT NULL,
    payload TEXT NOT NULL,
    constraints TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    finished_at INTEGER,
    assigned_miner TEXT,
    error TEXT,
    result TEXT,
    receipt TEXT,
    payment_id TEXT,
    payment_status TEXT,
    amount_e8 INTEGER
  ) STRICT;
  CREATE INDEX aitbc_jobs_by_state ON aitbc_jobs (state, seq);
  CREATE INDEX aitbc_jobs_by_miner ON aitbc_jobs (assigned_miner, seq);

  CREATE TABLE aitbc_escrows (
    job_id TEXT PRIMARY KEY,
    contract_id TEXT NOT NULL,
    state TEXT NOT NULL,
    buyer TEXT NOT NULL,
    provider TEXT NOT NULL,
    amount_e8 INTEGER NOT NULL,
    released_e8 INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    released_at INTEGER
  ) STRICT;

  CREATE TABLE aitbc_transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    payload TEXT NOT NULL,
    value INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX aitbc_transactions_by_recipient ON aitbc_transactions (recipient, type, id);
`;
