/** What a model needs grows with its batches: a figure of the largest one says nothing of a smaller one. */
export const NEEDS_BY_BATCH = `
  DROP TABLE model_needs;
  CREATE TABLE model_needs (
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    gpu TEXT NOT NULL,
    driver TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    used_mb INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (model, version, gpu, driver, jobs)
  ) STRICT, WITHOUT ROWID;
`;
