/** How each headline level looks: an icon, a tone, and ember for earning alone. */
import {
  CircleStop,
  CloudOff,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
  MoonStar,
  OctagonX,
  Pause,
  TriangleAlert,
} from "lucide-react";
import type { HeadlineLevel } from "../../shared/contract/views.ts";
import type { Tone } from "../parts/tone.ts";

export interface HeadlineLook {
  /** null: the flame. */
  readonly icon: LucideIcon | null;
  readonly tone: Tone;
}

export const HEADLINE_LOOK: Readonly<Record<HeadlineLevel, HeadlineLook>> = {
  error: { icon: OctagonX, tone: "bad" },
  attention: { icon: TriangleAlert, tone: "warn" },
  offline: { icon: CloudOff, tone: "bad" },
  stopped: { icon: CircleStop, tone: "muted" },
  paused: { icon: Pause, tone: "muted" },
  finishing: { icon: Hourglass, tone: "info" },
  starting: { icon: LoaderCircle, tone: "info" },
  earning: { icon: null, tone: "ember" },
  idle: { icon: MoonStar, tone: "muted" },
};
