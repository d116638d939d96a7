/** What models were seen to need of a GPU's memory, so that a restart does not have to learn it again. */
export const MODEL_NEEDS = `
  CREATE TABLE model_needs (
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    -- A need holds for one kind of GPU under one driver: both have their share in it.
    gpu TEXT NOT NULL,
    driver TEXT NOT NULL,
    -- MiB, the most that was seen.
    used_mb INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (model, version, gpu, driver)
  ) STRICT, WITHOUT ROWID;
`;
