/** Upstream's numbers (protocols/aicf.md §2; where it has several, config.py's) and the guide's for workers. */
import { DAY, KIB, MIB, MINUTE, SECOND } from "../../shared/durations.ts";

/** One token is 1e9 nano. 100 tokens make an AI provider eligible. */
export const MIN_STAKE_AI_NANO = 100_000_000_000;
/** Blocks between an unstake and its release. */
export const UNBONDING_BLOCKS = 7200;

export const DEFAULT_LEASE_MS = 120 * SECOND;
export const DEFAULT_MAX_RUNTIME_MS = 90 * SECOND;
export const DEFAULT_HEARTBEAT_MS = 15 * SECOND;
export const MAX_EXTEND_MS = 600 * SECOND;
export const MAX_WAIT_MS = 30 * SECOND;
export const MAX_LEASES_PER_CALL = 64;
/** A lease given back this soon does not count as an attempt. */
export const FREE_RETURN_MS = 5 * SECOND;

/** queue/ttl.py. */
export const DEFAULT_JOB_TTL_MS = 30 * MINUTE;
export const LEASED_GRACE_MS = 10 * MINUTE;
export const KEEP_FINISHED_MS = 10 * MINUTE;
export const MAX_JOB_TTL_MS = 2 * DAY;
/** Dispatcher tick. */
export const TICK_MS = 0.5 * SECOND;

export const MAX_SKEW_MS = 5 * MINUTE;
export const MAX_BODY = MIB;
export const MAX_INLINE_OUTPUT = 256 * KIB;
export const MAX_STORED_OUTPUT = 64 * MIB;
/** Stored outputs that no completion names are dropped after this. */
export const ORPHAN_OUTPUT_MS = 10 * MINUTE;

/** Dilithium3's number in upstream's registry; ML-DSA-65 stands in for it. */
export const DILITHIUM3 = 0x1001;
export const SIGN_DOMAIN = "aicf/provider/v1";
export const ADDRESS_PREFIX = "anim";
