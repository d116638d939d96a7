/** GPUs offered for rent, and the prices of others. */
export const OFFERS = `
  CREATE TABLE offers (
    id INTEGER PRIMARY KEY,
    market TEXT NOT NULL,
    board TEXT NOT NULL,
    device TEXT NOT NULL,
    model TEXT NOT NULL,
    memory_mb INTEGER,
    state TEXT NOT NULL,
    -- The wish, apart from how far it came true.
    wanted INTEGER NOT NULL,
    currency TEXT NOT NULL,
    price_minor INTEGER NOT NULL,
    -- The id in use; another attempt is another id.
    offer_id TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    -- We keep it off this board ourselves, because the GPU is rented on another one.
    held INTEGER NOT NULL DEFAULT 0,
    listed_minor INTEGER,
    market_status TEXT,
    drift TEXT,
    booking TEXT,
    checked_at INTEGER,
    error TEXT,
    UNIQUE (market, board, device)
  ) STRICT;

  CREATE TABLE prices_seen (
    market TEXT NOT NULL,
    board TEXT NOT NULL,
    offer_id TEXT NOT NULL,
    model TEXT NOT NULL,
    currency TEXT NOT NULL,
    price_minor INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (market, board, offer_id)
  ) STRICT;
`;
