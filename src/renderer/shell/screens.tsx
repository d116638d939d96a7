/** Every screen: its icon in the menu and what is drawn. A new screen is a line here, one in state/route.ts and its name in words. */
import {
  ChartColumn,
  Gpu,
  House,
  KeyRound,
  Layers,
  ListChecks,
  type LucideIcon,
  ScrollText,
  Server,
  ShieldCheck,
  SlidersHorizontal,
  Tag,
} from "lucide-react";
import type { ComponentType } from "react";
import type { State } from "../../shared/contract/views.ts";
import type { ScreenName } from "../../shared/screens.ts";
import { Activity } from "../activity/activity.tsx";
import { Earnings } from "../earnings/earnings.tsx";
import { Fleet } from "../fleet/fleet.tsx";
import { Gpus } from "../gpus/gpus.tsx";
import { Home } from "../home/home.tsx";
import { Identity } from "../identity/identity.tsx";
import { Jobs } from "../jobs/jobs.tsx";
import { Models } from "../models/models.tsx";
import { Offers } from "../offers/offers.tsx";
import { reliabilityBadge } from "../reliability/badge.ts";
import { Reliability } from "../reliability/reliability.tsx";
import { Settings } from "../settings/settings.tsx";

export interface ScreenLook {
  readonly icon: LucideIcon;
  readonly component: ComponentType;
  /** Absent: always in the menu. One that is not is still reached by its address. */
  readonly isListed?: (state: State) => boolean;
  /** How many things there need a look; shown beside the name. */
  readonly badge?: (state: State) => number;
}

export const SCREEN_LOOKS: Readonly<Record<ScreenName, ScreenLook>> = {
  home: { icon: House, component: Home },
  gpus: { icon: Gpu, component: Gpus },
  offers: { icon: Tag, component: Offers },
  jobs: { icon: ListChecks, component: Jobs },
  earnings: { icon: ChartColumn, component: Earnings },
  reliability: { icon: ShieldCheck, component: Reliability, badge: reliabilityBadge },
  identity: { icon: KeyRound, component: Identity },
  models: { icon: Layers, component: Models },
  activity: { icon: ScrollText, component: Activity },
  fleet: { icon: Server, component: Fleet, isListed: ({ engine }) => engine.hasFleet === true },
  settings: { icon: SlidersHorizontal, component: Settings },
};
