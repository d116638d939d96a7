/** The kinds of notices there are; each can be switched off by itself. */
import { z } from "zod";

export const NOTICE_TYPES = [
  "no-gpu",
  "driver-old",
  "market-unreachable",
  "market-refused",
  "market-paused",
  "clock-wrong",
  "stake-low",
  "jailed",
  "service-near-limit",
  "slashed",
  "self-test-failed",
  "breaker-open",
  "offer-drift",
  "offer-booked",
  "unclaimed",
  "first-earning",
  "model-ready",
  "model-failed",
  "disk-full",
  "ledger-restored",
  "snapshot-failed",
  "engine-failed",
  "update-ready",
  "update-refused",
  "safe-mode",
  "start-at-login",
] as const;
export const NoticeTypeSchema = z.enum(NOTICE_TYPES);
export type NoticeType = z.infer<typeof NoticeTypeSchema>;
