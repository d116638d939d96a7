/** Where the person is: a screen in the address's hash, so that Back works and nothing is ever requested for it. */
import { useSyncExternalStore } from "react";

/** In the order of the menu. */
export const SCREENS = [
  "home",
  "gpus",
  "offers",
  "jobs",
  "earnings",
  "reliability",
  "identity",
  "models",
  "activity",
  "settings",
] as const;
export type Screen = (typeof SCREENS)[number];

/** Beside the menu: the set-up. */
export type Place = Screen | "welcome";
export const WELCOME_HASH = "#/welcome";

export const screenHref = (screen: Screen): string => `#/${screen}`;

export function placeOf(hash: string): Place {
  if (hash === WELCOME_HASH) return "welcome";
  return SCREENS.find((screen) => hash === screenHref(screen)) ?? "home";
}

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, () => placeOf(window.location.hash));
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}
