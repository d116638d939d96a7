/**
 * How this program starts itself again, as the command line or as one of its parts. Under Node that is the same Node with
 * another entry. A packaged app has no Node: its Electron refuses to be one, or anybody could run code in the app's name.
 * There the app is started again with an argument that its main reads before any of Chromium begins (main/role.ts).
 */

import { ENGINE_NODE_OPTIONS, ENGINE_V8_OPTIONS } from "./engine-node.ts";

/** `app --part ENTRY …`: run that part, one of the app's own. */
export const PART_ARGUMENT = "--part";

/** `app --cli -- COMMAND …`: be the command line. Behind the two dashes Chromium takes nothing for itself. */
export const COMMAND_ARGUMENT = "--cli";

/** Chromium's own words: no page is ever opened there, so nothing needs its sandbox, its helpers or its complaints. */
export const WITHOUT_CHROMIUM: readonly string[] = ["--no-sandbox", "--no-zygote", "--log-level=3"];

/** A program and the arguments that stand before all others. */
export interface OwnProgram {
  readonly execPath: string;
  readonly execArgv: readonly string[];
}

/** What runs one of our entries: append the entry and its arguments. */
export function partProgram(): OwnProgram {
  const { execPath } = process;
  return { execPath, execArgv: isElectron() ? [...WITHOUT_CHROMIUM, PART_ARGUMENT] : [] };
}

/** What runs our command line, with what keeps an engine in it small: append the command's words. `cli`: its entry. */
export function commandProgram(cli: string): readonly [string, ...string[]] {
  const { execPath } = process;
  if (!isElectron()) return [execPath, ...ENGINE_NODE_OPTIONS, cli];
  return [execPath, ...WITHOUT_CHROMIUM, `--js-flags=${ENGINE_V8_OPTIONS.join(" ")}`, COMMAND_ARGUMENT, "--"];
}

/** Does an Electron run us, and no Node? */
export const isElectron = (): boolean => process.versions.electron !== undefined;
