/** Where the person is: a screen in the address's hash, so that Back works and nothing is ever requested for it. */
import { useSyncExternalStore } from "react";

/** In the order of the menu. */
export const SCREENS = ["home", "jobs"] as const;
export type Screen = (typeof SCREENS)[number];

export const screenHref = (screen: Screen): string => `#/${screen}`;

export function screenOf(hash: string): Screen {
  return SCREENS.find((screen) => hash === screenHref(screen)) ?? "home";
}

export function useScreen(): Screen {
  return useSyncExternalStore(subscribe, () => screenOf(window.location.hash));
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}
