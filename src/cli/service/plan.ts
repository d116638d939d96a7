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
}

export interface ServicePlan {
  /** Removed after `before` ran. */
  readonly remove: readonly string[];
  readonly before: readonly PlannedCommand[];
  readonly files: readonly PlannedFile[];
  readonly after: readonly PlannedCommand[];
  /** What the person does next, or should know. */
  readonly next: readonly string[];
}

/** How a command is typed, for a person to read or repeat. */
export function typed(command: readonly string[]): string {
  return command
    .map((word) => (/^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}
