/** What installing or removing a service does, as data: shown by --dry-run, carried out otherwise. */

export interface PlannedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** A person's own file: made when it is missing, never changed. */
  readonly keep: boolean;
}

export interface PlannedCommand {
  readonly command: readonly [string, ...string[]];
  /** Its failure ends the plan; else it is told and the plan goes on. */
  readonly needed: boolean;
  /** It lasts until the service has finished what it holds: no limit, and what happens meanwhile is told. */
  readonly waits?: true;
}

/** How the service is: asked while a step waits for it, and before its files are removed. */
export interface ServiceQuestion {
  readonly command: readonly [string, ...string[]];
  /** Of what it prints. `words`: how it is now; `rests`: nothing of it runs. */
  readonly read: (stdout: string) => { readonly words: string; readonly rests: boolean };
}

export interface ServicePlan {
  /** Removed after `before` ran. */
  readonly remove: readonly string[];
  readonly before: readonly PlannedCommand[];
  readonly files: readonly PlannedFile[];
  readonly after: readonly PlannedCommand[];
  /** Absent: there is nobody to ask, as in an image. */
  readonly service?: ServiceQuestion | undefined;
  /** What the person does next, or should know. */
  readonly next: readonly string[];
}

/** How a command is typed, for a person to read or repeat. */
export function typed(command: readonly string[]): string {
  return command
    .map((word) => (/^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}
