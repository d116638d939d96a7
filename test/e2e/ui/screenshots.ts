/** The sizes and lights every screen is looked at in, and where its pictures are kept for a person to open. */
import path from "node:path";
import type { Locator, Page, PageScreenshotOptions } from "playwright";
import { MINIMUM_SIZE } from "../../../src/main/window-state.ts";
import { REPOSITORY } from "./electron-app.ts";

const FOLDER = path.join(REPOSITORY, "test-results", "e2e");

export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 900, height: 600 };
/** No window of the app gets smaller. */
export const SMALLEST = MINIMUM_SIZE;

export interface Look {
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme: "dark" | "light";
}

/** Wide and narrow, dark and light: for `it.each`. */
export const LOOKS: readonly Look[] = [WIDE, NARROW].flatMap((viewport) =>
  (["dark", "light"] as const).map((colorScheme) => ({ viewport, colorScheme })),
);

/** As it ends the names of a look's pictures. */
export const lookName = ({ viewport, colorScheme }: Look): string => `${colorScheme}-${viewport.width}`;

/** As it stands when all that slides and fades has ended. `name`: that of the file, without its ending. */
export async function shoot(
  what: Page | Locator,
  name: string,
  options: Pick<PageScreenshotOptions, "fullPage"> = {},
): Promise<void> {
  await what.screenshot({ ...options, animations: "disabled", path: path.join(FOLDER, `${name}.png`) });
}
