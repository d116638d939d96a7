/** The names of the screens, for whoever points at one: the menu, a notice, a bellows:// link. In the order of the menu. */
export const SCREEN_NAMES = [
  "home",
  "gpus",
  "offers",
  "jobs",
  "earnings",
  "reliability",
  "identity",
  "models",
  "activity",
  "fleet",
  "settings",
] as const;
export type ScreenName = (typeof SCREEN_NAMES)[number];

export const isScreenName = (name: unknown): name is ScreenName =>
  SCREEN_NAMES.some((screen) => screen === name);
