/**
 * Money that stays in sight: what accepted jobs should still bring is kept as a sum by quarter of an hour, as what they
 * brought is (005-scale.ts); what is not waited for any more is marked; rentals of whole GPUs are written down.
 */
import { ALL_TIME, SLOT_MS } from "./005-scale.ts";

/** A job that is accepted, and whose money is waited for. */
const awaited = (row: string) => `${row}.state = 'accepted' AND ${row}.written_off_at IS NULL`;
const slots = (row: string) =>
  `(SELECT ${row}.accepted_at / ${SLOT_MS} AS slot UNION ALL SELECT ${ALL_TIME})`;

/** One that is not waited for any more. */
const writtenOff = (row: string) => `${row}.state = 'accepted' AND ${row}.written_off_at IS NOT NULL`;

const addWrittenOff = (row: "OLD" | "NEW", sign: "" | "-") => `
    INSERT INTO written_off_sums (market, written_off_by, jobs, unpriced, net_minor)
      SELECT ${row}.market, ${row}.written_off_by, ${sign}1, ${sign}(${row}.expected_minor IS NULL),
        ${sign}coalesce(${row}.expected_minor, 0) WHERE ${writtenOff(row)}
      ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs, unpriced = unpriced + excluded.unpriced,
        net_minor = net_minor + excluded.net_minor;`;

const addAwaited = (row: "OLD" | "NEW", sign: "" | "-") => `
    INSERT INTO pending_slots (market, slot, jobs, unpriced, net_minor)
      SELECT ${row}.market, slot, ${sign}1, ${sign}(${row}.expected_minor IS NULL), ${sign}coalesce(${row}.expected_minor, 0)
      FROM ${slots(row)} WHERE ${awaited(row)}
      ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs, unpriced = unpriced + excluded.unpriced,
        net_minor = net_minor + excluded.net_minor;`;

/** Forgets the sums of what is waited for and of what is not any more, and makes them anew from the jobs. */
export const RECOUNT_PENDING = `
  DELETE FROM written_off_sums;
  INSERT INTO written_off_sums (market, written_off_by, jobs, unpriced, net_minor)
    SELECT market, written_off_by, count(*), sum(expected_minor IS NULL), coalesce(sum(expected_minor), 0)
    FROM leases WHERE ${writtenOff("leases")} GROUP BY 1, 2;
  DELETE FROM pending_slots;
  INSERT INTO pending_slots (market, slot, jobs, unpriced, net_minor)
    SELECT market, accepted_at / ${SLOT_MS}, count(*), sum(expected_minor IS NULL), coalesce(sum(expected_minor), 0)
    FROM leases WHERE ${awaited("leases")} GROUP BY 1, 2;
  INSERT INTO pending_slots (market, slot, jobs, unpriced, net_minor)
    SELECT market, ${ALL_TIME}, sum(jobs), sum(unpriced), sum(net_minor) FROM pending_slots GROUP BY 1;
`;

/** `expected_minor(market, currency, minor as text)` must be a function of the connection (database.ts). */
export const MONEY_IN_SIGHT = `
  -- What the market should pay for the job, net; null: it did not say.
  ALTER TABLE leases ADD COLUMN expected_minor INTEGER;
  -- Accepted, and not waited for any more. A credit that comes all the same counts.
  ALTER TABLE leases ADD COLUMN written_off_at INTEGER;
  -- 'market': it set no payment aside for the job; 'person'.
  ALTER TABLE leases ADD COLUMN written_off_by TEXT;

  UPDATE leases SET expected_minor = expected_minor(market, fee_currency, CAST(fee_minor AS TEXT))
    WHERE fee_minor IS NOT NULL AND finished_at IS NULL;
  UPDATE leases SET written_off_at = accepted_at, written_off_by = 'market'
    WHERE state = 'accepted' AND payment = 'unfunded';

  DROP INDEX leases_unsettled;
  CREATE INDEX leases_unsettled ON leases (market, accepted_at) WHERE ${awaited("leases").replaceAll("leases.", "")};
  CREATE INDEX leases_written_off ON leases (market, accepted_at)
    WHERE state = 'accepted' AND written_off_at IS NOT NULL;
  CREATE INDEX leases_paid_late ON leases (market, written_off_at)
    WHERE state = 'accepted' AND written_off_at IS NOT NULL;
  CREATE INDEX leases_given_up ON leases (market, written_off_at) WHERE state = 'accepted' AND written_off_by = 'person';

  CREATE TABLE pending_slots (
    market TEXT NOT NULL,
    slot INTEGER NOT NULL,
    jobs INTEGER NOT NULL,
    -- Of which it is not known what they should bring.
    unpriced INTEGER NOT NULL,
    net_minor INTEGER NOT NULL,
    PRIMARY KEY (market, slot)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE written_off_sums (
    market TEXT NOT NULL,
    written_off_by TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    net_minor INTEGER NOT NULL,
    PRIMARY KEY (market, written_off_by)
  ) STRICT, WITHOUT ROWID;

  CREATE TRIGGER leases_awaited AFTER UPDATE OF state, written_off_at ON leases
  WHEN (${awaited("OLD")}) IS NOT (${awaited("NEW")}) BEGIN ${addAwaited("OLD", "-")} ${addAwaited("NEW", "")}
    DELETE FROM pending_slots WHERE market = NEW.market AND slot IN (NEW.accepted_at / ${SLOT_MS}, ${ALL_TIME})
      AND jobs = 0;
  END;

  CREATE TRIGGER leases_let_go AFTER UPDATE OF state, written_off_at ON leases
  WHEN (${writtenOff("OLD")}) IS NOT (${writtenOff("NEW")}) BEGIN ${addWrittenOff("OLD", "-")} ${addWrittenOff("NEW", "")}
    DELETE FROM written_off_sums WHERE market = NEW.market AND jobs = 0;
  END;

  -- By when it was paid, which is never before it was accepted.
  CREATE INDEX earnings_paid ON earnings (market, max(settled_at, accepted_at), lease);

  CREATE TABLE bookings (
    id INTEGER PRIMARY KEY,
    market TEXT NOT NULL,
    board TEXT NOT NULL,
    -- The market's own name of it.
    booking TEXT NOT NULL,
    device TEXT NOT NULL,
    model TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    -- As agreed; null: not said.
    until_at INTEGER,
    currency TEXT,
    -- As agreed for the whole time; null: not said.
    total_minor INTEGER,
    -- When it was seen to have ended; null: it runs.
    ended_at INTEGER,
    end_reason TEXT CHECK (end_reason IN ('over', 'released', 'vanished')),
    UNIQUE (market, board, booking)
  ) STRICT;
  CREATE INDEX bookings_started ON bookings (market, starts_at);
${RECOUNT_PENDING}`;
