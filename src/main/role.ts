/**
 * What this start of the program is to be: the app, its command line, or one of its parts. Decided before any of Chromium
 * begins, because Electron waits for what main awaits at its top: so the two others need no display and no profile.
 */
import { COMMAND_ARGUMENT, PART_ARGUMENT } from "../host/own-program.ts";

export type Role =
  | { readonly kind: "app" }
  /** `args`: as typed behind `bellows`. */
  | { readonly kind: "command"; readonly args: readonly string[] }
  | { readonly kind: "part"; readonly entry: string; readonly args: readonly string[] }
  /** A file that is no part of the app: nothing is run. */
  | { readonly kind: "none" };

/** `bellows status` of an AppImage, or a question that no window answers. */
const COMMAND_WORD = /^([a-z][a-z-]*|--help|--version|-h|-v)$/;

/** `argv`: of the process, the program first. `parts`: the entries that may run as a process of their own. */
export function roleOf(argv: readonly string[], parts: readonly string[]): Role {
  const own = argv.slice(1);
  const command = own.indexOf(COMMAND_ARGUMENT);
  if (command >= 0) {
    const typed = own.slice(command + 1);
    return { kind: "command", args: typed[0] === "--" ? typed.slice(1) : typed };
  }
  const part = own.indexOf(PART_ARGUMENT);
  const entry = own[part + 1];
  if (part >= 0) {
    const isOurs = entry !== undefined && parts.includes(entry);
    return isOurs ? { kind: "part", entry, args: own.slice(part + 2) } : { kind: "none" };
  }
  // An AppImage's own start-up puts this before all else where the system has no sandbox for it.
  const typed = own[0] === "--no-sandbox" ? own.slice(1) : own;
  return COMMAND_WORD.test(typed[0] ?? "") ? { kind: "command", args: typed } : { kind: "app" };
}
