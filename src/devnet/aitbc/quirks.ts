/**
 * Oddities of the real services that the devnet has by default and can do without, to see what a client makes of either
 * (protocols/aitbc.md §1.5, §2.5, §7).
 */
import { z } from "zod";

export const QUIRKS = {
  "heartbeat-revives":
    "8101: a heartbeat or registration puts booked, used and withdrawn GPUs on the market again",
  "queue-next-fails": "8101: taking a queued job answers 500 and leaves it running",
  "ready-fails": "8101, guide: /ready answers 503",
  "fail-keeps-slot": "8203: a failed job keeps its slot until a heartbeat says otherwise",
  "poll-unknown-500": "8203: a poll of an unregistered miner answers 500 instead of 404",
  "receipt-clients-only": "8203: a job's receipt is shown to its client, not to the miner who did it",
  "dynamic-price": "8203: a booking is charged another price than the listed one",
} as const;

export const QuirkSchema = z.enum(Object.keys(QUIRKS) as [Quirk, ...Quirk[]]);
export type Quirk = keyof typeof QUIRKS;
export type HasQuirk = (quirk: Quirk) => boolean;
