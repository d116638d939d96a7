/** Leases and their results, the outbox, earnings, the audit log, settings. */
export const FIRST_LIGHT = `
  CREATE TABLE providers (
    market TEXT PRIMARY KEY,
    provider_id TEXT NOT NULL,
    registered_at INTEGER NOT NULL
  ) STRICT;

  -- One row per lease ever held: the job machine's subject (work/job-machine.ts).
  CREATE TABLE leases (
    id INTEGER PRIMARY KEY,
    market TEXT NOT NULL,
    lease_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    units INTEGER,
    state TEXT NOT NULL,
    -- Canonical CBOR of the work, dropped once the lease ends.
    work BLOB,
    fee_currency TEXT,
    fee_minor INTEGER,
    payment TEXT,
    leased_at INTEGER NOT NULL,
    granted_at INTEGER NOT NULL,
    expires_at INTEGER,
    max_runtime_ms INTEGER,
    runs INTEGER NOT NULL DEFAULT 0,
    device TEXT,
    accepted_at INTEGER,
    finished_at INTEGER,
    error TEXT,
    UNIQUE (market, lease_id)
  ) STRICT;
  CREATE INDEX leases_open ON leases (state) WHERE finished_at IS NULL;
  CREATE INDEX leases_accepted ON leases (market, accepted_at) WHERE accepted_at IS NOT NULL;
  CREATE INDEX leases_finished ON leases (market, finished_at) WHERE finished_at IS NOT NULL;

  CREATE TABLE transitions (
    lease INTEGER NOT NULL REFERENCES leases (id),
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT
  ) STRICT;
  CREATE INDEX transitions_lease ON transitions (lease);

  -- The result's commitment: written in the transaction that makes the job "computed", never changed.
  CREATE TABLE receipts (
    lease INTEGER PRIMARY KEY REFERENCES leases (id),
    sha3_512 TEXT NOT NULL,
    sha3_256 TEXT NOT NULL,
    input_sha3_256 TEXT NOT NULL,
    shape TEXT NOT NULL,
    compute_ms REAL NOT NULL,
    receipt BLOB NOT NULL,
    market_receipt TEXT,
    computed_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE outputs (
    lease INTEGER PRIMARY KEY REFERENCES leases (id),
    bytes BLOB NOT NULL,
    size INTEGER NOT NULL,
    stored_at INTEGER NOT NULL
  ) STRICT;

  -- The outbox: what a market has still to hear. A row leaves when the market has answered.
  CREATE TABLE submissions (
    lease INTEGER PRIMARY KEY REFERENCES leases (id),
    market TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('result', 'fail', 'return')),
    idempotency_key TEXT NOT NULL,
    message TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    first_sent_at INTEGER
  ) STRICT;
  CREATE INDEX submissions_due ON submissions (market, next_at);

  CREATE TABLE earnings (
    lease INTEGER PRIMARY KEY REFERENCES leases (id),
    market TEXT NOT NULL,
    currency TEXT NOT NULL,
    net_minor INTEGER NOT NULL,
    gross_minor INTEGER,
    accepted_at INTEGER NOT NULL,
    settled_at INTEGER NOT NULL,
    reference TEXT
  ) STRICT;
  CREATE INDEX earnings_market ON earnings (market, accepted_at);

  -- Append-only audit: what the engine did and why, in typed rows.
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    market TEXT,
    lease INTEGER,
    detail TEXT NOT NULL
  ) STRICT;

  CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
`;
