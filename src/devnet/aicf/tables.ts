/** AICF's tables. Times are unix ms, amounts nano, heights blocks. */
export const AICF_TABLES = `
  CREATE TABLE aicf_providers (
    id TEXT PRIMARY KEY,
    name TEXT,
    capabilities TEXT NOT NULL,
    endpoint TEXT,
    region TEXT,
    address TEXT NOT NULL,
    public_key BLOB NOT NULL,
    secret TEXT,
    registered_at INTEGER NOT NULL,
    stake INTEGER NOT NULL DEFAULT 0,
    health_score REAL NOT NULL DEFAULT 0,
    last_heartbeat INTEGER,
    leases_capacity INTEGER NOT NULL DEFAULT 1
  ) STRICT;

  CREATE TABLE aicf_unstakes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    release_height INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX aicf_unstakes_by_provider ON aicf_unstakes (provider_id);

  CREATE TABLE aicf_heartbeats (provider_id TEXT NOT NULL, at INTEGER NOT NULL, qos REAL) STRICT;
  CREATE INDEX aicf_heartbeats_by_provider ON aicf_heartbeats (provider_id, at);

  CREATE TABLE aicf_nonces (
    provider_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (provider_id, nonce)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE aicf_jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    model TEXT NOT NULL,
    input TEXT NOT NULL,
    params TEXT NOT NULL,
    requester TEXT,
    region TEXT,
    fee INTEGER NOT NULL,
    units INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    tier TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    max_runtime_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    ready_at INTEGER NOT NULL,
    provider_id TEXT,
    epoch INTEGER
  ) STRICT;
  CREATE INDEX aicf_jobs_by_state ON aicf_jobs (state);

  CREATE TABLE aicf_leases (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    worker_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    state TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX aicf_leases_by_state ON aicf_leases (state, provider_id);
  CREATE INDEX aicf_leases_by_job ON aicf_leases (job_id);

  CREATE TABLE aicf_results (
    job_id TEXT PRIMARY KEY,
    lease_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    output_digest TEXT NOT NULL,
    output_sha3_512 TEXT NOT NULL,
    proof_refs TEXT NOT NULL,
    meta TEXT NOT NULL,
    receipt TEXT NOT NULL,
    completed_at INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX aicf_results_by_provider ON aicf_results (provider_id, completed_at);

  CREATE TABLE aicf_outputs (
    sha3_512 TEXT PRIMARY KEY,
    bytes BLOB NOT NULL,
    stored_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE aicf_epochs (
    epoch INTEGER PRIMARY KEY AUTOINCREMENT,
    settled_at INTEGER NOT NULL,
    height INTEGER NOT NULL,
    payouts INTEGER NOT NULL,
    to_providers INTEGER NOT NULL,
    to_treasury INTEGER NOT NULL,
    to_miners INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE aicf_payouts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    provider_id TEXT NOT NULL,
    job_id TEXT NOT NULL UNIQUE,
    amount INTEGER NOT NULL,
    gross INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    settled_at INTEGER NOT NULL,
    claimed_at INTEGER
  ) STRICT;
  CREATE INDEX aicf_payouts_by_provider ON aicf_payouts (provider_id, claimed_at);
`;

/** Schema step 2: service windows, traps, penalties, jail. */
export const AICF_SERVICE_TABLES = `
  ALTER TABLE aicf_providers ADD COLUMN jailed_until_height INTEGER;
  -- Begin of the service window that is judged next; the registration's time at first.
  ALTER TABLE aicf_providers ADD COLUMN window_from INTEGER NOT NULL DEFAULT 0;
  UPDATE aicf_providers SET window_from = registered_at;
  ALTER TABLE aicf_heartbeats ADD COLUMN capacity INTEGER NOT NULL DEFAULT 1;

  CREATE TABLE aicf_trap_results (
    job_id TEXT PRIMARY KEY,
    provider_id TEXT NOT NULL,
    ok INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX aicf_trap_results_by_provider ON aicf_trap_results (provider_id, at);

  CREATE TABLE aicf_slashes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    provider_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    amount INTEGER NOT NULL,
    height INTEGER NOT NULL,
    at INTEGER NOT NULL,
    job_id TEXT
  ) STRICT;
  CREATE INDEX aicf_slashes_by_provider ON aicf_slashes (provider_id, at);
  CREATE INDEX aicf_leases_ended ON aicf_leases (provider_id, ended_at);
`;

/** Schema step 3: the next jobs are found in their order, however many wait (PRIORITY in jobs.ts). */
export const AICF_QUEUE_ORDER = `
  DROP INDEX aicf_jobs_by_state;
  CREATE INDEX aicf_jobs_by_state ON aicf_jobs (state, fee DESC, created_at, size_bytes,
    CASE tier WHEN 'gold' THEN 0 WHEN 'premium' THEN 1 ELSE 2 END, id);
`;
