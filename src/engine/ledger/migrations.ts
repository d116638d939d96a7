/**
 * The schema, as numbered steps that only ever grow. `PRAGMA user_version` is the number of steps applied.
 * A step may ask `expected_minor` (expected-function.ts), which must be added to the connection first.
 * Money columns hold minor units (shared/money.ts); times are unix milliseconds; digests are lower-case hex.
 */
import { FIRST_LIGHT } from "./migrations/001-first-light.ts";
import { OFFERS } from "./migrations/002-offers.ts";
import { GPU } from "./migrations/003-gpu.ts";
import { AICF } from "./migrations/004-aicf.ts";
import { SCALE } from "./migrations/005-scale.ts";
import { OFFER_STRATEGY } from "./migrations/006-offer-strategy.ts";
import { KEPT_INPUTS } from "./migrations/007-kept-inputs.ts";
import { JOB_ENDS } from "./migrations/008-job-ends.ts";
import { MODEL_NEEDS } from "./migrations/009-model-needs.ts";
import { RECEIPTS_KEPT } from "./migrations/010-receipts-kept.ts";
import { CLAIMS } from "./migrations/011-claims.ts";
import { NEEDS_BY_BATCH } from "./migrations/012-needs-by-batch.ts";
import { MONEY_IN_SIGHT } from "./migrations/013-money-in-sight.ts";

export const MIGRATIONS: readonly string[] = [
  FIRST_LIGHT,
  OFFERS,
  GPU,
  AICF,
  SCALE,
  OFFER_STRATEGY,
  KEPT_INPUTS,
  JOB_ENDS,
  MODEL_NEEDS,
  RECEIPTS_KEPT,
  CLAIMS,
  NEEDS_BY_BATCH,
  MONEY_IN_SIGHT,
];
