/** Where the window was: kept in a small file, and only believed where a screen still is. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const WindowStateSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().positive().max(20_000),
  height: z.number().int().positive().max(20_000),
  maximised: z.boolean(),
});
export type WindowState = z.infer<typeof WindowStateSchema>;

export const MINIMUM_SIZE = { width: 760, height: 480 } as const;
const FIRST_SIZE = { width: 1280, height: 800 } as const;
/** This much of the title bar has to lie on a screen, or nobody could move the window back. */
const VISIBLE = { width: 120, height: 40 } as const;

export type Placement = Partial<Pick<Rectangle, "x" | "y">> & {
  width: number;
  height: number;
  maximised: boolean;
};

/** The remembered place if it still is one, else the first size in the middle of the first screen. */
export function placeWindow(remembered: WindowState | null, screens: readonly Rectangle[]): Placement {
  for (const screen of screens) {
    if (remembered === null) break;
    const fitted = fitTo(screen, remembered);
    if (canBeGrabbed(fitted, screen)) return { ...fitted, maximised: remembered.maximised };
  }
  const first = screens[0];
  return {
    width: Math.min(FIRST_SIZE.width, first?.width ?? FIRST_SIZE.width),
    height: Math.min(FIRST_SIZE.height, first?.height ?? FIRST_SIZE.height),
    maximised: remembered?.maximised ?? false,
  };
}

function fitTo(screen: Rectangle, { x, y, width, height }: Rectangle): Rectangle {
  return {
    x,
    y,
    width: Math.max(MINIMUM_SIZE.width, Math.min(width, screen.width)),
    height: Math.max(MINIMUM_SIZE.height, Math.min(height, screen.height)),
  };
}

function canBeGrabbed(window: Rectangle, screen: Rectangle): boolean {
  const across = Math.min(window.x + window.width, screen.x + screen.width) - Math.max(window.x, screen.x);
  const down = screen.y + screen.height - window.y;
  return across >= VISIBLE.width && down >= VISIBLE.height && window.y >= screen.y - VISIBLE.height;
}

/** null when there is none or it can't be understood: then the window opens as the first time. */
export function readWindowState(file: string): WindowState | null {
  try {
    const parsed = WindowStateSchema.safeParse(JSON.parse(fs.readFileSync(file, "utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Best effort: a window's place is not worth an error. */
export function writeWindowState(file: string, state: WindowState): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const next = `${file}.next`;
    fs.writeFileSync(next, `${JSON.stringify(state)}\n`);
    fs.renameSync(next, file);
  } catch {
    // A full or read-only disk: the next start opens the window where it was before.
  }
}
