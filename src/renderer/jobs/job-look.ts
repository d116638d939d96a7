/** How each job state looks: icon, word and tone. */
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
