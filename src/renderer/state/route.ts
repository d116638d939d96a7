/** Where the person is: a screen in the address's hash, so that Back works and nothing is ever requested for it. */
import { useSyncExternalStore } from "react";
import { SCREEN_NAMES, type ScreenName } from "../../shared/screens.ts";

/** Beside the menu: the set-up, and an address that names no screen. */
export type Place = ScreenName | "welcome" | "nowhere";
export const WELCOME_HASH = "#/welcome";

export const screenHref = (screen: ScreenName): string => `#/${screen}`;

export function placeOf(hash: string): Place {
  if (hash === WELCOME_HASH) return "welcome";
  const [, name = ""] = /^#\/(.*)$/s.exec(hash) ?? [];
  return name === "" ? "home" : (SCREEN_NAMES.find((screen) => name === screen) ?? "nowhere");
}

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, () => placeOf(window.location.hash));
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}
