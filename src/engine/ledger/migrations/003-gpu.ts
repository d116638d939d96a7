/** Devices that were ever here, and what their self-tests found. */
export const GPU = `
  CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('gpu', 'cpu')),
    name TEXT NOT NULL,
    -- Of the driver it was last seen with; null: none, or not told.
    driver TEXT,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE self_tests (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL REFERENCES devices (id),
    at INTEGER NOT NULL,
    ok INTEGER NOT NULL CHECK (ok IN (0, 1)),
    summary TEXT NOT NULL,
    -- What the result holds for: another driver or another model needs another test.
    driver TEXT,
    model_manifest TEXT,
    -- The whole report, JSON.
    report TEXT NOT NULL
  ) STRICT;
  CREATE INDEX self_tests_device ON self_tests (device, at);
`;
