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
  type LucideIcon,
  TimerOff,
  Undo2,
  Unplug,
  Upload,
} from "lucide-react";
import type { JobState } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import type { StatusLook } from "../parts/status-word.tsx";
import type { Tone } from "../parts/tone.ts";

const LOOKS: Readonly<Record<JobState, { readonly icon: LucideIcon; readonly tone: Tone }>> = {
  leased: { icon: Inbox, tone: "muted" },
  admitted: { icon: ListStart, tone: "muted" },
  running: { icon: Cog, tone: "ember" },
  computed: { icon: FileCheck2, tone: "info" },
  submitting: { icon: Upload, tone: "info" },
  accepted: { icon: CircleCheck, tone: "ok" },
  settled: { icon: CheckCheck, tone: "ok" },
  returned: { icon: Undo2, tone: "muted" },
  failed: { icon: CircleX, tone: "bad" },
  expired: { icon: TimerOff, tone: "warn" },
  lost: { icon: Unplug, tone: "warn" },
  rejected: { icon: Ban, tone: "bad" },
};

export const jobLook = (state: JobState): StatusLook => ({ ...LOOKS[state], word: t(`jobs.state.${state}`) });

/** What a state means, for tooltips and choices. */
export const jobMeaning = (state: JobState): string => t(`jobs.meaning.${state}`);

/** The states in groups a person can choose from. */
export const JOB_GROUPS = {
  underway: ["leased", "admitted", "running", "computed", "submitting"],
  done: ["accepted", "settled"],
  nothing: ["returned", "failed", "expired", "lost", "rejected"],
} as const satisfies Record<string, readonly JobState[]>;
export type JobGroup = keyof typeof JOB_GROUPS;
