/**
 * The work of computed jobs, kept exactly as long as their output: with both at hand a result can be computed again
 * and compared. Triggers do it, so that no way of storing or pruning an output can forget its input.
 */
export const KEPT_INPUTS = `
  CREATE TABLE kept_inputs (
    lease INTEGER PRIMARY KEY REFERENCES leases (id),
    -- Canonical CBOR of the work, as the lease had it.
    work BLOB NOT NULL
  ) STRICT;

  -- The space limit for outputs counts both: size is that of the output and its input.
  CREATE TRIGGER input_kept AFTER INSERT ON outputs BEGIN
    INSERT INTO kept_inputs (lease, work) SELECT id, work FROM leases WHERE id = NEW.lease AND work IS NOT NULL;
    UPDATE outputs SET size = size + (SELECT coalesce(length(work), 0) FROM leases WHERE id = NEW.lease)
      WHERE lease = NEW.lease;
  END;
  CREATE TRIGGER input_forgotten AFTER DELETE ON outputs BEGIN
    DELETE FROM kept_inputs WHERE lease = OLD.lease;
  END;
`;
