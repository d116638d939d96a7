/** Heartbeats a market acknowledged: with the leases they are what its measures of service are computed from. */
export const AICF = `
  CREATE TABLE heartbeats (
    market TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- Jobs this provider offered to hold; 0: paused.
    capacity INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX heartbeats_market ON heartbeats (market, at);
`;
