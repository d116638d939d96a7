/**
 * What keeps every question quick on a million jobs: sums and counts that are kept by triggers, in the transaction of
 * the change itself, and indexes for what has to be found row by row.
 *
 * Sums stand by quarter of an hour in UTC: every time zone in use is whole quarters away from it, so any zone's day is
 * a sum of slots, and a change of zone or of summer time needs nothing recounted. Slot -1 is the sum of all.
 */

/** Quarters of an hour, ms: what a slot is. */
export const SLOT_MS = 900_000;
/** The slot that holds the sum of all others. */
export const ALL_TIME = -1;
/** Leases of 4096 successive ids are one block: a count per block finds the n-th match without walking to it. */
export const BLOCK_SHIFT = 12;
/** The block that holds the count of all others. */
export const ALL_BLOCKS = -1;

const FAILED = "('failed', 'expired', 'lost', 'rejected')";

/** Each statement's rows once for its own key and once for the sum of all. */
const alsoAllSlots = (slot: string) => `(SELECT ${slot} AS slot UNION ALL SELECT ${ALL_TIME})`;
const alsoAllBlocks = (row: string) =>
  `(SELECT ${row}.id >> ${BLOCK_SHIFT} AS block UNION ALL SELECT ${ALL_BLOCKS})`;

const ADD_JOB_SLOT =
  "accepted = accepted + excluded.accepted, failed = failed + excluded.failed, returned = returned + excluded.returned";
const ADD_EARNING_SLOT = `settled = settled + excluded.settled, net_minor = net_minor + excluded.net_minor,
      fee_minor = fee_minor + excluded.fee_minor, fees_unknown = fees_unknown + excluded.fees_unknown`;
const ADD_BLOCK = "jobs = jobs + excluded.jobs";

const addToBlocks = (row: string, jobs: 1 | -1) => `
    INSERT INTO job_blocks (block, market, state, model, device, jobs)
      SELECT block, ${row}.market, ${row}.state, ${row}.model, coalesce(${row}.device, ''), ${jobs}
      FROM ${alsoAllBlocks(row)} WHERE true
      ON CONFLICT DO UPDATE SET ${ADD_BLOCK};`;

/** Forgets all sums and counts, and makes them anew from the rows they are of. */
export const RECOUNT = `
  DELETE FROM job_slots;
  INSERT INTO job_slots (market, slot, accepted, failed, returned)
    SELECT market, accepted_at / ${SLOT_MS}, count(*), 0, 0 FROM leases WHERE accepted_at IS NOT NULL GROUP BY 1, 2;
  INSERT INTO job_slots (market, slot, accepted, failed, returned)
    SELECT market, finished_at / ${SLOT_MS}, 0, sum(state IN ${FAILED}), sum(state = 'returned') FROM leases
    WHERE finished_at IS NOT NULL AND (state = 'returned' OR state IN ${FAILED}) GROUP BY 1, 2
    ON CONFLICT DO UPDATE SET ${ADD_JOB_SLOT};
  INSERT INTO job_slots (market, slot, accepted, failed, returned)
    SELECT market, ${ALL_TIME}, sum(accepted), sum(failed), sum(returned) FROM job_slots GROUP BY 1;

  DELETE FROM earning_slots;
  INSERT INTO earning_slots (market, currency, slot, settled, net_minor, fee_minor, fees_unknown)
    SELECT market, currency, accepted_at / ${SLOT_MS}, count(*), sum(net_minor),
      coalesce(sum(gross_minor - net_minor), 0), sum(gross_minor IS NULL)
    FROM earnings GROUP BY 1, 2, 3;
  INSERT INTO earning_slots (market, currency, slot, settled, net_minor, fee_minor, fees_unknown)
    SELECT market, currency, ${ALL_TIME}, sum(settled), sum(net_minor), sum(fee_minor), sum(fees_unknown)
    FROM earning_slots GROUP BY 1, 2;

  DELETE FROM job_blocks;
  INSERT INTO job_blocks (block, market, state, model, device, jobs)
    SELECT id >> ${BLOCK_SHIFT}, market, state, model, coalesce(device, ''), count(*) FROM leases GROUP BY 1, 2, 3, 4, 5;
  INSERT INTO job_blocks (block, market, state, model, device, jobs)
    SELECT ${ALL_BLOCKS}, market, state, model, device, sum(jobs) FROM job_blocks GROUP BY 2, 3, 4, 5;
`;

export const SCALE = `
  -- How jobs ended, by market and the quarter of an hour in which they did.
  CREATE TABLE job_slots (
    market TEXT NOT NULL,
    slot INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    PRIMARY KEY (market, slot)
  ) STRICT, WITHOUT ROWID;

  -- What was credited, by the time of acceptance.
  CREATE TABLE earning_slots (
    market TEXT NOT NULL,
    currency TEXT NOT NULL,
    slot INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    net_minor INTEGER NOT NULL,
    -- Of the credits whose gross is known.
    fee_minor INTEGER NOT NULL,
    fees_unknown INTEGER NOT NULL,
    PRIMARY KEY (market, currency, slot)
  ) STRICT, WITHOUT ROWID;

  -- Drawn by all devices while they worked for a market.
  CREATE TABLE energy_slots (
    market TEXT NOT NULL,
    slot INTEGER NOT NULL,
    joules REAL NOT NULL,
    -- Time devices worked while their power was read, and while nobody told it; each device with its own.
    measured_ms INTEGER NOT NULL,
    unmeasured_ms INTEGER NOT NULL,
    -- Time any of them worked.
    machine_ms INTEGER NOT NULL,
    PRIMARY KEY (market, slot)
  ) STRICT, WITHOUT ROWID;

  -- Drawn by each device while it worked, since it was first seen.
  CREATE TABLE energy_devices (
    device TEXT PRIMARY KEY,
    joules REAL NOT NULL,
    measured_ms INTEGER NOT NULL,
    unmeasured_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- How many leases of each sort there are in each block of ids; device '': it never ran.
  CREATE TABLE job_blocks (
    block INTEGER NOT NULL,
    market TEXT NOT NULL,
    state TEXT NOT NULL,
    model TEXT NOT NULL,
    device TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (block, market, state, model, device)
  ) STRICT, WITHOUT ROWID;

  CREATE TRIGGER leases_added AFTER INSERT ON leases BEGIN ${addToBlocks("NEW", 1)}
  END;

  CREATE TRIGGER leases_moved AFTER UPDATE OF state, device ON leases
  WHEN OLD.state IS NOT NEW.state OR OLD.device IS NOT NEW.device BEGIN ${addToBlocks("OLD", -1)}
    DELETE FROM job_blocks WHERE block IN (OLD.id >> ${BLOCK_SHIFT}, ${ALL_BLOCKS}) AND market = OLD.market
      AND state = OLD.state AND model = OLD.model AND device = coalesce(OLD.device, '') AND jobs = 0; ${addToBlocks("NEW", 1)}
  END;

  CREATE TRIGGER leases_accepted AFTER UPDATE OF accepted_at ON leases
  WHEN OLD.accepted_at IS NULL AND NEW.accepted_at IS NOT NULL BEGIN
    INSERT INTO job_slots (market, slot, accepted, failed, returned)
      SELECT NEW.market, slot, 1, 0, 0 FROM ${alsoAllSlots(`NEW.accepted_at / ${SLOT_MS}`)} WHERE true
      ON CONFLICT DO UPDATE SET ${ADD_JOB_SLOT};
  END;

  CREATE TRIGGER leases_ended AFTER UPDATE OF state ON leases
  WHEN OLD.state IS NOT NEW.state AND (NEW.state = 'returned' OR NEW.state IN ${FAILED}) BEGIN
    INSERT INTO job_slots (market, slot, accepted, failed, returned)
      SELECT NEW.market, slot, 0, NEW.state <> 'returned', NEW.state = 'returned'
      FROM ${alsoAllSlots(`NEW.finished_at / ${SLOT_MS}`)} WHERE true
      ON CONFLICT DO UPDATE SET ${ADD_JOB_SLOT};
  END;

  CREATE TRIGGER earnings_added AFTER INSERT ON earnings BEGIN
    INSERT INTO earning_slots (market, currency, slot, settled, net_minor, fee_minor, fees_unknown)
      SELECT NEW.market, NEW.currency, slot, 1, NEW.net_minor, coalesce(NEW.gross_minor - NEW.net_minor, 0),
        NEW.gross_minor IS NULL
      FROM ${alsoAllSlots(`NEW.accepted_at / ${SLOT_MS}`)} WHERE true
      ON CONFLICT DO UPDATE SET ${ADD_EARNING_SLOT};
  END;

  -- One walk for each sort of lease that a filter matches, newest id first.
  CREATE INDEX leases_sort ON leases (market, state, model, device);
  CREATE INDEX leases_job ON leases (job_id);
  -- Holds all that is asked of money on its way, so that no lease has to be read for it.
  CREATE INDEX leases_unsettled ON leases (market, accepted_at, fee_currency, fee_minor) WHERE state = 'accepted';
  CREATE INDEX leases_failed ON leases (market, finished_at) WHERE state IN ${FAILED};
  DROP INDEX leases_finished;

  CREATE INDEX outputs_age ON outputs (stored_at);
  CREATE INDEX outputs_size ON outputs (lease DESC, size);

  -- 0: information, 1: worth a look, 2: something went wrong.
  ALTER TABLE events ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
  UPDATE events SET level = CASE type WHEN 'runtime-failed' THEN 2 WHEN 'snapshot-failed' THEN 2
    WHEN 'market-error' THEN 1 WHEN 'lease-declined' THEN 1 WHEN 'ledger-restored' THEN 1 WHEN 'guard-acted' THEN 1 ELSE 0 END;
  CREATE INDEX events_type ON events (type);
  CREATE INDEX events_level ON events (level) WHERE level > 0;
  CREATE INDEX events_lease ON events (lease) WHERE lease IS NOT NULL;
${RECOUNT}`;
