/** How each job state looks and what it means: icon, word, tone, and a few plain words. */
import {
  Ban,
  CheckCheck,
  CircleCheck,
  CircleX,
  Cog,
  FileCheck2,
  Inbox,
  ListStart,
  TimerOff,
  Undo2,
  Unplug,
  Upload,
} from "lucide-react";
import type { JobState } from "../../shared/contract/views.ts";
import type { StatusLook } from "../parts/status-word.tsx";

export const JOB_LOOK: Readonly<Record<JobState, StatusLook>> = {
  leased: { icon: Inbox, word: "leased", tone: "muted" },
  admitted: { icon: ListStart, word: "admitted", tone: "muted" },
  running: { icon: Cog, word: "running", tone: "ember" },
  computed: { icon: FileCheck2, word: "computed", tone: "info" },
  submitting: { icon: Upload, word: "submitting", tone: "info" },
  accepted: { icon: CircleCheck, word: "accepted", tone: "ok" },
  settled: { icon: CheckCheck, word: "settled", tone: "ok" },
  returned: { icon: Undo2, word: "returned", tone: "muted" },
  failed: { icon: CircleX, word: "failed", tone: "bad" },
  expired: { icon: TimerOff, word: "expired", tone: "warn" },
  lost: { icon: Unplug, word: "lost", tone: "warn" },
  rejected: { icon: Ban, word: "rejected", tone: "bad" },
};

/** What a state means, for tooltips and choices. */
export const JOB_MEANING: Readonly<Record<JobState, string>> = {
  leased: "granted by the market",
  admitted: "checked, waits for the device",
  running: "on the device",
  computed: "result is safe on disk",
  submitting: "result is on its way",
  accepted: "taken by the market, pay is due",
  settled: "credited",
  returned: "given back, not run",
  failed: "could not be computed",
  expired: "the lease ran out",
  lost: "the market took it away",
  rejected: "the market refused the result",
};

/** The states in groups a person can choose from. */
export const JOB_GROUPS: readonly { readonly name: string; readonly options: readonly JobState[] }[] = [
  { name: "Under way", options: ["leased", "admitted", "running", "computed", "submitting"] },
  { name: "Done", options: ["accepted", "settled"] },
  { name: "Came to nothing", options: ["returned", "failed", "expired", "lost", "rejected"] },
];
