/** How many jobs of each kind ended in each way, kept as they end: metrics count on from here after a restart. */

const ENDS = "('accepted', 'returned', 'failed', 'expired', 'lost', 'rejected')";

export const JOB_ENDS = `
  CREATE TABLE job_ends (
    market TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- The first state that ended it: what is settled later was accepted.
    state TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (market, kind, state)
  ) STRICT, WITHOUT ROWID;

  CREATE TRIGGER leases_tallied AFTER UPDATE OF state ON leases
  WHEN OLD.state IS NOT NEW.state AND NEW.state IN ${ENDS} BEGIN
    INSERT INTO job_ends (market, kind, state, jobs) VALUES (NEW.market, NEW.kind, NEW.state, 1)
      ON CONFLICT DO UPDATE SET jobs = jobs + 1;
  END;

  INSERT INTO job_ends (market, kind, state, jobs)
    SELECT market, kind, CASE state WHEN 'settled' THEN 'accepted' ELSE state END AS ended, count(*) FROM leases
    WHERE state = 'settled' OR state IN ${ENDS} GROUP BY market, kind, ended;
`;
