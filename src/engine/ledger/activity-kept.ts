/** What the audit log keeps for ever, and what it forgets: what was said of money, keys, standing and settings stays. */
import { ACTIVITY_TYPES, type ActivityType } from "../../shared/contract/activity.ts";
import { DAY } from "../../shared/durations.ts";

/** Chatter is kept for this long (docs/privacy.md)… */
export const CHATTER_KEPT_MS = 90 * DAY;
/** …and as long as no more than so many rows were written since. */
export const CHATTER_KEPT_ROWS = 100_000;

const FATE: Readonly<Record<ActivityType, "stays" | "chatter">> = {
  "engine-started": "chatter",
  "engine-stopped": "chatter",
  "ledger-restored": "stays",
  "snapshot-failed": "chatter",
  "intent-changed": "stays",
  registered: "stays",
  "offer-changed": "chatter",
  "offer-repriced": "chatter",
  // One for each job; what the receipt was worth stands in the job's own history.
  "receipt-unverified": "chatter",
  "stake-changed": "stays",
  "lease-adopted": "chatter",
  "lease-declined": "chatter",
  "runtime-failed": "chatter",
  "devices-changed": "chatter",
  "device-paused": "chatter",
  "device-resumed": "chatter",
  "self-tested": "chatter",
  "market-error": "chatter",
  "market-recovered": "chatter",
  "standing-changed": "stays",
  "written-off": "stays",
  "write-off-taken-back": "stays",
  "guard-acted": "stays",
  "key-used": "stays",
  "settings-changed": "stays",
  noticed: "chatter",
};

/** What another version wrote that this one does not know stays too. */
export const CHATTER: readonly ActivityType[] = ACTIVITY_TYPES.filter((type) => FATE[type] === "chatter");
