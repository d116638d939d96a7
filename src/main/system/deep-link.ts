/** bellows://earnings: a link from outside may show a screen, and nothing else. */
import { isScreenName, type ScreenName } from "../../shared/screens.ts";

export const LINK_SCHEME = "bellows";

/** The screen a link names; null: it is none of ours, or says more than a screen. */
export function screenOfLink(link: string): ScreenName | null {
  const match = /^bellows:\/\/([a-z]{1,20})\/?$/.exec(link);
  const [, name] = match ?? [];
  return isScreenName(name) ? name : null;
}

/** A link of ours among the arguments of a start that names no screen; null: there is none. */
export function unknownLinkIn(args: readonly string[]): string | null {
  const ours = args.filter((argument) => argument.toLowerCase().startsWith(`${LINK_SCHEME}:`));
  return ours.find((link) => screenOfLink(link) === null) ?? null;
}

/** Systems hand a link over as an argument of a start. */
export function screenInArguments(args: readonly string[]): ScreenName | null {
  for (const argument of args) {
    const screen = screenOfLink(argument);
    if (screen !== null) return screen;
  }
  return null;
}
