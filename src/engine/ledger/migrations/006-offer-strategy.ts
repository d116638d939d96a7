/** How an offer's price is found, how much GPUs are rented, and what is staked at markets. */
export const OFFER_STRATEGY = `
  -- A PriceStrategy, JSON; null: fixed at the price of the row.
  ALTER TABLE offers ADD COLUMN strategy TEXT;
  ALTER TABLE offers ADD COLUMN priced_at INTEGER;

  -- Time on the market by hour: free to be rented, and rented.
  CREATE TABLE offer_hours (
    market TEXT NOT NULL,
    device TEXT NOT NULL,
    hour INTEGER NOT NULL,
    open_ms INTEGER NOT NULL,
    rented_ms INTEGER NOT NULL,
    PRIMARY KEY (market, device, hour)
  ) STRICT;

  -- What a market holds of ours, as it last told; a row that it no longer tells of has ended.
  CREATE TABLE stakes (
    market TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('stake', 'bond')),
    reference TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    status TEXT,
    locked_until INTEGER,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (market, kind, reference)
  ) STRICT;
`;
