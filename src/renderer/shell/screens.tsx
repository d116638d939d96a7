/** Every screen: its icon in the menu and what is drawn. A new screen is a line here, one in state/route.ts and its name in words. */
import { House, ListChecks, type LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import { Home } from "../home/home.tsx";
import { Jobs } from "../jobs/jobs.tsx";
import type { Screen } from "../state/route.ts";

export interface ScreenLook {
  readonly icon: LucideIcon;
  readonly component: ComponentType;
}

export const SCREEN_LOOKS: Readonly<Record<Screen, ScreenLook>> = {
  home: { icon: House, component: Home },
  jobs: { icon: ListChecks, component: Jobs },
};
