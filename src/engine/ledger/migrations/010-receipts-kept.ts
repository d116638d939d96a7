/** Signed receipts go once they are old or too many; what stays of a job for ever is its digests. Here: what is there to go. */
export const RECEIPTS_KEPT = `
  CREATE INDEX receipts_kept ON receipts (computed_at, length(receipt) + coalesce(length(market_receipt), 0))
    WHERE length(receipt) > 0;
`;
